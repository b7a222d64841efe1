"""Servers as they are measured: two real ones, one of each kind, and what cannot be installed or started."""

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.errors import Failure
from scripts.history.rows import CaseCell
from scripts.others.listed import OtherServer, load_servers
from scripts.others.measure_server import NUMBERS, measure_server
from scripts.others.others_file import OtherRow
from scripts.probe.cases import load_cases
from scripts.process import CommandFailed

PROJECT = Path(__file__).resolve().parents[2]

CASES = load_cases(PROJECT)

SERVERS = {server.name: server for server in load_servers(PROJECT, CASES)}

INPUTS = "0" * 16


def measured(server: OtherServer, *cases: str, root: Path = PROJECT) -> OtherRow:
    """Measure a server in some cases."""
    return measure_server(root, server, [CASES[name] for name in cases], {}, INPUTS)


def pinning(folder: Path, text: str) -> OtherServer:
    """Return a server of an environment that a text pins."""
    lock = folder / "requirements.txt"
    lock.write_text(text)
    return replace(SERVERS["waitress"], python="3.11", lock=lock)


def test_a_server_with_the_bug_is_told_by_its_offsets() -> None:
    """The Sanic of February 2017 took each piece of a URL for a URL."""
    row = measured(SERVERS["sanic 0.4.1"], "misroute")
    assert row.versions["sanic"] == "0.4.1"
    assert row.proof == "receive-queue"
    cell = row.cases["misroute"]
    assert isinstance(cell, CaseCell)
    assert cell.misrouted or cell.dropped


def test_a_server_without_it_is_intact_in_each_case_that_it_is_asked() -> None:
    """What it is not asked stands there with the reason."""
    row = measured(SERVERS["waitress"], "misroute", "pipelined", "websocket")
    assert row.cases == {"misroute": "intact", "pipelined": "intact"}
    assert row.unasked == {"websocket": "WSGI has none"}
    assert row.versions.keys() == {"waitress"}
    assert row.python == "3.13"


def test_a_server_that_closes_behind_each_answer_cannot_be_told_in_pipelined() -> None:
    """The row says which of the requests got none, and is the same each time."""
    row = measured(SERVERS["gunicorn"], "pipelined")
    why = "no baseline: the whole request got no complete answer (request 2 of 2): closed"
    assert row.cases == {"pipelined": CaseCell(untold=why)}


def test_how_often_a_thing_came_and_went_is_no_part_of_the_reason() -> None:
    """It is another number each time."""
    text = "3 of 3,926 splits got one thing once and another thing later; of 1,200 whole requests 7 failed"
    assert NUMBERS.sub("some", text).startswith("some splits got one thing once")
    assert NUMBERS.sub("some", text).endswith("of some whole requests some failed")


def test_a_case_whose_control_failed_is_not_told() -> None:
    """It is not asked at all."""
    row = measure_server(PROJECT, SERVERS["waitress"], [CASES["misroute"]], {"misroute": "a control"}, INPUTS)
    assert row.cases == {"misroute": CaseCell(untold="a control did not come out as known")}


def test_a_server_that_does_not_start_has_its_last_error() -> None:
    """No case is measured."""
    row = measured(replace(SERVERS["waitress"], command="python bare_wsgi.py nothing {port}"), "misroute")
    assert (row.cases, row.reason) == ({}, "it cannot be started: KeyError: 'nothing'")


def test_a_server_of_another_package_is_not_measured() -> None:
    """What its row names must be what answers."""
    row = measured(replace(SERVERS["waitress"], answers=("tornado",)), "misroute")
    assert (row.cases, row.reason) == ({}, "it cannot be measured: tornado is not what answers")


def test_a_server_that_cannot_be_installed_has_the_reason(tmp_path: Path) -> None:
    """That is uv's, without what is this machine's own."""
    digest = "0" * 64
    server = pinning(tmp_path, f"nothing @ file://{tmp_path}/nothing-1-py3-none-any.whl --hash=sha256:{digest}\n")
    row = measured(server, "misroute", root=tmp_path)
    assert row.cases == {}
    assert row.reason.startswith("it cannot be installed: ")
    assert str(tmp_path) not in row.reason


def test_without_the_index_nothing_is_said_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run fails: a row would be taken for news about the server."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    server = pinning(tmp_path, f"waitress==3.0.2 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Failure) as refused:
        measured(server, "misroute", root=tmp_path)
    assert isinstance(refused.value, CommandFailed)

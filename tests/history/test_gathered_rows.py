"""Rows of the history that were measured elsewhere: taken in, or refused in a line."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from scripts.errors import Failure, WrongUse
from scripts.history.gathered_rows import compared_rows, gathered_rows, take_in
from scripts.history.kept import facts_of, write_rows
from scripts.history.rows import HISTORY_FILE, INTACT, HistoryRow, read_history
from scripts.probe.cases import of_request

CASE = replace(of_request(b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n"), name="one")

OTHER = replace(CASE, requests=(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n",))


def row(release: str, python: str = "3.8") -> HistoryRow:
    """Return a row."""
    day = dt.date(2020, 9, 30)
    return HistoryRow(release=release, uploaded=day, yanked=False, parser="h11", python=python, cases={"one": INTACT})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return what two jobs handed in, with a release each."""
    for number, release in enumerate(("0.12.1", "0.12.2")):
        write_rows(tmp_path / f"in/{number}/history", facts_of([CASE]), [row(release)])
    (tmp_path / "variants").mkdir()
    return tmp_path / "in"


def test_the_shares_of_several_jobs_are_taken_in_together(folder: Path) -> None:
    """What is committed of other releases stays; a second time nothing changes."""
    root = folder.parent
    take_in(root, {"0.12.0": [row("0.12.0")]}, [CASE])
    rows = gathered_rows(folder, [CASE])
    assert take_in(root, rows, [CASE])
    history = read_history(root)
    assert history
    assert [each.release for each in history.rows] == ["0.12.0", "0.12.1", "0.12.2"]
    assert not take_in(root, rows, [CASE])
    assert compared_rows(root, rows, [CASE]) == []


def test_a_part_is_refused_where_the_rest_was_measured_with_other_cases(folder: Path) -> None:
    """Its rows would be lost: what is committed stays."""
    root = folder.parent
    take_in(root, {"0.12.0": [row("0.12.0")]}, [OTHER])
    before = (root / HISTORY_FILE).read_bytes()
    with pytest.raises(WrongUse, match=r"with other cases than these\. Measure all of it: make history"):
        take_in(root, gathered_rows(folder, [CASE]), [CASE])
    assert (root / HISTORY_FILE).read_bytes() == before
    assert take_in(root, {"0.12.0": [row("0.12.0")]}, [CASE])


def test_a_row_that_differs_from_the_committed_one_is_told(folder: Path) -> None:
    """With both."""
    take_in(folder.parent, {name: [row(name)] for name in ("0.12.1", "0.12.2")}, [CASE])
    (line,) = compared_rows(folder.parent, {"0.12.2": [row("0.12.2", "3.9")]}, [CASE])
    assert line.startswith("0.12.2 h11: Python 3.8")


def test_two_that_contradict_each_other_are_refused(folder: Path) -> None:
    """Both files are named."""
    write_rows(folder / "again/history", facts_of([CASE]), [row("0.12.1", "3.9")])
    with pytest.raises(Failure, match=r"two measurements of uvicorn 0\.12\.1 contradict.*0/history.*again/history"):
        gathered_rows(folder, [CASE])


def test_rows_of_other_cases_are_refused(folder: Path) -> None:
    """The jobs had another checkout."""
    with pytest.raises(WrongUse, match="was measured with other cases"):
        gathered_rows(folder, [OTHER])


@pytest.mark.parametrize("content", [b"", b'{"format": 7}', b'{"format": 1, "cases": {}, "rows": []}'])
def test_a_file_that_no_run_writes_is_refused(folder: Path, content: bytes) -> None:
    """It is named."""
    path = folder / "0/history/0.12.1.json"
    path.write_bytes(content)
    with pytest.raises(WrongUse) as failure:
        gathered_rows(folder, [CASE])
    assert failure.value.message.startswith(f"{path} is wrong")


def test_a_file_of_another_release_is_refused(folder: Path) -> None:
    """Its name and its rows must agree."""
    (folder / "0/history/0.12.1.json").rename(folder / "0/history/0.12.9.json")
    with pytest.raises(WrongUse, match=r"it is not of uvicorn 0\.12\.9 alone"):
        gathered_rows(folder, [CASE])


def test_a_link_is_refused(folder: Path) -> None:
    """It may lead anywhere."""
    path = folder / "0/history/0.12.1.json"
    path.rename(folder / "elsewhere.json")
    path.symlink_to(folder / "elsewhere.json")
    with pytest.raises(WrongUse, match="a link leads to it"):
        gathered_rows(folder, [CASE])


def test_a_row_without_its_cases_is_refused(folder: Path) -> None:
    """The history would be less than it was."""
    less = msgspec.structs.replace(row("0.12.1"), cases={}, reason="it was cancelled", python="")
    write_rows(folder / "0/history", {}, [less])
    with pytest.raises(WrongUse, match="with other cases"):
        gathered_rows(folder, [CASE])

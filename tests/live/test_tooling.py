"""The tooling's side of the live page: what its commands tell, a line of JSON each."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.live.facts import facts
from scripts.live.probing import probe_cases
from scripts.matrix import load
from scripts.probe.cases import load_cases
from scripts.probe.controls import Handling, running
from scripts.probe.endpoint import Endpoint

PROJECT = Path(__file__).resolve().parents[2]

TREE = "0" * 40
"""A tree that nothing was built of."""


@pytest.fixture(scope="module")
def server() -> Iterator[Endpoint]:
    """Serve as old uvicorns did."""
    with running(Handling.PIECEWISE) as control:
        yield Endpoint(*control.address)


def tell(*args: str, stdin: bytes = b"") -> tuple[int, list[dict[str, object]]]:
    """Run a command; return its exit code, and what it told."""
    command = [sys.executable, "-m", "scripts.live", *args]
    done = subprocess.run(command, cwd=PROJECT, input=stdin, capture_output=True, check=False)
    assert done.stderr == b""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_each_variant_has_its_verdict_in_words() -> None:
    """As the README's table has them."""
    variants = facts(PROJECT)["variants"]
    assert isinstance(variants, dict)
    assert list(variants) == [variant.name for variant in load(PROJECT).variants]
    assert variants["v0.12.1"]["has_issue"] is True
    assert variants["v0.12.1"]["verdict"].startswith("Yes. Misrouted: misroute (8 of 73 splits)")


def test_outcomes_are_told_before_the_end_and_add_up(server: Endpoint) -> None:
    """What was seen on the way covers the offsets; at the end stands what the probe found."""
    told: list[dict[str, object]] = []
    probe_cases(PROJECT, (server.host, server.port), "httptools", "form", told.append)
    size = len(load_cases(PROJECT)["form"].data)
    assert told[0] == {"cases": [{"name": "form", "bytes": size}]}
    seen = [news["seen"] for news in told if "seen" in news]
    assert len(seen) >= 2
    offsets = [
        offset
        for batch in seen
        for runs in batch.values()  # type: ignore[attr-defined]
        for first, last in runs
        for offset in range(first, last + 1)
    ]
    assert sorted(offsets) == list(range(1, size))
    assert told[-1]["counts"] == {"intact": 25, "dropped": 3901}
    assert told[-1]["found"] == {"intact": [(1, 4), (3906, 3926)], "dropped": [(5, 3905)]}


def test_a_server_that_is_not_there_is_one_line() -> None:
    """The case that could not be measured, and why."""
    code, told = tell("probe", "127.0.0.1", "1", "httptools", "misroute")
    assert (code, told[-1]["case"]) == (0, "misroute")
    assert "Connection refused" in str(told[-1]["failed"])


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["probe", "127.0.0.1", "1", "httptools", "missroute"], "unknown case 'missroute'. Did you mean misroute?"),
        (["steps", "../../etc", "1"], "'../../etc' is no id of a git tree"),
        (["nonsense"], "facts, probe or steps"),
        (["probe", "127.0.0.1", "http", "httptools"], "'http' is no number from 1 to 65535"),
        (["probe", "127.0.0.1", "65536", "httptools"], "'65536' is no number from 1 to 65535"),
        (["steps", TREE, "0"], "'0' is no number from 1 to 2097152"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_a_line_too(args: list[str], said: str) -> None:
    """With the exit code of wrong use."""
    assert tell(*args) == (2, [{"error": said}])


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"{", "Input data was truncated"),
        (b"\xff", "malformed"),
        (b'{"head": "GET / HTTP/1.1", "offsets": [5, 3]}', "offsets must ascend"),
        (b'{"head": "GET / HTTP/1.1", "offsets": [99]}', "offsets must ascend"),
        (b'{"head": "", "offsets": []}', "offsets must ascend"),
        ('{"head": "\u20ac", "offsets": []}'.encode(), "'latin-1' codec can't encode character"),
    ],
)
def test_segments_that_are_none_are_wrong_use(sent: bytes, said: str) -> None:
    """As a line, like all that is wrong."""
    code, told = tell("steps", TREE, "1", stdin=sent)
    assert code == 2
    assert str(told[0]["error"]).startswith("standard input is wrong: ")
    assert said in str(told[0]["error"])

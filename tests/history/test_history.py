"""`make history` with real releases from the real index, and with an index that goes away."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.history import measure_history as measuring
from scripts.history.kept import facts_of
from scripts.history.measure_release import VARIES, measure_release
from scripts.history.rows import CaseCell, HistoryRow, parse
from scripts.pins.index import Release, releases
from scripts.probe.cases import Case, load_cases
from tests.pins.fake_index import send, serving

PROJECT = Path(__file__).resolve().parents[2]

BEFORE, BEHIND = "0.17.4", "0.17.5"
"""The last release with the bug, and the first without."""


@pytest.fixture(scope="module")
def listed() -> list[Release]:
    """Return the two releases, as the index lists them."""
    return [release for release in releases("uvicorn") if str(release.version) in {BEFORE, BEHIND}]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a checkout with nothing but two short cases in it."""
    text = (PROJECT / "common/cases.toml").read_text()
    _, heading, rest = text.partition("[misroute]")
    (tmp_path / "common").mkdir()
    form = '[form]\nshows = "A short one."\nrequests = ["GET /view?a=1 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"]\n'
    (tmp_path / "common/cases.toml").write_text(form + heading + rest.partition("\n[")[0] + "\n")
    (tmp_path / "variants").mkdir()
    return tmp_path


def cases(root: Path) -> list[Case]:
    """Return the cases of a checkout."""
    return list(load_cases(root).values())


def run(root: Path, listed: Sequence[Release]) -> tuple[measuring.HistoryRun, list[HistoryRow]]:
    """Measure what is missing, and write it."""
    plan = measuring.plan(root, cases(root), listed, listed)
    said: list[HistoryRow] = []
    measuring.measure(plan, screen.progress, said=said.append)
    measuring.write(plan)
    return plan, said


def test_the_last_release_with_the_bug_and_the_first_without(root: Path, listed: list[Release]) -> None:
    """Both parsers of both; measured again the file is the same, byte for byte, and then there is nothing to do."""
    run(root, listed)
    file = root / "variants/history.json"
    first = file.read_bytes()
    found = {(row.release, row.parser): row for row in parse(first).rows}
    assert set(found) == {(name, parser) for name in (BEFORE, BEHIND) for parser in ("h11", "httptools")}
    assert found[BEFORE, "httptools"].cases["misroute"] != "intact"
    assert found[BEFORE, "httptools"].versions["httptools"] == "0.3.0"
    assert {row.cases["misroute"] for key, row in found.items() if key != (BEFORE, "httptools")} == {"intact"}
    file.unlink()
    plan = measuring.plan(root, cases(root), listed, listed)
    plan.desk.clear()
    run(root, listed)
    assert file.read_bytes() == first
    assert not measuring.plan(root, cases(root), listed, listed).todo


def test_a_release_whose_splits_come_and_go_has_the_same_row_each_time(tmp_path: Path) -> None:
    """0.17.1 lets segments overtake one another: a failure that is certain is told, and no case is called intact."""
    listed = [release for release in releases("uvicorn") if str(release.version) == "0.17.1"]
    long = Case("long", (b"GET /view?%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a=1&" * 250),))
    chosen = [long, load_cases(PROJECT)["http10"]]
    found = {row.parser: row for row in measure_release(listed[0], chosen, tmp_path / "place", void={})}
    assert found["h11"].cases == {"long": VARIES, "http10": VARIES}
    assert found["httptools"].cases == {
        "long": CaseCell(dropped=((5, 1010),)),
        "http10": CaseCell(dropped=((5, 26), (28, 33)), misrouted=((27, 27),)),
    }


def test_an_index_that_goes_away_leaves_what_is_measured(
    root: Path, listed: list[Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is said, and is what the next run measures; no release is said to be not installable."""
    run(root, listed[:1])
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with serving(lambda handler, _: send(handler, b"", "text/plain", 503)) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"{address}/simple")
        with pytest.raises(Failure, match=r"0\.17\.5: the package index is not within reach\. 0 measured and kept, 1"):
            run(root, listed)
    plan = measuring.plan(root, cases(root), listed, listed)
    assert [str(release.version) for release in plan.todo] == [BEHIND]


@pytest.fixture
def killed(root: Path) -> None:
    """Kill a run when its first release is measured."""
    program = f"""
from pathlib import Path
from tests.history.test_history import run
from scripts.pins.index import releases
root = Path({str(root)!r})
listed = [each for each in releases("uvicorn") if str(each.version) in ("0.17.3", "0.17.4", "0.17.5")]
import tests.history.test_history as its
from scripts.history import measure_history as measuring
from scripts import screen
plan = measuring.plan(root, its.cases(root), listed, listed)
measuring.measure(plan, screen.progress, step=lambda: print("done", flush=True))
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, process_group=0
    ) as running:
        assert running.stdout
        assert running.stdout.readline()
        os.kill(running.pid, signal.SIGKILL)


@pytest.mark.usefixtures("killed")
def test_a_killed_run_is_gone_on_with(root: Path, listed: list[Release]) -> None:
    """What it had measured is there, and its workers are no more."""
    plan = measuring.plan(root, cases(root), listed, listed)
    kept = plan.desk.rows(facts_of(plan.cases))
    assert kept
    run(root, listed)
    rows = parse((root / "variants/history.json").read_bytes()).rows
    assert {row.release for row in rows} >= {BEFORE, BEHIND}


def test_an_unknown_release_is_refused_with_the_nearest(listed: list[Release]) -> None:
    """A leading v is no mistake."""
    assert measuring.select(listed, "v0.17.4") == listed[:1]
    with pytest.raises(WrongUse, match=r"lists no uvicorn 0\.17\.45\. Did you mean 0\.17\.[45]\?"):
        measuring.select(listed, "0.17.45")


def test_a_row_that_differs_is_told_with_both(root: Path, listed: list[Release]) -> None:
    """Of the cases that were measured again alone."""
    del root, listed
    one = HistoryRow(release="0.17.4", uploaded=None, yanked=False, parser="h11", python="3.10", cases={"a": "intact"})
    other = HistoryRow(release="0.17.4", uploaded=None, yanked=False, parser="h11", reason="it hangs")
    assert measuring.differences([one], [one], ["a"]) == []
    turned = {"wsproto": "1", "h11": "2"}
    in_order, in_another = (
        msgspec.structs.replace(one, versions=dict(each)) for each in (turned.items(), reversed(turned.items()))
    )
    assert measuring.differences([in_order], [in_another], ["a"]) == []
    (line,) = measuring.differences([one], [other], ["a"])
    assert line.startswith("0.17.4 h11: Python 3.10")
    assert line.endswith("it hangs")

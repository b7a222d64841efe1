"""Work that is spread over machines: shares of the variants, and verdicts that come back from them."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import WrongUse
from scripts.matrix import Shard
from tests.whole.conftest import Clone

VERDICT = Path("v0.12.1/verdict.json")


@given(st.lists(st.integers()), st.integers(1, 60))
def test_shares_are_even_and_hold_each_thing_once(things: list[int], count: int) -> None:
    """All shares together are all there is, in order, and no two sizes differ by more than one."""
    shares = [Shard.parse(f"{number}/{count}").of(range(len(things))) for number in range(1, count + 1)]
    assert sorted(index for share in shares for index in share) == list(range(len(things)))
    assert all(list(share) == sorted(share) for share in shares)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/0", "-1/3", "1/3/5", "1 / 3", "a/b", "1/3\n"])
def test_a_share_that_cannot_be_is_refused(text: str) -> None:
    """Numbers from 1 to the count, and nothing else."""
    with pytest.raises(WrongUse, match="is no share"):
        Shard.parse(text)


def test_the_shares_of_the_matrix_are_the_matrix(clone: Clone) -> None:
    """Each variant is in one share's JSON, with what its job needs."""
    everything = json.loads(clone.done("matrix", JSON="1"))
    shares = [json.loads(clone.done("matrix", "--json", "--shard", f"{number}/4")) for number in range(1, 5)]
    assert sorted(row["variant"] for share in shares for row in share) == sorted(row["variant"] for row in everything)
    (row,) = (row for row in everything if row["variant"] == "v0.12.1")
    assert row["branch"] == "quart-uvicorn-v0.12.1"
    assert row.keys() == {"variant", "branch", "uvicorn", "runtime", "python", "stack"}
    assert clone.done("matrix").count("\n") == len(everything)


def test_a_share_may_be_empty(clone: Clone) -> None:
    """More machines than variants is no mistake; the last ones have nothing to do."""
    assert json.loads(clone.done("matrix", "--json", SHARD="999/999")) == []
    assert json.loads(clone.done("verify", "--json", SHARD="999/999")) == {}


@pytest.fixture
def artifacts(clone: Clone, tmp_path: Path) -> Path:
    """Return a folder with the committed verdicts as several jobs hand them in, each in a folder of its own."""
    folder = tmp_path / "from the jobs"
    for file in (clone.root / "variants").glob("*/verdict.json"):
        place = folder / f"verdict-of-{file.parent.name}/variants/{file.parent.name}"
        place.mkdir(parents=True)
        shutil.copy(file, place)
    return folder


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that a file has."""
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def of(artifacts: Path, variant: str = "v0.12.1") -> Path:
    """Return one variant's verdict among the artifacts."""
    return artifacts / f"verdict-of-{variant}/variants/{variant}/verdict.json"


def test_verdicts_as_committed_pass_and_change_nothing(clone: Clone, artifacts: Path, tmp_path: Path) -> None:
    """The table has a row for each variant, and goes to the summary as well."""
    edit(of(artifacts), '"proof": "receive-queue"', '"proof": "barrier"')
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", "utf-8")
    table = clone.done("gather", FROM=str(artifacts), CHECK="1", SUMMARY=str(summary))
    assert table.count("as committed |") == len(list(artifacts.iterdir()))
    assert "| v0.12.1 | Yes. Misrouted: misroute (8 of 73 splits), post" in table
    assert "In one segment: pipelined hung. | as committed |" in table
    assert summary.read_text("utf-8") == f"before\n{table}\n"
    clone.done("gather", FROM=str(artifacts))
    assert clone.run("git", "status", "--porcelain").stdout == ""


def test_a_verdict_that_differs_fails_the_comparison(clone: Clone, artifacts: Path) -> None:
    """The table marks it, a line says what differs, and the committed one stays."""
    edit(of(artifacts), '"failed": 5', '"failed": 4')
    finished = clone.verb("gather", FROM=str(artifacts), CHECK="1")
    assert finished.returncode == 1
    assert "pipelined hung. | **differs** in 1 place |" in finished.stdout
    assert "v0.12.1: router.failed: 5 → 4" in finished.stderr
    assert clone.run("git", "status", "--porcelain").stdout == ""


def test_a_variant_that_was_not_measured_fails_the_comparison(clone: Clone, artifacts: Path) -> None:
    """A job that failed leaves no verdict behind, and must not pass for one."""
    shutil.rmtree(artifacts / "verdict-of-patched")
    finished = clone.verb("gather", FROM=str(artifacts), CHECK="1")
    assert finished.returncode == 1
    assert "| patched |  | not measured |" in finished.stdout
    assert "variants were not measured: patched" in finished.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"dropped": 40', '"dropped": "many"', "is wrong: Expected `int`, got `str`"),
        ('"hung": 0', '"unheard_of": 0', "is wrong: Invalid enum value 'unheard_of'"),
        ('"hung": []', '"intact": []', "must have a count and its offsets"),
        ('"uvicorn": "0.12.1"', '"uvicorn": "0.54.0"', "is no verdict on v0.12.1: uvicorn 0.54.0 with httptools, not"),
        ("{", "", "is wrong: "),
    ],
)
def test_a_broken_verdict_is_refused(clone: Clone, artifacts: Path, old: str, new: str, message: str) -> None:
    """One line names the file; none of the others is taken in either."""
    (clone.root / "variants/patched/verdict.json").unlink()
    edit(of(artifacts), old, new)
    finished = clone.verb("gather", FROM=str(artifacts))
    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert message in line
    assert "v0.12.1/verdict.json" in line
    assert not (clone.root / "variants/patched/verdict.json").exists()
    clone.run("git", "checkout", "--quiet", "--", "variants")


def test_two_verdicts_that_contradict_each_other_are_refused(clone: Clone, artifacts: Path) -> None:
    """The same evidence twice is fine; other evidence is not, and the line names both files."""
    twice = artifacts / "again/v0.12.1/verdict.json"
    twice.parent.mkdir(parents=True)
    shutil.copy(of(artifacts), twice)
    clone.done("gather", FROM=str(artifacts), CHECK="1")
    edit(twice, '"failed": 5', '"failed": 4')
    finished = clone.verb("gather", FROM=str(artifacts), CHECK="1")
    assert finished.returncode == 1
    (line,) = finished.stderr.splitlines()
    assert "two verdicts on v0.12.1 contradict each other" in line
    assert str(twice) in line
    assert str(of(artifacts)) in line


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [("v0.12.9", 2, "is of the unknown variant 'v0.12.9'. Did you mean v0.12."), ("", 1, "there is no verdict.json")],
)
def test_a_folder_without_good_verdicts_is_refused(
    clone: Clone, tmp_path: Path, name: str, code: int, message: str
) -> None:
    """A variant that is not here, or nothing at all."""
    if name:
        (tmp_path / name).mkdir()
        shutil.copy(clone.root / "variants" / VERDICT, tmp_path / name)
    finished = clone.verb("gather", FROM=str(tmp_path))
    assert finished.returncode == code
    assert message in finished.stderr

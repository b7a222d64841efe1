"""Verdicts from elsewhere may hold anything: what no measurement gives is refused in a line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.errors import WrongUse
from scripts.matrix import Matrix, load
from scripts.verdicts.gather import LARGEST, gathered

PROJECT = Path(__file__).resolve().parents[2]
NAME = "v0.12.1"


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """Read the project's own matrix."""
    return load(PROJECT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a verdict that was handed in."""
    place = tmp_path / "from the jobs" / NAME / "verdict.json"
    place.parent.mkdir(parents=True)
    shutil.copy(PROJECT / "variants" / NAME / "verdict.json", place)
    return place


def refusal(matrix: Matrix, file: Path) -> str:
    """Return the line with which the folder of a verdict is refused."""
    with pytest.raises(WrongUse) as failure:
        gathered(matrix, file.parents[1])
    assert str(file) in failure.value.message
    return failure.value.message


def test_a_verdict_as_it_was_measured_is_taken(matrix: Matrix, file: Path) -> None:
    """The committed one is such."""
    assert gathered(matrix, file.parents[1]).keys() == {matrix.one(NAME)}


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda form: form["outcomes"].update(intact=-1, dropped=form["outcomes"]["dropped"] + 1), "-1 splits"),
        (lambda form: form["outcomes"].update(intact=10**9), "1000000000 splits are intact, and the offsets name"),
        (lambda form: form.update(bytes=10), "those of 10 bytes do not"),
        (lambda form: form.update(bytes=-5), "those of -5 bytes do not"),
        (lambda form: form["offsets"]["hung"].append([4000, 4009]) or form["outcomes"].update(hung=10), "4000 to 4009"),
        (lambda form: form["offsets"]["hung"].append([1, 2]) or form["outcomes"].update(hung=2), "do not follow"),
        (lambda form: form["offsets"]["hung"].append([9, 8]), "do not follow"),
        (lambda form: form["offsets"]["hung"].append([-3, -2]) or form["outcomes"].update(hung=2), "do not follow"),
    ],
    ids=["negative", "huge", "short head", "negative head", "outside", "twice", "backwards", "below"],
)
def test_counts_and_offsets_that_cannot_be_are_refused(matrix: Matrix, file: Path, change: Change, said: str) -> None:
    """Each offset of the head has one outcome, and each count is that of its offsets."""
    verdict = json.loads(file.read_text("utf-8"))
    change(verdict["cases"]["form"])
    file.write_text(json.dumps(verdict), encoding="utf-8")
    message = refusal(matrix, file)
    assert said in message
    assert "$.cases" in message


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("has_issue", False, "has_issue is False, and not every split is intact"),
        ("router", {"submissions": 5, "failed": 6, "segment_bytes": 1460}, "6 of 5 submissions"),
        ("router", {"submissions": 5, "failed": -1, "segment_bytes": 1460}, "-1 of 5 submissions"),
    ],
)
def test_an_answer_that_its_evidence_contradicts_is_refused(
    matrix: Matrix, file: Path, part: str, value: object, said: str
) -> None:
    """Nobody could have measured it."""
    verdict = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**verdict, part: value}), encoding="utf-8")
    assert said in refusal(matrix, file)


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b'{"format": "\xff"}', b"", b"[" * 100_000, b"null"])
def test_what_is_no_json_in_utf_8_is_refused(matrix: Matrix, file: Path, content: bytes) -> None:
    """Whatever it is instead."""
    file.write_bytes(content)
    assert f"{file} is wrong" in refusal(matrix, file)


def test_a_huge_file_is_not_read(matrix: Matrix, file: Path) -> None:
    """Its first bytes show that it is no verdict."""
    with file.open("r+b") as huge:
        huge.truncate(10 * LARGEST)
    assert "is too large" in refusal(matrix, file)


def test_a_link_is_not_followed(matrix: Matrix, file: Path) -> None:
    """It could show a file of this machine to whoever reads the summary."""
    file.rename(file.parents[2] / "elsewhere.json")
    file.symlink_to(file.parents[2] / "elsewhere.json")
    assert "a link leads to it" in refusal(matrix, file)


def test_a_folder_in_place_of_the_file_is_refused(matrix: Matrix, file: Path) -> None:
    """As what makes archives may leave it."""
    file.unlink()
    file.mkdir()
    assert "is no file" in refusal(matrix, file)

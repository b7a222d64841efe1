"""The committed recording: what the instrument says, against what the probe measured from outside."""

import shutil
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from scripts.matrix import Matrix, load
from scripts.probe import cases
from scripts.probe.answers import Outcome
from scripts.probe.cases import load_cases
from scripts.probe.offsets import ranges
from scripts.recorder.record import CASES, FILE, VARIANTS, read_recording, record, stale
from scripts.recorder.recording import Kind, Part, Recording, Step, encode, unfolded
from scripts.verdicts.verdict_file import read_verdict

PROJECT = Path(__file__).resolve().parents[2]

EACH = pytest.mark.parametrize(("variant", "case"), [(variant, case) for variant in VARIANTS for case in CASES])


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """Return the matrix of this checkout."""
    return load(PROJECT)


@pytest.fixture(scope="module")
def committed() -> Recording:
    """Return the committed recording."""
    return read_recording(PROJECT)


def test_recording_again_gives_the_same_bytes(matrix: Matrix) -> None:
    """The real releases, run now, take just the steps that the committed file has."""
    assert encode(record(matrix)) == (PROJECT / FILE).read_bytes()


def test_the_cases_are_those_of_the_probe(committed: Recording) -> None:
    """Byte for byte."""
    known = load_cases(PROJECT)
    assert committed.cases == {name: known[name].data.decode() for name in known if name in CASES}


def stale_copy(matrix: Matrix, folder: Path, old: bytes, new: bytes) -> list[str]:
    """Return why the recording is stale in a checkout whose recording has `new` in place of `old`."""
    place = folder / FILE
    place.parent.mkdir(parents=True)
    content = (PROJECT / FILE).read_bytes()
    assert old in content
    place.write_bytes(content.replace(old, new))
    shutil.copy(PROJECT / cases.FILE, folder / cases.FILE)
    return list(stale(replace(matrix, root=folder)))


def test_a_recording_of_what_is_pinned_now_is_not_stale(matrix: Matrix, tmp_path: Path) -> None:
    """Then there is nothing to mend."""
    assert stale_copy(matrix, tmp_path, b"", b"") == []


def test_a_recording_of_another_case_is_stale(matrix: Matrix, tmp_path: Path) -> None:
    """The bytes are other ones: it shows what nobody sends any more."""
    assert stale_copy(matrix, tmp_path, b'"GET /vi%65w', b'"GET /vi%75w') == ["the case percent is another one now"]


def test_a_recording_of_another_parser_is_stale(matrix: Matrix, tmp_path: Path) -> None:
    """The variants pin another httptools than the one that was recorded."""
    found = stale_copy(matrix, tmp_path, b'"httptools": "0.3.0"', b'"httptools": "0.2.0"')
    assert found == ["it has not what v0.17.4 pins", "it has not what v0.17.5 pins"]


@EACH
def test_each_outcome_is_the_verdicts(matrix: Matrix, committed: Recording, variant: str, case: str) -> None:
    """What the steps came to, offset by offset, is what a real server did over real sockets."""
    verdict = read_verdict(matrix.one(variant))
    assert verdict
    split = unfolded(committed.sides[variant].cases[case])[1:]
    found = {outcome: ranges(each.offset for each in split if each.outcome is outcome) for outcome in Outcome}
    assert found == verdict.cases[case].offsets


@EACH
def test_the_server_reads_every_byte_once(committed: Recording, variant: str, case: str) -> None:
    """Segment 1 ends and segment 2 begins at the offset."""
    length = len(committed.cases[case])
    for trial in unfolded(committed.sides[variant].cases[case])[1:]:
        read = [step.values for step in trial.steps if step.kind is Kind.READ]
        assert read == [(((0, trial.offset),),), (((trial.offset, length),),)]


@EACH
def test_a_misroute_is_seen_in_what_the_app_was_told(committed: Recording, variant: str, case: str) -> None:
    """The app is told another path or query than that of the whole request just where the outcome is misrouted."""
    whole, *split = unfolded(committed.sides[variant].cases[case])
    data = committed.cases[case]
    for trial in split:
        told, all_told = scopes(data, trial.steps), scopes(data, whole.steps)
        assert (told != all_told[: len(told)]) == (trial.outcome is Outcome.MISROUTED), trial.offset


def scopes(data: str, steps: tuple[Step, ...]) -> list[tuple[str, str]]:
    """Return what apps were told, in its order."""
    return [(step.name, text(data, chain(*step.values))) for step in steps if step.kind is Kind.SCOPE]


def text(data: str, parts: "chain[Part]") -> str:
    """Return a value as it was."""
    return "".join(part if isinstance(part, str) else data[part[0] : part[1]] for part in parts)

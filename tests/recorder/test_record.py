"""The committed recording: what the instrument says, against what the probe measured from outside."""

from itertools import chain
from pathlib import Path

import pytest

from scripts.matrix import Matrix, load
from scripts.probe.answers import Outcome
from scripts.probe.cases import load_cases
from scripts.recorder.record import CASES, FILE, VARIANTS, read_recording, record
from scripts.recorder.recording import Kind, Part, Recording, Step, encode, unfolded
from scripts.verdicts.verdict_file import read_verdict
from scripts.wire.splitting import ranges

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
    cases = load_cases(PROJECT)
    assert committed.cases == {name: cases[name].data.decode() for name in cases if name in CASES}


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

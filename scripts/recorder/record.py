"""Recording: the variants' own uvicorn and httptools run over every offset of some cases, in their own environments."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from scripts.errors import Failure
from scripts.matrix import Matrix, Variant
from scripts.pins.environments import ready_environment
from scripts.pins.lockfile import versions
from scripts.probe.cases import Case, load_cases
from scripts.probe.offsets import every_offset
from scripts.process import run
from scripts.recorder.judged import judged
from scripts.recorder.recording import CaseRecording, OffsetSteps, Recording, Side, encode, folded
from scripts.recorder.spans import RawStep, placed
from scripts.records import read_if_there, read_record

FILE = "common/site/wire.json"

VARIANTS = ("v0.17.4", "v0.17.5")
"""The last release with the issue, and the first one without: side by side they show what the change changed."""

CASES = ("misroute", "post", "websocket", "pipelined", "percent")
"""Cases short enough to be looked at byte by byte."""

INSTRUMENTED = Path(__file__).with_name("instrumented.py")

AGAIN = "Record again: make wire"


class Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the instrumented release wrote down."""

    uvicorn: str
    httptools: str
    trials: list[list[RawStep]]


def read_recording(root: Path) -> Recording:
    """Return the committed recording; WrongUse where it is missing or wrong."""
    return read_record(root / FILE, Recording, do=AGAIN)


def record(matrix: Matrix) -> Recording:
    """Return a new recording: the same each time, while the pins and the cases are the same."""
    cases = {name: case for name, case in load_cases(matrix.root).items() if name in CASES}
    sides = {name: _side(matrix, matrix.one(name), cases) for name in VARIANTS}
    return Recording(1, {name: case.data.decode("ascii") for name, case in cases.items()}, sides)


def stale(matrix: Matrix) -> Iterator[str]:
    """Yield why the committed recording is to be made again: there is none, or the cases or the pins are others now."""
    recording = read_if_there(matrix.root / FILE, Recording, do=AGAIN)
    if recording is None:
        yield "it is missing"
        return
    yield from stale_cases(recording, load_cases(matrix.root))
    for variant in matrix.variants:
        if variant.name in VARIANTS:
            pinned = versions((variant.folder / "requirements.txt").read_text("utf-8"))
            side = recording.sides.get(variant.name)
            if not side or [str(pinned[name]) for name in ("uvicorn", "httptools")] != [side.uvicorn, side.httptools]:
                yield f"it has not what {variant.name} pins"


def stale_cases(recording: Recording, cases: Mapping[str, Case]) -> Iterator[str]:
    """Yield a line for each case of a recording that is another one now, or none any more."""
    for name, data in recording.cases.items():
        if name not in cases or cases[name].data != data.encode():
            yield f"the case {name} is another one now"


def differences(committed: bytes, recorded: Recording) -> list[str]:
    """Return the lines that differ between the committed file and a new recording, by their numbers."""
    old, new = committed.splitlines(), encode(recorded).splitlines()
    lines = range(max(len(old), len(new)))
    return [f"line {each + 1}" for each in lines if old[each : each + 1] != new[each : each + 1]]


def _side(matrix: Matrix, variant: Variant, cases: dict[str, Case]) -> Side:
    """Return what a variant's release makes of the cases."""
    trials = {name: _trials(case) for name, case in cases.items()}
    venv = ready_environment(
        matrix.root / ".local/environments", variant.runtime.python, variant.folder / "requirements.txt"
    )
    given = [[segment.decode("ascii") for segment in trial] for each in trials.values() for trial in each]
    done = run(
        [venv / "bin/python", "-I", INSTRUMENTED],
        stdin=msgspec.json.encode(given),
        what=f"{variant.name} could not be recorded",
    )
    recorded = msgspec.json.decode(done.stdout, type=Recorded)
    if recorded.uvicorn != str(variant.version):
        raise Failure(f"{variant.name} could not be recorded", found=f"its environment has uvicorn {recorded.uvicorn}")
    steps = iter(recorded.trials)
    recordings = {name: _folded(cases[name], [next(steps) for _ in each]) for name, each in trials.items()}
    return Side(recorded.uvicorn, recorded.httptools, recordings)


def _trials(case: Case) -> list[tuple[bytes, ...]]:
    """Return the segments of each trial: the requests whole, then the case split at every offset."""
    return [case.requests, *((case.data[:offset], case.data[offset:]) for offset in every_offset(case.data))]


def _folded(case: Case, trials: list[list[RawStep]]) -> CaseRecording:
    """Return the recording of a case's trials."""
    data = case.data.decode("ascii")
    outcomes = judged(case, trials)
    return folded(
        [
            OffsetSteps(offset, outcome, placed(data, steps))
            for offset, (outcome, steps) in enumerate(zip(outcomes, trials, strict=True))
        ]
    )

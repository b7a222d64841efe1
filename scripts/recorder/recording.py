"""A recording: what each release made of each case, offset by offset, as common/site/wire.json holds it. Pure.

Offsets in a row whose steps differ in nothing but the offset itself are kept once, as a run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from scripts.probe.answers import Outcome
from scripts.probe.offsets import Range

OFFSET = -1
"""Stands for the offset in a span."""

Span = tuple[int, int]
"""Bytes of the case, as a slice has them; either end may be OFFSET."""

Part = str | Span
"""A value, or a piece of one: bytes of the case by their place, all else as text, bytes as Latin-1 has them."""


class Kind(StrEnum):
    """What a step is."""

    READ = "read"
    """The protocol got a segment."""
    CALL = "call"
    """The parser called the protocol back."""
    SET = "set"
    """The protocol changed what it knows of the request."""
    RAISE = "raise"
    """The callback ended with an exception."""
    LOG = "log"
    """The server logged a line."""
    HAND = "hand"
    """A handshake was handed to the WebSocket protocol."""
    APP = "app"
    """The app was called."""
    SCOPE = "scope"
    """What the app was told."""
    WRITE = "write"
    """Bytes went back to the client."""
    CLOSE = "close"
    """The server closed the connection."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened."""

    kind: Kind
    name: str
    """The callback, the key of a scope, the exception, the log's level."""
    values: tuple[tuple[Part, ...], ...] = ()


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Offsets in a row at which the same happened; [0, 0] is the request that was sent whole."""

    offsets: Range
    outcome: Outcome
    steps: tuple[int, ...]
    """The numbers of its steps."""


class CaseRecording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one release made of one case: all different steps, and which of them each run of offsets takes."""

    steps: tuple[Step, ...]
    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        """Refuse runs that are none; msgspec names the place in the file."""
        behind = 0
        for run in self.runs:
            if run.offsets[0] != behind or run.offsets[1] < behind:
                raise ValueError(f"the offsets {run.offsets} do not follow {behind - 1}")
            if not all(0 <= number < len(self.steps) for number in run.steps):
                raise ValueError(f"the offsets {run.offsets} take a step that there is not")
            behind = run.offsets[1] + 1

    @property
    def end(self) -> int:
        """Return the first offset that was not recorded."""
        return self.runs[-1].offsets[1] + 1 if self.runs else 0


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was recorded of one release."""

    uvicorn: str
    httptools: str
    cases: dict[str, CaseRecording]


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that was recorded: the cases' bytes, and a side for each variant."""

    format: Literal[1]
    cases: dict[str, str]
    sides: dict[str, Side]

    def __post_init__(self) -> None:
        """Refuse a recording that leaves an offset out; msgspec names the place in the file."""
        for name, side in self.sides.items():
            if side.cases.keys() != self.cases.keys():
                raise ValueError(f"{name} has other cases than the bytes")
            for case, data in self.cases.items():
                if side.cases[case].end != len(data):
                    raise ValueError(f"{name}: the offsets of {case} are not those of {len(data)} bytes")


@dataclass(frozen=True)
class OffsetSteps:
    """What happened at one offset."""

    offset: int
    outcome: Outcome
    steps: tuple[Step, ...]


def folded(trials: Iterable[OffsetSteps]) -> CaseRecording:
    """Return the runs of trials whose offsets ascend by one from 0."""
    numbers: dict[Step, int] = {}
    runs: list[Run] = []
    last: tuple[Step, ...] = ()
    for trial in trials:
        if runs and trial.offset > 1 and _continues(runs[-1], last, trial):
            runs[-1] = Run((runs[-1].offsets[0], trial.offset), trial.outcome, runs[-1].steps)
            continue
        last = tuple(_for_any_offset(step, trial.offset) for step in trial.steps) if trial.offset else trial.steps
        taken = tuple(numbers.setdefault(step, len(numbers)) for step in last)
        runs.append(Run((trial.offset, trial.offset), trial.outcome, taken))
    return CaseRecording(tuple(numbers), tuple(runs))


def unfolded(recording: CaseRecording) -> list[OffsetSteps]:
    """Return the trials that `folded` was given."""
    return [
        OffsetSteps(offset, run.outcome, tuple(_at(recording.steps[number], offset) for number in run.steps))
        for run in recording.runs
        for offset in range(run.offsets[0], run.offsets[1] + 1)
    ]


def encode(recording: Recording) -> bytes:
    """Return a recording's file: a line for each step and each run."""
    lines = ["{", '"format": 1,', '"cases": {']
    lines += _members((name, _json(data)) for name, data in recording.cases.items())
    lines += ["},", '"sides": {']
    for number, (name, side) in enumerate(recording.sides.items(), 1):
        lines += [f"{_json(name)}: {{", f'"uvicorn": {_json(side.uvicorn)},', f'"httptools": {_json(side.httptools)},']
        lines.append('"cases": {')
        lines += _members((case, _case(each)) for case, each in side.cases.items())
        lines += ["}", "}," if number < len(recording.sides) else "}"]
    return "\n".join([*lines, "}", "}", ""]).encode()


def _continues(run: Run, steps: tuple[Step, ...], trial: OffsetSteps) -> bool:
    """Say whether a trial is one more of a run, whose steps are these for any offset."""
    same = run.outcome is trial.outcome and len(steps) == len(trial.steps)
    return same and all(_at(step, trial.offset) == found for step, found in zip(steps, trial.steps, strict=True))


def _case(recording: CaseRecording) -> str:
    """Return a case's part of the file: a line for each step and each run."""
    steps, runs = (",\n".join(map(_json, each)) for each in (recording.steps, recording.runs))
    return f'{{\n"steps": [\n{steps}\n],\n"runs": [\n{runs}\n]\n}}'


def _members(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return the members of a JSON object, with commas between them."""
    return ",\n".join(f"{_json(name)}: {value}" for name, value in pairs).splitlines()


def _json(value: object) -> str:
    """Return a value as JSON in one line."""
    return msgspec.json.encode(value).decode()


def _for_any_offset(step: Step, offset: int) -> Step:
    """Return a step with OFFSET in place of the offset."""
    return _replaced(step, offset, OFFSET)


def _at(step: Step, offset: int) -> Step:
    """Return a step with the offset in place of OFFSET."""
    return _replaced(step, OFFSET, offset)


def _replaced(step: Step, old: int, new: int) -> Step:
    """Return a step whose spans have another end where they had `old`."""
    values = tuple(
        tuple(
            part if isinstance(part, str) else (new if part[0] == old else part[0], new if part[1] == old else part[1])
            for part in value
        )
        for value in step.values
    )
    return Step(step.kind, step.name, values)

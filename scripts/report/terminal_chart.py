"""The chart of a measurement in a terminal: the outcome by offset, a letter for a few offsets. Pure."""

from collections.abc import Iterator

from scripts.probe.answers import Outcome
from scripts.probe.evidence import GRAVITY
from scripts.probe.measurement import Measurement

LETTERS = {
    Outcome.INTACT: ".",
    Outcome.DROPPED: "x",
    Outcome.MISROUTED: "!",
    Outcome.REJECTED: "4",
    Outcome.HUNG: "?",
}
"""Letters, so that the chart also reads without colours."""

STYLES = {
    Outcome.INTACT: "green",
    Outcome.DROPPED: "red",
    Outcome.MISROUTED: "bold yellow",
    Outcome.REJECTED: "magenta",
    Outcome.HUNG: "blue",
}

ROWS = 8


def columns(measurement: Measurement, width: int) -> list[Outcome]:
    """Return the outcome of each letter: the offsets in order, shared out over at most ROWS rows of `width`."""
    outcomes = [trial.outcome for trial in measurement.trials]
    each = _each(measurement, width)
    return [min(outcomes[start : start + each], key=GRAVITY.index) for start in range(0, len(outcomes), each)]


def rows(measurement: Measurement, width: int) -> Iterator[tuple[int, list[Outcome]]]:
    """Yield the first offset of each row of the chart, and the outcomes of its letters."""
    letters = columns(measurement, width)
    each = _each(measurement, width)
    for start in range(0, len(letters), width):
        yield measurement.trials[start * each].offsets[0], letters[start : start + width]


def ruler(measurement: Measurement, first: int, count: int, width: int) -> str:
    """Return the head's bytes over `count` letters of a row that begins with offset `first`: the first of each letter.

    A split at an offset holds that byte back. White space and line ends stay empty.
    """
    if len(measurement.trials) == 1:
        return ""
    each = _each(measurement, width)
    shown = (chr(byte) for byte in measurement.case.data[first : first + count * each : each])
    return "".join(char if char.isprintable() else " " for char in shown).rstrip()


def reading(measurement: Measurement, width: int) -> str:
    """Return how the ruler and the letters are to be read; empty where there is no ruler."""
    if len(measurement.trials) == 1:
        return ""
    told = "a mark stands below the byte that the second segment begins with"
    each = _each(measurement, width)
    return told if each == 1 else f"{told}: the first of {each}, for the gravest of their outcomes"


def _each(measurement: Measurement, width: int) -> int:
    """Return how many offsets share a letter, in rows of `width`."""
    return max(1, -(-len(measurement.trials) // (width * ROWS)))


def legend(measurement: Measurement) -> list[tuple[Outcome, str]]:
    """Return each outcome that was met with its letter, its count and its ranges, the most of them first."""
    lines = []
    for outcome, count in sorted(measurement.counts.items(), key=lambda each: -each[1]):
        if count and measurement.trials:
            # One request in several segments is told by all its offsets, many requests by the ranges of theirs.
            offsets = measurement.trials[0].offsets
            runs = measurement.offsets[outcome] if len(offsets) == 1 else [(each, each) for each in offsets]
            shown = ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in runs[:12])
            more = f" and {len(runs) - 12} more" if len(runs) > 12 else ""
            lines.append((outcome, f"{LETTERS[outcome]} {outcome:9} {count:6,}  split at {shown}{more}"))
    return lines

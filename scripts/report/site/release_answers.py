"""What the site says of a release with a parser, part by part; `make affected` says it in a line. Pure.

An answer holds nothing that names the release, so that releases with one answer share it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.version import Version

from scripts.history.affected import ReleaseFinding, Standing, find
from scripts.history.affected_words import facts, sentence
from scripts.history.asked import AskedRelease
from scripts.history.rows import CaseCell, Cell, History
from scripts.probe.answers import Outcome
from scripts.probe.evidence import GRAVITY

MOST_RANGES = 8
"""How many ranges of offsets are named before "and more"."""


@dataclass(frozen=True)
class CaseAnswer:
    """What a case comes to."""

    name: str
    gravest: str
    """The gravest outcome: `intact` where there is no other, `unknown` where nothing could be told."""
    counted: str
    """At how many offsets, in words."""
    words: str
    """The same with the offsets."""


@dataclass(frozen=True)
class ReleaseAnswer:
    """What is said of a release with a parser."""

    standing: Standing
    line: str
    """What `make affected` prints behind the release and the parser, but for notes."""
    why: str
    """Why nothing is known."""
    since: str
    until: str
    """The last affected release, empty where no later one is intact."""
    last_affected: str
    """Of an intact release: the last one before it that is affected."""
    upgrade: str
    """The first later release that is intact in all cases."""
    http: tuple[str, ...]
    """The parsers with which the same release is intact in all cases."""
    cases: tuple[CaseAnswer, ...]
    """All cases that were measured."""
    notes: tuple[str, ...]


def answer(history: History, release: str, parser: str) -> ReleaseAnswer:
    """Return what is said of a release of the history with a parser, which is empty where it was measured with none."""
    return of_finding(find(history, AskedRelease(Version(release), release), parser), history)


def of_finding(finding: ReleaseFinding, history: History) -> ReleaseAnswer:
    """Return a finding as a page says it."""
    told = facts(finding)
    row = finding.row
    cells = row.cases if row else {}
    return ReleaseAnswer(
        standing=finding.standing,
        line=behind(finding),
        why=finding.why,
        since=str(told["since"] or ""),
        until=str(told["until"] or ""),
        last_affected=str(told["last_affected"] or "") if finding.standing is Standing.INTACT else "",
        upgrade=str(told["upgrade"] or ""),
        http=finding.other_parsers,
        cases=tuple(of_case(name, cell, history.cases[name].bytes) for name, cell in cells.items()),
        notes=tuple(note[:1].upper() + note[1:] for note in finding.notes),
    )


def behind(finding: ReleaseFinding) -> str:
    """Return the line of `make affected` without the release, the parser and the notes."""
    named = f"uvicorn {finding.asked.version}" + (f" with {finding.parser}" if finding.parser else "")
    return sentence(replace(finding, notes=())).removeprefix(named)


def of_case(name: str, cell: Cell, size: int) -> CaseAnswer:
    """Return what a case of `size` bytes comes to."""
    return CaseAnswer(name, gravest([cell]), words(cell, size, ranges=False), words(cell, size))


def gravest(cells: Iterable[Cell]) -> str:
    """Return the gravest outcome of cells, `unknown` where none is affected and one could not be told.

    `find` has it so of a release: one case that is untold may be affected, so that the others do not make it intact.
    """
    met = [_met(cell) for cell in cells]
    if not all(met):
        met = [each - {Outcome.INTACT} for each in met]
    return next((outcome.value for outcome in GRAVITY if outcome in set().union(*met)), "unknown")


def words(cell: Cell, size: int, *, ranges: bool = True) -> str:
    """Return what a case of `size` bytes comes to, in words: `3,901 of 3,926 splits dropped (5–3905)`."""
    if not isinstance(cell, CaseCell):
        return f"all {size - 1:,} splits intact"
    if cell.untold:
        return f"could not be told: {cell.untold}"
    counts = cell.counts
    told = [
        f"{counts[outcome]:,} {outcome.value}" + (f" ({_ranges(cell.offsets[outcome])})" if ranges else "")
        for outcome in GRAVITY
        if outcome in counts
    ]
    if told:
        told[0] = told[0].replace(" ", f" of {size - 1:,} splits ", 1)
    if cell.joined:
        told.append(f"{cell.joined} where all of it comes in one segment")
    return ("; " if ranges else ", ").join(told)


def _ranges(runs: tuple[tuple[int, int], ...]) -> str:
    """Return ranges of offsets as people write them."""
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in runs[:MOST_RANGES]]
    more = [f"and {len(runs) - MOST_RANGES} more"] if len(runs) > MOST_RANGES else []
    return ", ".join([*shown, *more])


def _met(cell: Cell) -> set[Outcome]:
    """Return the outcomes that a case came to, none where that could not be told."""
    if not isinstance(cell, CaseCell):
        return {Outcome.INTACT}
    return {*cell.counts, *([cell.joined] if cell.joined else [])}

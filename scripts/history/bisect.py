"""The search for the commit that changed what a case comes to. What a commit comes to is asked of `Measure`.

The two ends are measured first. Where they differ, git chooses what is measured next, and goes around what cannot be
(git-bisect(1), "Bisect skip").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scripts.errors import Failure
from scripts.history.clones import NEW, OLD, SKIP, UvicornClone, UvicornCommit
from scripts.history.eras import is_intact
from scripts.history.rows import CaseCell, Cell
from scripts.probe.answers import Outcome


@dataclass(frozen=True)
class MeasuredCommit:
    """What a commit came to."""

    commit: UvicornCommit
    cell: Cell
    python: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    """What answered beside uvicorn, by the names of the packages."""


@dataclass(frozen=True)
class SkippedCommit:
    """A commit of which nothing is known."""

    commit: UvicornCommit
    why: str


Measure = Callable[[UvicornCommit], MeasuredCommit | SkippedCommit]


@dataclass(frozen=True)
class CommitSearch:
    """What a search has found."""

    start: MeasuredCommit
    end: MeasuredCommit
    before: MeasuredCommit
    """The nearest one measured before the change that is as the start is."""
    after: MeasuredCommit
    """The first one measured with the other outcome."""
    candidates: tuple[UvicornCommit, ...]
    """Those that may be the first with the other outcome: one, and more only where commits were skipped."""
    measured: tuple[MeasuredCommit, ...]
    """All of them, the ends first, then in the order in which git asked for them."""
    skipped: tuple[SkippedCommit, ...]
    log: str
    """git's own."""


class NoDifference(Failure):
    """Both ends come to the same: there is nothing to look for."""


def search(
    clone: UvicornClone, start: UvicornCommit, end: UvicornCommit, measure: Measure, ends: tuple[str, str]
) -> CommitSearch:
    """Return where what a case comes to changes between two commits, that users call by the names `ends`.

    NoDifference where both come to the same; Failure where one of them cannot be measured.
    """
    clone.check(start, end)
    first, last = (_end(measure(commit), name) for commit, name in zip((start, end), ends, strict=True))
    way = difference(first.cell, last.cell)
    if way is None:
        both = f"both: {in_words(first.cell)}"
        do = "Name two releases that the history shows with different outcomes: make affected VERSION=…"
        raise NoDifference(f"{ends[0]} and {ends[1]} do not differ", found=both, do=do)
    measured, skipped = [first, last], []
    olds, news = [first], [last]
    found = clone.begin(start, end)
    while not found:
        tried = measure(clone.next())
        if isinstance(tried, SkippedCommit):
            skipped.append(tried)
            found = clone.tell(SKIP, tried.commit)
            continue
        measured.append(tried)
        is_old = way(tried.cell) == way(first.cell)
        (olds if is_old else news).append(tried)
        found = clone.tell(OLD if is_old else NEW, tried.commit)
    after = min(news, key=lambda each: clone.distance(start, each.commit))
    before = min(olds, key=lambda each: clone.distance(each.commit, after.commit))
    return CommitSearch(first, last, before, after, found, tuple(measured), tuple(skipped), clone.end())


def difference(one: Cell, other: Cell) -> Callable[[Cell], object] | None:
    """Return by what two cells are told apart, the plainest thing that does; None where they are the same.

    First whether all is intact, then which outcomes there are, then what each offset came to.
    """
    ways: tuple[Callable[[Cell], object], ...] = (is_intact, _outcomes, lambda cell: cell)
    return next((way for way in ways if way(one) != way(other)), None)


def in_words(cell: Cell) -> str:
    """Return what a case came to, with how many splits came to each outcome that is not intact."""
    if not isinstance(cell, CaseCell):
        return "intact"
    told = [f"{count:,} {outcome}" for outcome, count in cell.counts.items()]
    return ", ".join([*told, *([f"{cell.joined} as one segment"] if cell.joined else [])])


def _outcomes(cell: Cell) -> tuple[set[Outcome], Outcome | None]:
    """Return which outcomes there are, split and as one segment."""
    return (set(cell.counts), cell.joined) if isinstance(cell, CaseCell) else (set(), None)


def _end(tried: MeasuredCommit | SkippedCommit, name: str) -> MeasuredCommit:
    """Return an end that was measured; Failure for one that could not be."""
    if isinstance(tried, SkippedCommit):
        raise Failure(f"{name} cannot be measured", found=tried.why, do="Name another one")
    return tried

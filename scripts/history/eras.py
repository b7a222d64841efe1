"""What the rows of the history come to: since which release a case fails with a parser, until which, and eras. Pure.

Releases are compared as PEP 440 orders them. One that was not measured, or of which nothing can be told, neither begins
a span nor ends one: what is said of first and last releases is said of those that were measured.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from scripts.history.rows import INTACT, CaseCell, Cell, History, HistoryRow
from scripts.matrix import PARSERS

T = TypeVar("T")


@dataclass(frozen=True)
class Span:
    """Releases one after the other, none of them intact between."""

    first: HistoryRow
    last: HistoryRow
    before: HistoryRow | None
    """The last release before them that is intact; None where the history has none."""
    after: HistoryRow | None
    """The first release behind them that is intact; None where the history has none."""

    def holds(self, row: HistoryRow) -> bool:
        """Say whether a release is one of them."""
        return self.first.version <= row.version <= self.last.version


@dataclass(frozen=True)
class Era:
    """Releases one after the other whose evidence is the same, case by case, offset by offset."""

    parser: str
    rows: tuple[HistoryRow, ...]

    @property
    def first(self) -> HistoryRow:
        """Its first release."""
        return self.rows[0]

    @property
    def last(self) -> HistoryRow:
        """Its last release."""
        return self.rows[-1]


def is_affected(cell: Cell) -> bool:
    """Say whether a case got less than the whole request somewhere."""
    return isinstance(cell, CaseCell) and not cell.untold


def is_intact(cell: Cell) -> bool:
    """Say whether a case got what the whole request got everywhere."""
    return cell == INTACT


def measured(history: History, parser: str) -> list[HistoryRow]:
    """Return the releases that were measured with a parser, the oldest first."""
    found = (row for row in history.rows if row.parser == parser and row.cases)
    return _once(history, ("measured", parser), lambda: sorted(found, key=lambda row: row.version))


def parsers(history: History) -> list[str]:
    """Return the parsers that any release has, the one that uvicorn prefers first."""
    found = {row.parser for row in history.rows if row.parser}
    return sorted(found, key=lambda parser: (parser != PARSERS[0], parser))


def eras(history: History, parser: str) -> list[Era]:
    """Return the runs of releases with equal evidence."""
    runs = groupby(measured(history, parser), key=lambda row: row.cases)
    return [Era(parser, tuple(run)) for _, run in runs]


def spans(history: History, case: str, parser: str) -> list[Span]:
    """Return the runs of releases that are affected in a case with a parser, the oldest first."""
    rows = (row for row in measured(history, parser) if case in row.cases)
    return _once(history, ("spans", case, parser), lambda: _spans(rows, lambda row: [row.cases[case]]))


def spans_of_any(history: History, parser: str) -> list[Span]:
    """Return the runs of releases that are affected in any case with a parser, the oldest first."""
    rows = measured(history, parser)
    return _once(history, ("spans of any", parser), lambda: _spans(rows, lambda row: row.cases.values()))


def untold_between(history: History, cases: Collection[str], parser: str) -> list[HistoryRow]:
    """Return the releases of which nothing can be told in one of `cases`, among those that were measured with a parser.

    One that could not be measured, with this parser or with any, is one of them: nothing clears it.
    """
    rows = measured(history, parser)
    if not rows:
        return []
    first, last = rows[0].version, rows[-1].version
    within = (row for row in history.rows if row.parser in {"", parser} and first <= row.version <= last)
    return sorted((row for row in within if row.reason or _untold(row, cases)), key=lambda row: row.version)


def _untold(row: HistoryRow, cases: Collection[str]) -> bool:
    """Say whether one of `cases` could not be told, and none of them is affected."""
    cells = [row.cases[case] for case in cases if case in row.cases]
    return not _told(cells)


def _once(history: History, what: tuple[str, ...], work_out: Callable[[], Iterable[T]]) -> list[T]:
    """Return what is worked out of a history, the second time from what it keeps."""
    if what not in history.worked_out:
        history.worked_out[what] = tuple(work_out())
    return list(history.worked_out[what])


def _spans(rows: Iterable[HistoryRow], cells: Callable[[HistoryRow], Iterable[Cell]]) -> list[Span]:
    """Return the runs of affected rows; a row is affected where any of its `cells` is, intact where all are."""
    return list(_runs([row for row in rows if _told(cells(row))], lambda row: any(map(is_affected, cells(row)))))


def _told(cells: Iterable[Cell]) -> bool:
    """Say whether cells together are affected or intact, one of the two."""
    cells = list(cells)
    return any(map(is_affected, cells)) or all(map(is_intact, cells))


def _runs(rows: Sequence[HistoryRow], affected: Callable[[HistoryRow], bool]) -> Iterator[Span]:
    """Yield the runs of affected ones among rows each of which is affected or intact."""
    groups = [(bad, list(group)) for bad, group in groupby(rows, key=affected)]
    for place, (bad, group) in enumerate(groups):
        if bad:
            before = groups[place - 1][1][-1] if place else None
            after = groups[place + 1][1][0] if place + 1 < len(groups) else None
            yield Span(group[0], group[-1], before, after)

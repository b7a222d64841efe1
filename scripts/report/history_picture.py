"""The picture of the history: releases on a time axis, a lane a parser, coloured by outcome. Pure: history → SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from scripts.history.eras import measured, parsers, untold_between
from scripts.history.rows import CaseCell, History, HistoryRow
from scripts.probe.answers import Outcome
from scripts.probe.evidence import GRAVITY
from scripts.report.svg import LEFT, LETTER, LINE, RIGHT, colour, document, legend, text

BAR = 34

MARK = 2.5
"""How far the mark of an unknown release reaches to either side of its place."""


@dataclass(frozen=True)
class Stretch:
    """Releases of a lane one after the other whose worst outcome, and the cases that have one, are the same."""

    kind: Outcome | None
    """The gravest outcome of any case; None where nothing can be told."""
    cases: tuple[str, ...]
    """The cases that are not intact; where nothing can be told, those of which."""
    rows: tuple[HistoryRow, ...]

    @property
    def label(self) -> str:
        """What stands at its beginning."""
        return f"{self.rows[0].release} {self.rows[0].uploaded}"

    @property
    def words(self) -> str:
        """What a pointer over it is told."""
        first, last = self.rows[0].release, self.rows[-1].release
        told = "could not be told" if self.kind is None else str(self.kind)
        named = f" ({', '.join(self.cases)})" if self.cases else ""
        return f"{first} to {last}: {told}{named}" if first != last else f"{first}: {told}{named}"


def stretches(history: History, parser: str) -> list[Stretch]:
    """Return the stretches of a parser's lane, the oldest first; releases whose day is not known are left out.

    A case that could not be told alone makes no boundary where other cases tell.
    """
    found: list[Stretch] = []
    unmeasured = [row for row in untold_between(history, (), parser) if row.reason]
    for row in sorted((row for row in (*measured(history, parser), *unmeasured) if row.uploaded), key=_day):
        kind, cases = _kind(row)
        if found and found[-1].kind == kind and set(found[-1].cases) ^ set(cases) <= _untold(row):
            found[-1] = Stretch(kind, found[-1].cases, (*found[-1].rows, row))
        else:
            found.append(Stretch(kind, cases, (row,)))
    return found


def changes(lane: Sequence[Stretch]) -> list[Stretch]:
    """Return the stretches that are named: those of which nothing can be told, and those that differ from before.

    What goes on behind a release of which nothing can be told is no change.
    """
    found, before = [], None
    for each in lane:
        if each.kind is None or before is None or (each.kind, each.cases) != (before.kind, before.cases):
            found.append(each)
        before = before if each.kind is None else each
    return found


def render_history(history: History) -> str:
    """Return the picture as SVG."""
    lanes = {parser: found for parser in parsers(history) if (found := stretches(history, parser))}
    days = [day for found in lanes.values() for each in found for row in each.rows if (day := row.uploaded)]
    axis = _Axis(min(days, default=date(2017, 1, 1)), max(days, default=date(2017, 12, 31)))
    shapes = [
        text(LEFT, 26, "The worst outcome of any case, by release", "head"),
        text(LEFT, 26 + LINE, "Labels: where it or the failing cases change", "soft"),
    ]
    y = 44.0 + LINE
    for parser, found in lanes.items():
        shapes += [text(LEFT, y + 22, parser, "head"), *_bars(axis, found, y + LINE)]
        y += LINE + BAR
        found_room = placed([(axis.at(each.rows[0].uploaded), each.label) for each in changes(found)])
        stems = (f"M{x:.1f} {y - BAR:g}V{y + 8 + line * LINE:g}" for x, line, _ in found_room)
        shapes += [f'<path class="edge" d="{stem}"/>' for stem in stems]
        shapes += [_unknown(axis, each, y - BAR) for each in found if each.kind is None]
        shapes += [_label(x, y + 24 + line * LINE, label) for x, line, label in found_room]
        y += LINE * (1 + max((line for _, line, _ in found_room), default=0)) + 18
    shapes += _years(axis, y)
    kinds = {each.kind for found in lanes.values() for each in found}
    shapes += legend(y + 2 * LINE + 6, kinds)
    height = y + 2 * LINE + 6 + LINE * ((len(kinds) + 2) // 3)
    told = "; ".join(f"{parser}: {', '.join(each.words for each in found)}" for parser, found in lanes.items())
    title = "What became of a split request, by release and parser, since 2017"
    return document(height, title, told, shapes)


def placed(labels: Sequence[tuple[float, str]]) -> list[tuple[float, int, str]]:
    """Return each label with the line that it stands on: the first on which it meets none of those behind it.

    So the line from an earlier boundary down to its label does not run through a later one's, which stands higher.
    """
    found: list[tuple[float, int, str]] = []
    taken: list[list[tuple[float, float]]] = []
    for x, label in reversed(labels):
        start, end = _extent(x, label)
        line = next((n for n, spans in enumerate(taken) if all(end < a or start > b for a, b in spans)), len(taken))
        if line == len(taken):
            taken.append([])
        taken[line].append((start - LETTER, end + LETTER))
        found.append((x, line, label))
    return found[::-1]


@dataclass(frozen=True)
class _Axis:
    """The time axis: whole years."""

    first: date
    last: date

    @property
    def years(self) -> range:
        """The years that it shows, and the one that it ends with."""
        return range(self.first.year, self.last.year + 2)

    def at(self, day: date | None) -> float:
        """Return where a day stands."""
        assert day
        start, end = date(self.years[0], 1, 1), date(self.years[-1], 1, 1)
        return LEFT + (RIGHT - LEFT) * (day - start).days / (end - start).days


def _day(row: HistoryRow) -> tuple[date, object]:
    """Return what releases are put in order by."""
    assert row.uploaded
    return (row.uploaded, row.version)


def _kind(row: HistoryRow) -> tuple[Outcome | None, tuple[str, ...]]:
    """Return the gravest outcome of a release, and the cases that are not intact."""
    bad = {name: cell for name, cell in row.cases.items() if isinstance(cell, CaseCell)}
    told = {name: cell for name, cell in bad.items() if not cell.untold}
    met = {outcome for cell in told.values() for outcome in (*cell.counts, *([cell.joined] if cell.joined else []))}
    if not met:
        return (None if bad or row.reason else Outcome.INTACT), tuple(bad)
    return next(outcome for outcome in GRAVITY if outcome in met), tuple(told)


def _untold(row: HistoryRow) -> set[str]:
    """Return the cases of a release that could not be told."""
    return {name for name, cell in row.cases.items() if isinstance(cell, CaseCell) and cell.untold}


def _unknown(axis: _Axis, stretch: Stretch, y: float) -> str:
    """Return the mark of releases of which nothing can be told: over the lane's edges, and wide enough to be seen."""
    x = axis.at(stretch.rows[0].uploaded)
    width = max(axis.at(stretch.rows[-1].uploaded) - x, 0) + 2 * MARK
    place = f'x="{x - MARK:.1f}" y="{y - 4:g}" width="{width:.1f}" height="{BAR + 8}"'
    return f'<rect class="mark" {place} fill="{colour(None)}"><title>{escape(stretch.words)}</title></rect>'


def _bars(axis: _Axis, lane: Sequence[Stretch], y: float) -> Iterator[str]:
    """Yield a lane's bars, each up to where the next begins, and a line for each release."""
    ends = [axis.at(each.rows[0].uploaded) for each in lane[1:]]
    # The last stretch goes on: its newest release is what holds today.
    for each, end in zip(lane, [*ends, max(axis.at(axis.last), axis.at(lane[-1].rows[0].uploaded) + 4)], strict=True):
        start = axis.at(each.rows[0].uploaded)
        place = f'x="{start:.1f}" y="{y:g}" width="{max(end - start, 2):.1f}" height="{BAR}"'
        yield f'<rect {place} fill="{colour(each.kind)}"><title>{escape(each.words)}</title></rect>'
        path = "".join(f"M{axis.at(row.uploaded):.1f} {y:g}v{BAR}" for row in each.rows)
        yield f'<path class="release" d="{path}"/>'


def _years(axis: _Axis, y: float) -> Iterator[str]:
    """Yield the axis: a tick a year, every second one named."""
    yield f'<path class="tick" d="M{LEFT} {y:g}H{RIGHT}"/>'
    for place, year in enumerate(axis.years):
        x = axis.at(date(year, 1, 1))
        yield f'<path class="tick" d="M{x:.1f} {y:g}v8"/>'
        if place % 2 == 0 and x + 4 * LETTER < RIGHT:
            yield text(x, y + 30, str(year), "soft")


def _extent(x: float, label: str) -> tuple[float, float]:
    """Return from where to where a label goes on a phone: to the right of its place, else to the left."""
    room = len(label) * LETTER
    return (x, x + room) if x + room <= RIGHT else (x - room, x)


def _label(x: float, y: float, label: str) -> str:
    """Return a boundary's label, with a margin of its own where a line runs behind it."""
    start, _ = _extent(x, label)
    return text(x - 6, y, label, "clear end") if start < x else text(x + 6, y, label, "clear")

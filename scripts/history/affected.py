"""Whether a release is affected, as the history has it: since when, until when, by what, and what helps. Pure."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import Version

from scripts.errors import WrongUse, nearest
from scripts.history.asked import AskedRelease
from scripts.history.eras import Span, is_affected, is_intact, measured, parsers, spans, spans_of_any
from scripts.history.rows import CaseCell, History, HistoryRow


class Standing(enum.StrEnum):
    """What the history says of a release with a parser."""

    INTACT = "intact"
    AFFECTED = "affected"
    UNKNOWN = "unknown"

    @property
    def code(self) -> int:
        """The exit code: 2 where nothing is known, as for wrong use, so that nobody takes it for intact."""
        return {"intact": 0, "affected": 1, "unknown": 2}[self.value]


@dataclass(frozen=True)
class CaseReach:
    """What a case comes to in a release, and how far that reaches."""

    name: str
    cell: CaseCell
    bytes: int
    span: Span


@dataclass(frozen=True)
class ReleaseFinding:
    """The answer about one release with one parser."""

    asked: AskedRelease
    parser: str
    standing: Standing
    why: str = ""
    """Why nothing is known."""
    row: HistoryRow | None = None
    span: Span | None = None
    """The affected releases that it is one of."""
    last_affected: HistoryRow | None = None
    """Of an intact one: the last release before it that is affected."""
    cases: tuple[CaseReach, ...] = ()
    """The cases that it is affected in."""
    untold: dict[str, str] = field(default_factory=dict)
    """The cases of which nothing can be told, and why."""
    upgrade: HistoryRow | None = None
    """The first release behind it that is intact in all cases."""
    other_parsers: tuple[str, ...] = ()
    """The parsers with which the same release is intact in all cases."""
    notes: tuple[str, ...] = ()


def find(history: History, asked: AskedRelease, parser: str = "") -> ReleaseFinding:
    """Return what the history says of a release with a parser, by default the one that uvicorn prefers.

    WrongUse for a release that never was, and for a parser that the release does not have.
    """
    rows = [row for row in history.rows if row.version == asked.version]
    if not rows:
        return _not_there(history, asked, parser)
    row = _row(rows, asked, parser, parsers(history))
    notes = _notes(row, asked)
    if row.reason:
        why = f"it was not measured: {row.reason}"
        return ReleaseFinding(asked, row.parser or parser, Standing.UNKNOWN, why, row, notes=notes)
    bad = {name: cell for name, cell in row.cases.items() if isinstance(cell, CaseCell)}
    untold = {name: cell.untold for name, cell in bad.items() if cell.untold}
    if untold.keys() == bad.keys():
        standing = Standing.UNKNOWN if untold else Standing.INTACT
        why = _untold_words(untold)
        before = [each.last for each in spans_of_any(history, row.parser) if each.last.version < row.version]
        last = before[-1] if before else None
        return ReleaseFinding(asked, row.parser, standing, why, row, last_affected=last, untold=untold, notes=notes)
    return ReleaseFinding(
        asked,
        row.parser,
        Standing.AFFECTED,
        row=row,
        span=_span(spans_of_any(history, row.parser), row),
        cases=tuple(
            CaseReach(name, cell, history.cases[name].bytes, _span(spans(history, name, row.parser), row))
            for name, cell in bad.items()
            if not cell.untold
        ),
        untold=untold,
        upgrade=_upgrade(history, row),
        other_parsers=tuple(each.parser for each in rows if each.cases and all(map(is_intact, each.cases.values()))),
        notes=notes,
    )


def _untold_words(untold: Mapping[str, str]) -> str:
    """Return why nothing can be told, the cases of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in untold.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{listed(names)} could not be told: {reason}" for reason, names in by_reason.items())


def _row(rows: Sequence[HistoryRow], asked: AskedRelease, parser: str, known: Sequence[str]) -> HistoryRow:
    """Return the row of a parser; that of the one that uvicorn prefers where none is named."""
    by_parser = {row.parser: row for row in rows}
    if "" in by_parser:
        _check_parser(parser, known)
        return by_parser[""]
    has = [name for name in known if name in by_parser]
    if not parser:
        return by_parser[has[0]]
    if parser not in by_parser:
        what = f"uvicorn {asked.version} has no parser {parser!r}" if parser in known else f"unknown parser {parser!r}"
        hint = "" if parser in known else nearest(parser, has)
        has_all = f"In the history {asked.version} has {listed(has)}"
        raise WrongUse(what, do=f"{hint} {has_all}".strip() if hint.startswith("Did") else has_all)
    return by_parser[parser]


def _check_parser(parser: str, known: Sequence[str]) -> None:
    """Refuse a parser that no release has; WrongUse names the nearest."""
    if parser and parser not in known:
        raise WrongUse(f"unknown parser {parser!r}", do=nearest(parser, list(known)))


def _notes(row: HistoryRow, asked: AskedRelease) -> tuple[str, ...]:
    """Return what must be said of a release beside what was measured."""
    yanked = f"{row.release} was yanked: its makers took it back" if row.yanked else ""
    pre = f"{row.release} is a pre-release" if row.version.is_prerelease else ""
    return tuple(filter(None, (asked.note, yanked, pre)))


def _not_there(history: History, asked: AskedRelease, parser: str) -> ReleaseFinding:
    """Return what can be said of a release that the history does not have; WrongUse where there never was one."""
    versions = sorted({row.version for row in history.rows})
    version = asked.version
    notes = (asked.note,) if asked.note else ()
    if not versions:
        return ReleaseFinding(asked, parser, Standing.UNKNOWN, "the history has no release", notes=notes)
    _check_parser(parser, parsers(history))
    if version > versions[-1]:
        why = f"it is newer than the history, which ends with {versions[-1]}{_stands(history, versions[-1], parser)}"
        return ReleaseFinding(asked, parser, Standing.UNKNOWN, why, notes=notes)
    if not (version.is_prerelease or version.is_postrelease):
        raise WrongUse(f"there is no uvicorn {version} in the history", do=nearest(str(version), [*map(str, versions)]))
    kind = "pre-release" if version.is_prerelease else "post-release"
    around = [max((each for each in versions if each < version), default=None)]
    around.append(min(each for each in versions if each > version))
    told = " and ".join(f"{each}{_stands(history, each, parser)}" for each in around if each)
    return ReleaseFinding(
        asked, parser, Standing.UNKNOWN, f"this {kind} is not in the history: beside it stand {told}", notes=notes
    )


def _stands(history: History, version: Version, parser: str) -> str:
    """Return how a release stands, to be set behind its name: ` (intact)`."""
    known = parser or next(iter(parsers(history)), "")
    for row in measured(history, known):
        if row.version == version:
            cells = row.cases.values()
            return " (affected)" if any(map(is_affected, cells)) else " (intact)" if all(map(is_intact, cells)) else ""
    return ""


def _span(found: Iterable[Span], row: HistoryRow) -> Span:
    """Return the span that an affected row is one of."""
    return next(span for span in found if span.holds(row))


def _upgrade(history: History, row: HistoryRow) -> HistoryRow | None:
    """Return the first later release, neither yanked nor pre, that is intact in all cases with the same parser."""
    later = (each for each in measured(history, row.parser) if each.version > row.version)
    fit = (each for each in later if not each.yanked and not each.version.is_prerelease)
    return next((each for each in fit if all(map(is_intact, each.cases.values()))), None)


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last

"""What `make history` has measured and not yet written into variants/history.json: kept below .local/history/.

One file a release, in the form of the history itself, so that a run goes on where an earlier one ended, however that
ended. A row counts as long as the cases have the bytes that it was measured with.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from scripts.errors import WrongUse
from scripts.files import write_whole
from scripts.history.rows import CaseFacts, History, HistoryRow, encode, parse
from scripts.pins.index import Release
from scripts.probe.cases import Case

FOLDER = "history"
"""The folder below INTO=folder that rows are in, a file a release."""

Rows = Mapping[str, Sequence[HistoryRow]]
"""Rows by their release."""


class Desk:
    """The folder in which a run of `make history` keeps what it does."""

    def __init__(self, root: Path) -> None:
        """Be the one of the checkout at `root`."""
        self._folder = root / ".local/history"
        self.lock = self._folder / "lock"
        self.environments = self._folder / "environments"
        self._rows = self._folder / "rows"
        self._anew = self._folder / "anew"

    @property
    def anew(self) -> bool:
        """Whether all is measured again: what is committed does not count until that is done."""
        return self._anew.exists()

    def begin_anew(self) -> None:
        """Measure all again, unless that has begun already."""
        if not self.anew:
            self.clear()
            write_whole(self._anew, b"")

    def keep(self, facts: Mapping[str, CaseFacts], rows: Sequence[HistoryRow]) -> None:
        """Keep the rows of one release."""
        write_rows(self._rows, facts, rows)

    def rows(self, facts: Mapping[str, CaseFacts]) -> Rows:
        """Return what is kept and still counts."""
        return read_rows(sorted(self._rows.glob("*.json")), facts)

    def clear(self, releases: Iterable[str] | None = None) -> None:
        """Forget what is kept of some releases, once it is written; of all, and that all was to be measured again."""
        if releases is None:
            self._anew.unlink(missing_ok=True)
        paths = self._rows.glob("*.json") if releases is None else (self._rows / f"{name}.json" for name in releases)
        for path in paths:
            path.unlink(missing_ok=True)


def facts_of(cases: Iterable[Case]) -> dict[str, CaseFacts]:
    """Return what identifies the bytes of each case: all that is sent, where requests end, and how it is sent."""
    return {case.name: CaseFacts(bytes=len(case.data), sha256=_digest(case)) for case in cases}


def counted(history: History | None, cases: Sequence[Case]) -> dict[str, list[HistoryRow]]:
    """Return the rows of a history that still count, by release: those that have every case with its present bytes."""
    if history is None:
        return {}
    facts = facts_of(cases)
    same = {name for name, known in history.cases.items() if facts.get(name) == known}
    found: dict[str, list[HistoryRow]] = defaultdict(list)
    for row in history.rows:
        found[row.release].append(row)
    return {
        release: rows
        for release, rows in found.items()
        if all(row.reason or _wanted(row.parser, cases) == row.cases.keys() & same == row.cases.keys() for row in rows)
    }


def write_rows(folder: Path, facts: Mapping[str, CaseFacts], rows: Sequence[HistoryRow]) -> None:
    """Write the rows of one release below a folder."""
    history = History(cases=dict(facts), rows=tuple(rows))
    write_whole(folder / f"{rows[0].release}.json", encode(history))


def read_rows(paths: Iterable[Path], facts: Mapping[str, CaseFacts]) -> dict[str, list[HistoryRow]]:
    """Return what such files say, by release; those of other cases, or damaged ones, are left out."""
    found = {}
    for path in paths:
        try:
            history = parse(path.read_bytes())
        except WrongUse:
            continue  # its release is measured again
        if history.cases == dict(facts) and history.rows:
            found[history.rows[0].release] = list(history.rows)
    return found


def as_listed(rows: Sequence[HistoryRow], release: Release | None) -> Iterator[HistoryRow]:
    """Yield rows with what the index says now of their release: it may have been yanked since."""
    for row in rows:
        if release is None:
            yield row
        else:
            day = release.uploaded.date() if release.uploaded else None
            yield msgspec.structs.replace(row, yanked=release.yanked, uploaded=day)


def _wanted(parser: str, cases: Sequence[Case]) -> set[str]:
    """Return the cases that a row with a parser has."""
    return {case.name for case in cases if not case.parsers or parser in case.parsers}


def _digest(case: Case) -> str:
    """Return the SHA-256 of all that a case sends."""
    parts = [case.before, *case.requests, b"joined" if case.joined else b""]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

"""variants/history.json: what each release does with each of its parsers in each case, one line a row.

A row holds nothing that differs between two measurements of one truth (no day, no duration), so that measuring again
writes it again byte for byte, and a diff of the file reads as news.
"""

import datetime as dt
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from packaging.version import InvalidVersion, Version

from scripts.errors import WrongUse
from scripts.probe.answers import Outcome
from scripts.probe.offsets import Range
from scripts.records import decode

HISTORY_FILE = "variants/history.json"

_version = cache(Version)
"""A release is compared thousands of times where every release is answered for."""

FORMAT = 1

INTACT: Literal["intact"] = "intact"
"""What stands for a case in which no split request got less than the whole one, nor one sent as one segment."""

RESTORE = f"Restore it: git checkout -- {HISTORY_FILE}"


class CaseFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which bytes a case had when it was measured: other bytes are another case."""

    bytes: Annotated[int, msgspec.Meta(ge=2)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class CaseCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What became of a case that is not intact: ranges of offsets by outcome; all other offsets are intact."""

    dropped: tuple[Range, ...] = ()
    misrouted: tuple[Range, ...] = ()
    rejected: tuple[Range, ...] = ()
    hung: tuple[Range, ...] = ()
    joined: Outcome | None = None
    """What became of the case sent as one segment, where that is not intact."""
    untold: str = ""
    """Why nothing can be told."""

    def __post_init__(self) -> None:
        """Refuse what no measurement gives; msgspec names the place in the file."""
        runs = sorted(chain.from_iterable(self.offsets.values()))
        if self.untold and (runs or self.joined):
            raise ValueError("a case that cannot be told has no outcomes")
        if not (self.untold or runs or self.joined):
            raise ValueError(f'a case without another outcome is written "{INTACT}"')
        if self.joined is Outcome.INTACT:
            raise ValueError("joined is written where it is not intact")
        for runs_of_one in self.offsets.values():
            if list(runs_of_one) != sorted(runs_of_one):
                raise ValueError("the offsets of an outcome ascend")
        if any(last < first or first < 1 for first, last in runs):
            raise ValueError("offsets begin with 1, and a range with its first")
        for (_, last), (first, _) in pairwise(runs):
            if first <= last:
                raise ValueError(f"offset {first} has two outcomes")

    @property
    def offsets(self) -> dict[Outcome, tuple[Range, ...]]:
        """The ranges of offsets, by the outcomes that are not intact, also those that nothing came to."""
        return {each: getattr(self, each.value) for each in Outcome if each is not Outcome.INTACT}

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many offsets came to each outcome that any came to, but for those that are intact."""
        counted = {each: sum(last - first + 1 for first, last in runs) for each, runs in self.offsets.items()}
        return {each: count for each, count in counted.items() if count}


Cell = CaseCell | Literal["intact"]
"""What a row says of a case."""


class HistoryRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One release with one parser; or, with a reason, why it was not measured."""

    release: str
    uploaded: dt.date | None
    """When the last of its files was uploaded; null where the index does not say so."""
    yanked: bool
    parser: str
    """What the release read HTTP with; empty where the reason holds for every parser."""
    python: str = ""
    """The Python it ran on: 3.7."""
    versions: dict[str, str] = {}
    """What answered beside uvicorn, by the names of the packages."""
    reason: str = ""
    cases: dict[str, Cell] = {}

    def __post_init__(self) -> None:
        """Refuse a row that says nothing, or two things at once."""
        try:
            canonical = str(Version(self.release))
        except InvalidVersion:
            raise ValueError(f"{self.release!r} is no PEP 440 version") from None
        if self.release != canonical:
            raise ValueError(f"{self.release} is written {canonical}")
        if bool(self.reason) == bool(self.cases):
            raise ValueError(f"{self.release} {self.parser}: a row has either cases or a reason for having none")
        if self.cases and not self.parser:
            raise ValueError(f"{self.release}: what was measured has a parser")

    @property
    def version(self) -> Version:
        """The release, comparable."""
        return _version(self.release)


class HistoryCommit(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    rename={"start": "from", "end": "to"},
):
    """The commit of uvicorn's that changed what a case comes to, found by `make bisect`."""

    case: str
    parser: str
    start: str
    """The release before it."""
    end: str
    """The release behind it."""
    commit: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40,64}$")]
    date: dt.date
    subject: str
    pull_request: int | None
    measured: dt.date
    beside: dict[str, tuple[str, str]] = {}
    """What else was of another version before it and with it: that may be what changed the outcome, not the commit."""


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """The whole file."""

    format: Literal[1] = FORMAT  # type: ignore[assignment]  # mypy reads FORMAT as an int
    cases: dict[str, CaseFacts]
    rows: tuple[HistoryRow, ...]
    commits: tuple[HistoryCommit, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a release that is there twice, and what cannot be of the cases that are named."""
        seen: set[tuple[str, str]] = set()
        for row in self.rows:
            if (row.release, row.parser) in seen:
                raise ValueError(f"{row.release} {row.parser}".rstrip() + " is there twice")
            seen.add((row.release, row.parser))
        for row in self.rows:
            if row.parser and (row.release, "") in seen:
                raise ValueError(f"{row.release} is there with {row.parser}, and with a reason for having no parser")
            self._check(row)

    @cached_property
    def worked_out(self) -> dict[tuple[str, ...], tuple[Any, ...]]:
        """What was worked out of it once, by what it is. A history never changes, and a site asks it the same often."""
        return {}

    def _check(self, row: HistoryRow) -> None:
        """Refuse a row with a case that is not named, or with offsets that it does not have."""
        for name, cell in row.cases.items():
            if name not in self.cases:
                raise ValueError(f"{row.release} {row.parser} has the case {name}, which the file does not name")
            last = max((last for runs in offsets_of(cell).values() for _, last in runs), default=0)
            if last >= self.cases[name].bytes:
                raise ValueError(
                    f"{row.release} {row.parser}: {name} has {self.cases[name].bytes} bytes, and no offset {last}"
                )


def offsets_of(cell: Cell) -> dict[Outcome, tuple[Range, ...]]:
    """Return the ranges of offsets by outcome, but for intact; none for an intact case."""
    return cell.offsets if isinstance(cell, CaseCell) else {}


def with_commit(history: History, commit: HistoryCommit) -> History:
    """Return the history with a commit in its day's place, instead of what stands there of the same change."""
    changed = (commit.case, commit.parser, commit.start, commit.end)
    others = (each for each in history.commits if (each.case, each.parser, each.start, each.end) != changed)
    commits = sorted((*others, commit), key=lambda each: (each.date, each.case, each.parser))
    return msgspec.structs.replace(history, commits=tuple(commits))


def read_history(root: Path) -> History | None:
    """Return the history of the checkout at `root`, or None where it was never measured.

    WrongUse for a file that is damaged or of another format, with the command that mends it.
    """
    try:
        return parse((root / HISTORY_FILE).read_bytes())
    except FileNotFoundError:
        return None


class _Format(msgspec.Struct):
    """What a file of any format says."""

    format: int


def parse(content: bytes) -> History:
    """Return what a history file says; WrongUse as `read_history` has it."""
    found = decode(content, HISTORY_FILE, _Format, do=RESTORE).format
    if found != FORMAT:
        what = f"{HISTORY_FILE} has format {found}, and this checkout reads format {FORMAT}"
        raise WrongUse(what, do="Measure again: make history")
    return decode(content, HISTORY_FILE, History, do=RESTORE)


def encode(history: History) -> str:
    """Return the text of the file: a line a row, the oldest release first, cases in the file's own order."""
    rows = sorted(history.rows, key=lambda row: (row.version, row.parser))
    return "".join(_lines(history, rows))


def _lines(history: History, rows: list[HistoryRow]) -> Iterator[str]:
    """Yield the lines, each with its end."""
    yield f'{{\n"format": {history.format},\n"cases": {{'
    yield ", ".join(f"{_json(name)}: {_json(facts)}" for name, facts in history.cases.items())
    yield '},\n"rows": ['
    yield ",".join(f"\n{_json(_ordered(row, history))}" for row in rows)
    yield '\n],\n"commits": ['
    yield ",".join(f"\n{_json(commit)}" for commit in history.commits)
    yield "\n]\n}\n"


def _ordered(row: HistoryRow, history: History) -> HistoryRow:
    """Return a row with its mappings in the order that they are written in."""
    cases = {name: row.cases[name] for name in history.cases if name in row.cases}
    return msgspec.structs.replace(row, cases=cases, versions=dict(sorted(row.versions.items())))


def _json(thing: object) -> str:
    """Return a thing as one line of JSON, with spaces as people set them."""
    return msgspec.json.format(msgspec.json.encode(thing), indent=0).decode()

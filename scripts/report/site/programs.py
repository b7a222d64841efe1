"""What programs read: a record and a badge for each release, the list of them, their JSON schema, other servers."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Literal

import msgspec

from scripts.history.affected import Standing
from scripts.history.eras import Span
from scripts.history.rows import CaseCell, Cell, HistoryRow, offsets_of
from scripts.others.others_file import encode_others
from scripts.probe.answers import Outcome
from scripts.probe.offsets import Range
from scripts.report.site.issue_spans import issue_spans
from scripts.report.site.material import Material
from scripts.report.site.osv import OSV, osv_record
from scripts.report.site.release_answers import gravest

BADGE_COLOURS = {Standing.INTACT: "2da44e", Standing.AFFECTED: "cf222e", Standing.UNKNOWN: "8c959f"}

SCHEMA = "api/schema.json"
INDEX = "api/index.json"
OTHERS = "api/others.json"


class CaseOutcome(msgspec.Struct, frozen=True):
    """What a case comes to."""

    bytes: int
    """How many bytes are split: their offsets are 1 to bytes - 1."""
    worst: Literal["misrouted", "hung", "dropped", "rejected", "intact", "unknown"]
    offsets: dict[str, list[Range]]
    """Ranges of offsets by outcome; what is in none of them is intact."""
    joined: Outcome
    """The outcome where all of it comes in one segment."""
    untold: str
    """Why nothing could be told; empty where something could."""


class ParserRecord(msgspec.Struct, frozen=True):
    """A release with one parser."""

    standing: Standing
    text: str
    """The answer as one line."""
    since: str
    """The first of the affected releases that it is one of."""
    until: str
    """The last of them; empty where no later release is intact."""
    last_affected: str
    """Of an intact release: the last affected one before it."""
    upgrade: str
    """The first later release that is intact in all cases."""
    http: list[str]
    """The parsers with which the same release is intact in all cases."""
    python: str
    versions: dict[str, str]
    """What it was measured with."""
    cases: dict[str, CaseOutcome]


class ReleaseRecord(msgspec.Struct, frozen=True):
    """A release of uvicorn: whether it misreads a request that arrives in two TCP segments."""

    format: Literal[1]
    release: str
    uploaded: dt.date | None
    yanked: bool
    reason: str
    """Why it was not measured; empty where it was."""
    parsers: dict[str, ParserRecord]


def programs(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the files for programs, and the page that tells of them."""
    standings = {}
    for release, by_parser in material.by_release.items():
        record = _record(material, release, by_parser)
        standings[release] = {parser: told.standing for parser, told in record.parsers.items()}
        yield f"api/{release}.json", _json(msgspec.to_builtins(record))
        yield f"api/badge/{release}.json", _json(badge(record))
    yield INDEX, _json(_index(material, standings))
    yield SCHEMA, _json(schema())
    yield OSV, _json(osv_record(material.history, material.matrix.project))
    if material.others:
        yield OTHERS, encode_others(material.others)
    paths = {"index": INDEX, "schema": SCHEMA, "osv": OSV, "others": OTHERS if material.others else ""}
    newest = material.releases[-1]
    yield "programs.html", material.layout.render("programs.html.j2", "programs.html", newest=newest, **paths)


def schema() -> dict[str, object]:
    """Return the JSON schema of a release's record."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(ReleaseRecord)}


def badge(record: ReleaseRecord) -> dict[str, object]:
    """Return a release's badge, as the endpoint of shields reads it: the answer for the parser that it prefers."""
    parser, told = next(iter(record.parsers.items()), ("", None))
    standing = Standing(told.standing) if told else Standing.UNKNOWN
    return {
        "schemaVersion": 1,
        "label": f"uvicorn {record.release} issue 344",
        "message": f"{standing} with {parser}" if told else str(standing),
        "color": BADGE_COLOURS[standing],
    }


def _index(material: Material, standings: dict[str, dict[str, Standing]]) -> dict[str, object]:
    """Return the list of releases with how each stands, and the runs of those that have the issue."""
    return {
        "format": 1,
        "newest": material.releases[-1],
        "parsers": material.parsers,
        "cases": {name: {"shows": case.shows, "bytes": len(case.data)} for name, case in material.cases.items()},
        "issue": {
            parser: [_span(span) for span in issue_spans(material.history, parser)] for parser in material.parsers
        },
        "releases": {
            release: {"standing": standing, "record": f"{release}.json", "badge": f"badge/{release}.json"}
            for release, standing in standings.items()
        },
    }


def _span(span: Span) -> dict[str, str | None]:
    """Return a run of releases that have the issue."""
    fixed = span.after.release if span.after else None
    return {"first": span.first.release, "last": span.last.release, "fixed": fixed}


def _record(material: Material, release: str, by_parser: dict[str, HistoryRow]) -> ReleaseRecord:
    """Return what programs are told of a release."""
    row = next(iter(by_parser.values()))
    return ReleaseRecord(
        format=1,
        release=release,
        uploaded=row.uploaded,
        yanked=row.yanked,
        reason="" if row.parser else row.reason,
        parsers={parser: _parser(material, row) for parser, row in by_parser.items() if parser},
    )


def _parser(material: Material, row: HistoryRow) -> ParserRecord:
    """Return what programs are told of a release with a parser."""
    found = material.answers[row.release, row.parser]
    return ParserRecord(
        standing=found.standing,
        text=". ".join((f"uvicorn {row.release} with {row.parser}{found.line}", *found.notes)),
        since=found.since,
        until=found.until,
        last_affected=found.last_affected,
        upgrade=found.upgrade,
        http=list(found.http),
        python=row.python,
        versions=row.versions,
        cases={name: _case(cell, material.history.cases[name].bytes) for name, cell in row.cases.items()},
    )


def _case(cell: Cell, size: int) -> CaseOutcome:
    """Return what programs are told of a case."""
    told = cell if isinstance(cell, CaseCell) else None
    return CaseOutcome(
        bytes=size,
        worst=gravest([cell]),  # type: ignore[arg-type]  # an outcome's word, or unknown
        offsets={outcome.value: list(runs) for outcome, runs in offsets_of(cell).items() if runs},
        joined=(told and told.joined) or Outcome.INTACT,
        untold=told.untold if told else "",
    )


def _json(value: object) -> str:
    """Return JSON for a file, the same each time."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"

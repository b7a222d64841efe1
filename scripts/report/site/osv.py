"""The affected releases in OSV's format (https://ossf.github.io/osv-schema/): a draft, from measured data. Pure."""

from scripts.history.eras import Span, parsers
from scripts.history.rows import History
from scripts.matrix import Project
from scripts.probe.cases import DECIDING
from scripts.report.site.issue_spans import issue_spans, merged

OSV = "api/osv.json"

ID = "DRAFT-UVICORN-ISSUE-344"
"""No database gave it out: the prefixes of those that do are registered with OSV."""

DETAILS = """\
This is a draft of the project {project}, no advisory of uvicorn's. Its releases were measured one by one.

When a request reaches uvicorn in more than one TCP segment and the split is inside the URL, the httptools protocol \
of the affected releases parses each segment of the URL as a URL of its own. The connection is closed without an \
answer, or another URL is served than the one that was asked for: a segment of it that can pass for a URL.

A release is listed where the case form or misroute is affected with at least one parser."""


def osv_record(history: History, project: Project) -> dict[str, object]:
    """Return the record. Its days are those of the data, so that it is the same each time."""
    by_parser = {parser: issue_spans(history, parser) for parser in parsers(history)}
    days = [row.uploaded for row in history.rows if row.uploaded] + [each.measured for each in history.commits]
    home = f"https://github.com/{project.repository}"
    every = merged([span for found in by_parser.values() for span in found])
    return {
        "schema_version": "1.6.0",
        "id": ID,
        "modified": f"{max(days)}T00:00:00Z" if days else "1970-01-01T00:00:00Z",
        "summary": "uvicorn parses each TCP segment of a URL as a URL of its own (draft)",
        "details": DETAILS.format(project=home),
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "uvicorn", "purl": "pkg:pypi/uvicorn"},
                "ranges": [{"type": "ECOSYSTEM", "events": _events(span)} for span in every],
                "versions": _versions(history, by_parser),
                "database_specific": {
                    "parsers": {
                        parser: [[span.first.release, span.last.release] for span in found]
                        for parser, found in by_parser.items()
                    }
                },
            }
        ],
        "references": [
            {"type": "REPORT", "url": project.issue},
            {"type": "EVIDENCE", "url": f"{home}/blob/main/variants/history.json"},
            *(
                {"type": "FIX", "url": f"https://github.com/encode/uvicorn/commit/{commit}"}
                for commit in sorted(_fixes(history, by_parser))
            ),
        ],
        "database_specific": {"draft": True, "source": home},
    }


def _fixes(history: History, by_parser: dict[str, list[Span]]) -> set[str]:
    """Return the commits that ended a run; others made one outcome of another."""
    ends = {(parser, span.after.release) for parser, found in by_parser.items() for span in found if span.after}
    return {each.commit for each in history.commits if each.case in DECIDING and (each.parser, each.end) in ends}


def _events(span: Span) -> list[dict[str, str]]:
    """Return where a run begins and ends."""
    end = {"fixed": span.after.release} if span.after else {"last_affected": span.last.release}
    return [{"introduced": span.first.release}, end]


def _versions(history: History, by_parser: dict[str, list[Span]]) -> list[str]:
    """Return the measured releases that are in a run of their parser's, the oldest first."""
    rows = [row for row in history.rows if row.cases and any(span.holds(row) for span in by_parser[row.parser])]
    return list(dict.fromkeys(row.release for row in sorted(rows, key=lambda row: row.version)))

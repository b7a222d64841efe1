"""The README's answer to "Am I affected?": computed from the history, a line for each parser. Pure."""

from collections.abc import Iterable

from packaging.version import Version

from scripts.history.affected import listed
from scripts.history.eras import Span, is_affected, is_intact, measured, parsers, spans, spans_of_any, untold_between
from scripts.history.rows import History, HistoryCommit, HistoryRow
from scripts.matrix import PARSERS
from scripts.probe.cases import DECIDING

WHO_USES = {
    "httptools": "what plain uvicorn installs up to 0.11.8, later `uvicorn[standard]`",
    "h11": "what plain uvicorn installs since 0.12.0",
}
"""Which parser a reader has."""

UVICORN = "https://github.com/encode/uvicorn"
"""Where uvicorn's commits and pull requests are shown."""


def answer(history: History) -> str:
    """Return the answer as Markdown: which releases are affected with each parser, and what helps."""
    lines = [_line(history, parser) for parser in parsers(history)]
    return "\n".join([*lines, *_helps(history)]) + "\n"


def _line(history: History, parser: str) -> str:
    """Return what is known of one parser."""
    who = f" ({WHO_USES[parser]})" if parser in WHO_USES else ""
    found = _deciding(history, parser)
    untold = untold_between(history, DECIDING, parser)
    if found:
        text = " and ".join(_affected(span, untold) for span in found)
        if after := found[-1].after:
            text += f", {after.release} and later are not{_fixed(history, found[-1], parser)}"
    else:
        rows = measured(history, parser)
        has = "is known to have" if untold else "has"
        text = f"no release from {rows[0].release} to {rows[-1].release} {has} the issue"
        if untold:
            text += f"; {listed(row.release for row in untold)} could not be told"
        if other := next(reversed(spans_of_any(history, parser)), None):
            cases = [name for name, cell in other.last.cases.items() if is_affected(cell)]
            fail = "another case fails" if len(cases) == 1 else "other cases fail"
            text += f". Up to {other.last.release} {fail}, {listed(f'`{name}`' for name in cases)}"
    return f"- With `{parser}`{who}: {text}."


def _affected(span: Span, untold: Iterable[HistoryRow]) -> str:
    """Return which releases are affected, and of which between them that could not be told."""
    between = [row.release for row in untold if span.first.version < row.version < span.last.version]
    but = f" ({listed(between)} could not be told)" if between else ""
    return f"**{span.first.release} to {span.last.release}** are affected{but}"


def _fixed(history: History, span: Span, parser: str) -> str:
    """Return what fixed the bug behind a span, as a link, where a commit of the history's says so."""

    def fixes(commit: HistoryCommit) -> bool:
        ends = (commit.start, commit.end) == (span.last.release, span.after.release if span.after else "")
        return ends and commit.parser == parser and commit.case in DECIDING

    commit = next(filter(fixes, history.commits), None)
    if commit is None:
        return ""
    if commit.pull_request:
        return f": [pull request {commit.pull_request}]({UVICORN}/pull/{commit.pull_request}) fixed it"
    return f": [commit {commit.commit[:10]}]({UVICORN}/commit/{commit.commit}) fixed it"


def _deciding(history: History, parser: str) -> list[Span]:
    """Return the releases that are affected in the cases that decide, the longest list of the two."""
    return max((spans(history, case, parser) for case in DECIDING if case in history.cases), key=len, default=[])


def _helps(history: History) -> list[str]:
    """Return what helps: an upgrade, or another parser with those releases that are intact with it."""
    found = _deciding(history, PARSERS[0])
    if not found or not found[-1].after:
        return []
    ways = [f"{found[-1].after.release} or later"]
    rows = measured(history, PARSERS[0])
    affected = [row.release for row in rows if any(span.holds(row) for span in found)]
    untold = untold_between(history, DECIDING, PARSERS[0])
    helped = {row.release for row in measured(history, "h11") if all(map(is_intact, row.cases.values()))}
    if since := next((release for release in affected if release in helped), None):
        last = Version(affected[-1])
        asked = sorted({*affected, *(row.release for row in untold)}, key=Version)
        excepted = [each for each in asked if Version(since) < Version(each) <= last and each not in helped]
        until = f" to {affected[-1]}" if since != affected[-1] else ""
        ways.append(f"`uvicorn --http h11` with {since}{until}{_but(excepted)}")
    return [f"- What helps: {', or '.join(ways)}."]


def _but(releases: Iterable[str]) -> str:
    """Return which releases are left out, nothing where none is."""
    named = list(releases)
    return f", {listed(named)} excepted" if named else ""

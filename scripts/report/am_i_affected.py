"""The README's answer to "Am I affected?": computed from the history, a line for each parser. Pure."""

from collections.abc import Iterable

from scripts.history.affected import listed
from scripts.history.eras import Span, is_affected, is_intact, measured, parsers, spans, spans_of_any, untold_between
from scripts.history.rows import History, HistoryCommit
from scripts.matrix import PARSERS
from scripts.probe.cases import DECIDING

WHO_USES = {"httptools": "what `uvicorn[standard]` installs", "h11": "what `pip install uvicorn` brings"}
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
    if found:
        text = " and ".join(f"**{span.first.release} to {span.last.release}** are affected" for span in found)
        if after := found[-1].after:
            text += f", {after.release} and later are not{_mended(history, found[-1], parser)}"
    else:
        rows = measured(history, parser)
        untold = untold_between(history, DECIDING, parser)
        has = "is known to have" if untold else "has"
        text = f"no release from {rows[0].release} to {rows[-1].release} {has} the issue"
        if untold:
            text += f"; of {listed(row.release for row in untold)} nothing can be told"
        if other := next(reversed(spans_of_any(history, parser)), None):
            cases = [name for name, cell in other.last.cases.items() if is_affected(cell)]
            fail = "another case fails" if len(cases) == 1 else "other cases fail"
            text += f". Up to {other.last.release} {fail}, {listed(f'`{name}`' for name in cases)}"
    return f"- With `{parser}`{who}: {text}."


def _mended(history: History, span: Span, parser: str) -> str:
    """Return what mended the bug behind a span, as a link, where a commit of the history's says so."""

    def mends(commit: HistoryCommit) -> bool:
        ends = (commit.start, commit.end) == (span.last.release, span.after.release if span.after else "")
        return ends and commit.parser == parser and commit.case in DECIDING

    commit = next(filter(mends, history.commits), None)
    if commit is None:
        return ""
    if commit.pull_request:
        return f": [pull request {commit.pull_request}]({UVICORN}/pull/{commit.pull_request}) mended it"
    return f": [commit {commit.commit[:10]}]({UVICORN}/commit/{commit.commit}) mended it"


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
    helped = {row.release for row in measured(history, "h11") if all(map(is_intact, row.cases.values()))}
    if since := next((release for release in affected if release in helped), None):
        excepted = [release for release in affected[affected.index(since) :] if release not in helped]
        until = f" to {affected[-1]}" if since != affected[-1] else ""
        ways.append(f"`uvicorn --http h11` with {since}{until}{_but(excepted)}")
    return [f"- What helps: {', or '.join(ways)}."]


def _but(releases: Iterable[str]) -> str:
    """Return which releases are left out, nothing where none is."""
    named = list(releases)
    return f", {listed(named)} excepted" if named else ""

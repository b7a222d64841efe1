"""The README's answer to "Am I affected?": computed from the history, a line for each parser. Pure."""

from scripts.history.eras import Span, measured, parsers, spans, spans_of_any
from scripts.history.rows import History
from scripts.matrix import PARSERS
from scripts.probe.cases import DECIDING

WHO_USES = {"httptools": "what `uvicorn[standard]` installs", "h11": "what `pip install uvicorn` brings"}
"""Which parser a reader has."""


def answer(history: History) -> str:
    """Return the answer as Markdown: which releases are affected with each parser, and what helps."""
    lines = [_line(history, parser) for parser in parsers(history)]
    return "\n".join([*lines, *_helps(history)]) + "\n"


def _line(history: History, parser: str) -> str:
    """Return what is known of one parser."""
    who = f" ({WHO_USES[parser]})" if parser in WHO_USES else ""
    rows = measured(history, parser)
    found = _deciding(history, parser)
    if found:
        text = " and ".join(f"**{span.first.release} to {span.last.release}** are affected" for span in found)
        if after := found[-1].after:
            text += f", {after.release} and later are not"
    else:
        text = f"no release from {rows[0].release} to {rows[-1].release} is affected"
    others = [span for span in spans_of_any(history, parser) if not found]
    if others:
        text += f" (another case failed until {others[-1].last.release})"
    return f"- With `{parser}`{who}: {text}."


def _deciding(history: History, parser: str) -> list[Span]:
    """Return the releases that are affected in the cases that decide, the longest list of the two."""
    return max((spans(history, case, parser) for case in DECIDING if case in history.cases), key=len, default=[])


def _helps(history: History) -> list[str]:
    """Return what helps."""
    found = _deciding(history, PARSERS[0])
    if not found or not found[-1].after:
        return []
    return [f"- What helps: {found[-1].after.release} or later, or `uvicorn --http h11` with any release."]

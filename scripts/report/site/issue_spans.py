"""Which releases have the issue: the runs in which a case that decides is affected. Pure."""

from dataclasses import replace

from scripts.history.eras import Span, spans
from scripts.history.rows import History
from scripts.probe.cases import DECIDING


def issue_spans(history: History, parser: str) -> list[Span]:
    """Return the runs of releases that have the issue with a parser, the oldest first."""
    found = [span for case in DECIDING if case in history.cases for span in spans(history, case, parser)]
    return merged(found)


def merged(found: list[Span]) -> list[Span]:
    """Return runs of several cases as runs of any of them: those that share a release become one."""
    together: list[Span] = []
    for span in sorted(found, key=lambda each: (each.first.version, each.last.version)):
        if together and span.first.version <= together[-1].last.version:
            if span.last.version > together[-1].last.version:
                together[-1] = replace(together[-1], last=span.last, after=span.after)
            continue
        together.append(span)
    return together

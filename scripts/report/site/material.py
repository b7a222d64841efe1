"""What the site is made of, read once: the history, the cases, the variants' verdicts, other servers' answers."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.errors import Failure
from scripts.history.eras import parsers
from scripts.history.rows import HISTORY_FILE, History, HistoryRow, read_history
from scripts.matrix import Matrix, Variant
from scripts.others.others_file import Others, read_others
from scripts.probe.cases import FILE, Case, load_cases
from scripts.report.site.layout import Layout
from scripts.report.site.release_answers import ReleaseAnswer, answer
from scripts.verdicts.verdict import Verdict
from scripts.verdicts.verdict_file import read_verdict


@dataclass(frozen=True)
class Material:
    """All that pages and files are made from."""

    layout: Layout
    matrix: Matrix
    history: History
    cases: dict[str, Case]
    """The history's cases, in its order."""
    verdicts: dict[Variant, Verdict]
    others: Others | None
    """What other servers answered, where they were measured."""

    @cached_property
    def parsers(self) -> list[str]:
        """The parsers that any release has, the one that uvicorn prefers first."""
        return parsers(self.history)

    @cached_property
    def by_release(self) -> dict[str, dict[str, HistoryRow]]:
        """The rows of each release by parser, the oldest release first, the parser that it prefers first.

        A release that was measured with none has one row under no name.
        """
        found: dict[str, dict[str, HistoryRow]] = {}
        order = {parser: place for place, parser in enumerate(["", *self.parsers])}
        for row in sorted(self.history.rows, key=lambda row: (row.version, order[row.parser])):
            found.setdefault(row.release, {})[row.parser] = row
        return found

    @cached_property
    def answers(self) -> dict[tuple[str, str], ReleaseAnswer]:
        """What is said of each release with each of its parsers."""
        found = self.by_release.items()
        return {(name, parser): answer(self.history, name, parser) for name, rows in found for parser in rows}

    @property
    def releases(self) -> list[str]:
        """All releases, the oldest first."""
        return list(self.by_release)


def read_material(matrix: Matrix) -> Material:
    """Return what the site of a checkout is made of; Failure where the history was never measured."""
    history = read_history(matrix.root)
    if history is None:
        raise Failure(f"there is no {HISTORY_FILE}, which the site shows", do="Measure it: make history")
    return material(matrix, history)


def material(matrix: Matrix, history: History) -> Material:
    """Return what the site of a checkout with a `history` is made of; Failure where a case of it is no more."""
    known = load_cases(matrix.root)
    for name, facts in history.cases.items():
        if name not in known or len(known[name].data) != facts.bytes:
            found = f"the case {name} is not the one of {FILE}"
            raise Failure(f"{HISTORY_FILE} is stale", found=found, do="Measure it again: make history")
    verdicts = {variant: verdict for variant in matrix.variants if (verdict := read_verdict(variant))}
    cases = {name: known[name] for name in history.cases}
    layout = Layout(Path(matrix.root), matrix.project)
    return Material(layout, matrix, history, cases, verdicts, read_others(matrix.root))

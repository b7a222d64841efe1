"""Rows of the history that were measured elsewhere, as `make history INTO=folder` writes them: read, and taken in."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.errors import Failure, WrongUse
from scripts.history.kept import FOLDER, counted, facts_of
from scripts.history.measure_history import differences, put_in_place, refuse_mixture
from scripts.history.rows import HistoryRow, parse, read_history
from scripts.probe.cases import Case
from scripts.verdicts.gather import content_below

MEASURE = "Measure again: make history INTO=folder"

Rows = Mapping[str, Sequence[HistoryRow]]
"""Rows by their release."""


def gathered_rows(folder: Path, cases: Sequence[Case]) -> Rows:
    """Return the rows below a folder, by release; none where there are none.

    WrongUse for a file that no `make history` writes, or that was measured with other cases; Failure for two that
    contradict each other.
    """
    facts = facts_of(cases)
    found: dict[str, tuple[Sequence[HistoryRow], Path]] = {}
    for path in sorted(folder.rglob(f"{FOLDER}/*.json")):
        content = content_below(folder, path)
        try:
            history = parse(content)
        except WrongUse as failure:
            raise WrongUse(f"{path} is wrong", found=failure.found or failure.what, do=MEASURE) from None
        name = path.stem
        if not history.rows or {row.release for row in history.rows} != {name}:
            raise WrongUse(f"{path} is wrong", found=f"it is not of uvicorn {name} alone", do=MEASURE)
        if history.cases != facts or not counted(history, cases):
            raise WrongUse(f"{path} was measured with other cases than these", do=MEASURE)
        there, place = found.setdefault(name, (history.rows, path))
        if there != history.rows:
            what = f"two measurements of uvicorn {name} contradict each other"
            line = differences(there, history.rows, list(facts))[0]
            raise Failure(what, found=f"{place} and {path}: {line}", do="Find out which is right, and remove the other")
    return {name: rows for name, (rows, _) in found.items()}


def compared_rows(root: Path, rows: Rows, cases: Sequence[Case]) -> list[str]:
    """Return what differs between rows and what is committed, a line each."""
    committed = read_history(root)
    old = committed.rows if committed else ()
    names = [case.name for case in cases]
    return [
        line
        for name, measured in rows.items()
        for line in differences([row for row in old if row.release == name], measured, names)
    ]


def take_in(root: Path, rows: Rows, cases: Sequence[Case]) -> bool:
    """Put rows in the history's file, in place of those of the same releases; return whether that changed it.

    WrongUse where rows of other cases would be lost by it.
    """
    committed = read_history(root)
    refuse_mixture(committed, cases, rows.keys())
    return put_in_place(root, {**counted(committed, cases), **rows}, cases)

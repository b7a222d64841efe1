"""The history's pages: the picture, the eras and the diff on one, and all releases of a parser on one each."""

from collections.abc import Iterator

from scripts.history.eras import eras, measured
from scripts.history.rows import CaseCell, HistoryRow
from scripts.report.history_picture import render_history
from scripts.report.site.material import Material
from scripts.report.site.release_answers import gravest


def history_pages(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the pages, and the picture that they show."""
    render, history = material.layout.render, material.history
    yield "history.svg", render_history(history)
    told = {
        parser: [
            {
                "first": era.first,
                "last": era.last,
                "count": len(era.rows),
                "gravest": gravest(era.first.cases.values()),
                "cases": affected_cases(era.first),
            }
            for era in eras(history, parser)
        ]
        for parser in material.parsers
    }
    unmeasured = [row for row in history.rows if row.reason]
    yield (
        "history.html",
        render(
            "history.html.j2",
            "history.html",
            eras=told,
            unmeasured=unmeasured,
            total=len(material.cases),
            commits=history.commits,
        ),
    )
    for parser in material.parsers:
        path = f"history/{parser}.html"
        rows = measured(history, parser)
        edges = {era.first.release for era in eras(history, parser)}
        cells = [
            (row, row.release in edges, {name: _cell_kind(row, name) for name in material.cases}) for row in rows[::-1]
        ]
        yield path, render("history_table.html.j2", path, parser=parser, parsers=material.parsers, rows=cells)


def affected_cases(row: HistoryRow) -> list[str]:
    """Return the cases of a release that are affected."""
    return [name for name, cell in row.cases.items() if isinstance(cell, CaseCell) and not cell.untold]


def _cell_kind(row: HistoryRow, name: str) -> str:
    """Return the gravest outcome of a case; `–` where it was not measured with this parser."""
    return gravest([row.cases[name]]) if name in row.cases else "–"

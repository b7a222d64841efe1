"""The page of the other servers: what each answers in each case, how it was started, what could not be told."""

from collections.abc import Iterator

from scripts.history.rows import CaseCell
from scripts.others.others_file import OtherRow
from scripts.report.site.material import Material
from scripts.report.site.release_answers import gravest, words

PAGE = "others.html"


def other_pages(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the page."""
    others = material.others
    names = [*others.cases] if others else []
    sizes = {name: facts.bytes for name, facts in others.cases.items()} if others else {}
    rows = others.servers if others else ()
    measured = [row for row in rows if row.cases]
    yield (
        PAGE,
        material.layout.render(
            "others.html.j2",
            PAGE,
            names=names,
            pages=[*material.cases],
            rows=[(row, {name: _kind(row, name) for name in names}) for row in measured],
            reached={row.name: found for row in measured if (found := _reached(row, sizes))},
            untold={row.name: found for row in measured if (found := _untold(row))},
            unmeasured=[row for row in rows if row.reason],
        ),
    )


def _kind(row: OtherRow, name: str) -> str:
    """Return the gravest outcome of a case; `–` where it was not asked."""
    return gravest([row.cases[name]]) if name in row.cases else "–"


def _reached(row: OtherRow, sizes: dict[str, int]) -> dict[str, str]:
    """Return the cases that are not intact, with their offsets in words."""
    cells = ((name, cell) for name, cell in row.cases.items() if isinstance(cell, CaseCell) and not cell.untold)
    return {name: words(cell, sizes[name]) for name, cell in cells}


def _untold(row: OtherRow) -> dict[str, str]:
    """Return the cases of which nothing could be told, and why."""
    return {name: cell.untold for name, cell in row.cases.items() if isinstance(cell, CaseCell) and cell.untold}

"""A page a release: the answer by parser, every case at every offset, what changed, and what it was measured with."""

from collections.abc import Iterator
from itertools import pairwise

from markupsafe import Markup

from scripts.history.eras import measured
from scripts.history.rows import HistoryRow
from scripts.report.site.material import Material
from scripts.report.site.release_answers import words
from scripts.report.site.strips import strip


def release_pages(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the pages."""
    names = material.releases
    before_by_parser = {parser: _before(material, parser) for parser in material.parsers}
    for place, release in enumerate(names):
        path = f"releases/{release}.html"
        by_parser = material.by_release[release]
        parts = [
            {
                "parser": parser,
                "row": row,
                "answer": material.answers[release, parser],
                "strips": _strips(material, row),
                "before": before_by_parser.get(parser, {}).get(release),
                "changes": _changes(material, before_by_parser.get(parser, {}).get(release), row),
            }
            for parser, row in by_parser.items()
        ]
        yield (
            path,
            material.layout.render(
                "release.html.j2",
                path,
                release=release,
                row=next(iter(by_parser.values())),
                parts=parts,
                older=names[place - 1] if place else "",
                newer=names[place + 1] if place + 1 < len(names) else "",
                variants=[each for each in material.matrix.variants if str(each.version) == release],
            ),
        )


def _before(material: Material, parser: str) -> dict[str, HistoryRow]:
    """Return, for each release that was measured with a parser, the one that was measured before it."""
    rows = measured(material.history, parser)
    return {row.release: before for before, row in pairwise(rows)}


def _strips(material: Material, row: HistoryRow) -> list[tuple[str, str, Markup]]:
    """Return a strip for each case that is not intact."""
    found = []
    for name, cell in row.cases.items():
        size = material.history.cases[name].bytes
        if cell != "intact":
            told = words(cell, size)
            found.append((name, told, strip(cell, size, f"{name}: {told}")))
    return found


def _changes(material: Material, before: HistoryRow | None, row: HistoryRow) -> list[tuple[str, str, str]]:
    """Return the cases that came to something else in the release before, with what each came to."""
    if before is None:
        return []
    sizes = {name: facts.bytes for name, facts in material.history.cases.items()}
    return [
        (name, words(before.cases[name], sizes[name]), words(cell, sizes[name]))
        for name, cell in row.cases.items()
        if name in before.cases and before.cases[name] != cell
    ]

"""A strip: the outcome of a case by the offset of the split, as SVG inside a page. Pure."""

from html import escape

from markupsafe import Markup

from scripts.history.rows import CaseCell, Cell, offsets_of
from scripts.probe.answers import Outcome
from scripts.report.svg import COLOURS, UNKNOWN

WIDTH = 1000
HEIGHT = 24


def strip(cell: Cell, size: int, words: str) -> Markup:
    """Return the strip of a case of `size` bytes; `words` say the same."""
    splits = size - 1
    runs = [
        f'<rect x="{WIDTH * (first - 1) / splits:.2f}" width="{WIDTH * (last - first + 1) / splits:.2f}" '
        f'height="{HEIGHT}" fill="{COLOURS[outcome]}"/>'
        for outcome, ranges in offsets_of(cell).items()
        for first, last in ranges
    ]
    ground = UNKNOWN if isinstance(cell, CaseCell) and cell.untold else COLOURS[Outcome.INTACT]
    # Every piece of it is a number, a colour of this project's, or escaped.
    return Markup(  # noqa: S704
        f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(words)}"><rect width="{WIDTH}" height="{HEIGHT}" fill="{ground}"/>{"".join(runs)}</svg>'
    )

"""What the pictures share: the document, its style, a text, the colours of outcomes and their legend. Pure.

A picture is 800 units wide and shown as wide as the page has room. On a phone that is half of them, so texts are twice
as large there, and the layouts leave them the room. No plotting library is used: those that draw SVG turn text into
shapes or fix its size and colours, and none lets a picture follow the reader's colours and width.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from html import escape

from scripts.probe.answers import Outcome
from scripts.probe.evidence import GRAVITY

WIDTH = 800
LEFT = 12
RIGHT = 788
LETTER = 14.6
"""How wide a letter is on a phone, in the picture's units."""

LINE = 32
"""A line of text with the room that it needs on a phone."""

COLOURS = {
    Outcome.INTACT: "#2da44e",
    Outcome.DROPPED: "#cf222e",
    Outcome.MISROUTED: "#bf8700",
    Outcome.REJECTED: "#8250df",
    Outcome.HUNG: "#57606a",
}
"""Colours that hold their contrast on GitHub's light and dark ground."""

UNKNOWN = "#8c959f"
"""The colour of what could not be told."""

STYLE = """
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
.head { font-weight: 600 }
.soft { fill: #59636e }
.ground { fill: #ffffff }
.edge { stroke: #1f2328; stroke-width: 2 }
.tick { stroke: #59636e; stroke-width: 1 }
.gap { stroke: #ffffff; stroke-width: 4 }
.dot { stroke: #ffffff; stroke-width: 3 }
.mark { stroke: #ffffff; stroke-width: 2 }
.release { stroke: #ffffff; stroke-width: .6; opacity: .55 }
.clear { paint-order: stroke; stroke: #ffffff; stroke-width: 6px; stroke-linejoin: round }
.letter { text-anchor: middle }
.end { text-anchor: end }
@media (max-width: 600px) { text { font-size: 24px } }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .soft { fill: #9198a1 } .ground { fill: #0d1117 }
.edge { stroke: #e6edf3 } .tick { stroke: #9198a1 } .gap, .dot, .mark, .release, .clear { stroke: #0d1117 } }
"""


def document(height: float, title: str, told: str, shapes: Iterable[str]) -> str:
    """Return a picture: `told` says in words what the shapes show.

    It has a ground of its own: the page around it may be dark where the reader's system is light.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
        f'height="{height:g}" role="img" aria-labelledby="title desc">\n'
        f'<title id="title">{escape(title)}</title>\n'
        f'<desc id="desc">{escape(told)}</desc>\n<style>{STYLE}</style>\n'
        f'<rect class="ground" width="{WIDTH}" height="{height:g}" rx="6"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Return a text element; `kind` names classes of the style."""
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:g}"{style}>{escape(words)}</text>'


def legend(y: float, kinds: Collection[Outcome | None]) -> list[str]:
    """Return the meaning of the colours that a picture uses, three in a line; None is what could not be told."""
    shapes = []
    for place, kind in enumerate(each for each in (*reversed(GRAVITY), None) if each in kinds):
        x, line = LEFT + (place % 3) * 262, y + (place // 3) * LINE
        shapes.append(f'<rect x="{x}" y="{line - 16:g}" width="20" height="20" fill="{colour(kind)}"/>')
        shapes.append(text(x + 30, line, str(kind) if kind else "could not be told"))
    return shapes


def colour(kind: Outcome | None) -> str:
    """Return an outcome's colour."""
    return COLOURS[kind] if kind else UNKNOWN


def in_lines(words: Sequence[str]) -> Iterator[str]:
    """Yield words in lines that a phone has room for."""
    line = ""
    for word in words:
        longer = f"{line} {word}".strip()
        if line and len(longer) * LETTER > RIGHT - LEFT:
            yield line
            longer = word
        line = longer
    if line:
        yield line

"""The picture of the verdicts: what became of a request, by the offset at which it was split. Pure: verdicts → SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from scripts.matrix import Variant
from scripts.probe.answers import Outcome
from scripts.probe.evidence import CaseEvidence
from scripts.verdicts.verdict import Verdict

COLOURS = {
    Outcome.INTACT: "#2da44e",
    Outcome.DROPPED: "#cf222e",
    Outcome.MISROUTED: "#bf8700",
    Outcome.REJECTED: "#8250df",
    Outcome.HUNG: "#57606a",
}
"""Colours that hold their contrast on GitHub's light and dark ground."""

ROW = 22
BAR = 14
LABEL = 100
FORM = 220
BYTE = 8.4
"""Sizes in CSS pixels: a row, a bar in it, the names at the left, the form's bar, a byte of the misroute's head."""

STYLE = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
.head { font-weight: 600 }
.soft { fill: #59636e }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .soft { fill: #9198a1 } .ground { fill: #0d1117 } }
"""


@dataclass(frozen=True)
class Panel:
    """One request's part of the picture: where it starts, how wide a byte is, and what is known of each variant."""

    left: float
    byte: float
    evidence: Sequence[CaseEvidence]


def render_picture(verdicts: Mapping[Variant, Verdict], misroute_head: bytes) -> str:
    """Return an SVG with a row for each variant and a bar for each of the two requests.

    `misroute_head` is written above its bars, byte by byte.
    """
    cases = [verdict.cases for verdict in verdicts.values()]
    form_bytes = max((each["form"].bytes for each in cases), default=1)
    form = Panel(LABEL, FORM / form_bytes, [each["form"] for each in cases])
    misroute = Panel(LABEL + FORM + 30, BYTE, [each["misroute"] for each in cases])
    top = 66
    width = misroute.left + BYTE * len(misroute_head) + 16
    height = top + ROW * len(verdicts) + 40
    # A ground of its own: the page around the picture may be dark where the reader's system is light.
    shapes = [f'<rect class="ground" width="{width:g}" height="{height}" rx="6"/>']
    shapes += [_text(8, 20, "What became of the request, by the offset of the split", "head")]
    shapes.append(_text(form.left, 42, f"the form's redirect, {form_bytes:,} bytes", "soft"))
    shapes.append(_text(misroute.left, 42, "a request with a second path in its query", "soft"))
    shapes += _letters(misroute.left, top - 8, misroute_head)
    for row, variant in enumerate(verdicts):
        y = top + row * ROW
        shapes.append(_text(8, y + BAR - 3, variant.name))
        for panel in (form, misroute):
            shapes += _bars(panel, row, y)
    shapes += _legend(
        LABEL, height - 14, {outcome for panel in (form, misroute) for each in panel.evidence for outcome in each.met}
    )
    title = "Outcome of a split request by offset, one row a variant"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" width="{width:g}" '
        f'height="{height}" role="img">\n<title>{title}</title>\n<style>{STYLE}</style>\n'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def _bars(panel: Panel, row: int, y: float) -> list[str]:
    """Return the bars of one row: each offset's colour begins at the first byte that the split held back."""
    return [
        f'<rect x="{panel.left + first * panel.byte:.2f}" y="{y}" width="{(last - first + 1) * panel.byte:.2f}" '
        f'height="{BAR}" fill="{COLOURS[outcome]}"><title>{escape(_range_title(outcome, first, last))}</title></rect>'
        for outcome, runs in panel.evidence[row].offsets.items()
        for first, last in runs
    ]


def _range_title(outcome: Outcome, first: int, last: int) -> str:
    """Return what a pointer over a bar is told."""
    return f"split at {first}: {outcome}" if first == last else f"split at {first} to {last}: {outcome}"


def _letters(left: float, y: float, head: bytes) -> list[str]:
    """Return the head's bytes, each above its own column; spaces and line ends stay empty."""
    return [
        _text(left + (index + 0.5) * BYTE, y, chr(byte), "letter")
        for index, byte in enumerate(head)
        if not chr(byte).isspace()
    ]


def _legend(left: float, y: float, met: set[Outcome]) -> list[str]:
    """Return the meaning of the colours that the picture uses."""
    shapes = []
    for outcome in Outcome:
        if outcome in met:
            shapes.append(f'<rect x="{left:g}" y="{y - 10:g}" width="12" height="12" fill="{COLOURS[outcome]}"/>')
            shapes.append(_text(left + 18, y, outcome))
            left += 100
    return shapes


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    """Return a text element."""
    anchor = ' text-anchor="middle"' if kind == "letter" else ""
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{style}{anchor}>{escape(words)}</text>'

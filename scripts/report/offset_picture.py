"""The picture of the offsets: what became of `form` and `misroute`, by the offset of the split. Pure: verdicts → SVG.

Variants to which the same happens share a bar. The form's bar shows where segments end, the other one stands below the
bytes that are split.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from scripts.matrix import Variant
from scripts.probe.evidence import CaseEvidence, in_short
from scripts.report.svg import COLOURS, LEFT, LINE, RIGHT, document, in_lines, legend, text
from scripts.verdicts.verdict import Verdict

ROOM = RIGHT - LEFT
BAR = 30

BYTES = 37
"""How many bytes of the short request stand in a line: so few that each can be read on a phone."""

Group = tuple[list[str], CaseEvidence]
"""The names of the variants to which the same happens in a case, and what that is."""


def render_offsets(verdicts: Mapping[Variant, Verdict], misroute_head: bytes) -> str:
    """Return the picture as SVG; `misroute_head` is written above its bars, byte by byte."""
    form, misroute = groups(verdicts, "form"), groups(verdicts, "misroute")
    segment = max((each.router.segment_bytes for each in verdicts.values()), default=0)
    shapes = [text(LEFT, 26, "What became of a request, by the offset of the split", "head")]
    y = _form(shapes, 66, form, segment)
    y = _misroute(shapes, y + 2 * LINE, misroute, misroute_head)
    met = {outcome for _, evidence in (*form, *misroute) for outcome in evidence.met}
    shapes += legend(y + LINE, met)
    height = y + LINE + LINE * max(1, (len(met) + 2) // 3)
    return document(height, "Outcome of a split request by the offset of the split", _told(form, misroute), shapes)


def groups(verdicts: Mapping[Variant, Verdict], case: str) -> list[Group]:
    """Return the variants by what happens to them in a case, in their order."""
    found: list[Group] = []
    for variant, verdict in verdicts.items():
        evidence = verdict.cases[case]
        alike = next((names for names, other in found if other.offsets == evidence.offsets), None)
        if alike is None:
            found.append(([variant.name], evidence))
        else:
            alike.append(variant.name)
    return found


def _form(shapes: list[str], y: float, found: Sequence[Group], segment: int) -> float:
    """Add the form's part to the shapes, from `y` on, and return where it ends."""
    size = max((evidence.bytes for _, evidence in found), default=1)
    ends = {end: LEFT + ROOM * end / size for end in (range(segment, size, segment) if segment else ())}
    shapes.append(text(LEFT, y, f"form: what the app's form leads to, {size:,} bytes", "soft"))
    shapes.append(text(LEFT, y + LINE, f"sent in segments of {segment} bytes, which end at", "soft"))
    shapes += [text(x, y + 2 * LINE, f"{end}", "letter") for end, x in ends.items()]
    y += 2 * LINE + 6
    for names, evidence in found:
        y = _named(shapes, y, names)
        shapes += _bars(evidence, y, ROOM / size, 0, size)
        shapes += [f'<path class="gap" d="M{x:.1f} {y:g}v{BAR}"/>' for x in ends.values()]
        shapes += [f'<path class="tick" d="M{x:.1f} {y - 6:g}v{BAR + 12}"/>' for x in ends.values()]
        y += BAR
    return y


def _misroute(shapes: list[str], y: float, found: Sequence[Group], head: bytes) -> float:
    """Add the short request's part to the shapes, from `y` on, and return where it ends."""
    byte = ROOM / BYTES
    shapes.append(text(LEFT, y, "misroute: other paths stand in its query", "soft"))
    for names, evidence in found:
        y = _named(shapes, y, names)
        for first in range(0, len(head), BYTES):
            shown = head[first : first + BYTES]
            shapes += [
                text(LEFT + (place + 0.5) * byte, y + 22, chr(each), "letter")
                for place, each in enumerate(shown)
                if not chr(each).isspace()
            ]
            shapes += _bars(evidence, y + LINE, byte, first, first + len(shown))
            y += LINE + BAR
    return y


def _named(shapes: list[str], y: float, names: Sequence[str]) -> float:
    """Add the names of variants, and return where what happens to them begins."""
    for line in in_lines(names):
        y += LINE
        shapes.append(text(LEFT, y, line))
    return y + 10


def _bars(evidence: CaseEvidence, y: float, byte: float, start: int, end: int) -> Iterator[str]:
    """Yield the bars of the offsets from `start` up to `end`: a colour begins at the first byte that is held back."""
    for outcome, runs in evidence.offsets.items():
        for first, last in runs:
            left, right = max(first, start), min(last + 1, end)
            if left < right:
                place = f'x="{LEFT + (left - start) * byte:.2f}" y="{y:g}" width="{(right - left) * byte:.2f}"'
                told = f"<title>{escape(_range(outcome, first, last))}</title>"
                yield f'<rect {place} height="{BAR}" fill="{COLOURS[outcome]}">{told}</rect>'


def _range(outcome: str, first: int, last: int) -> str:
    """Return what a pointer over a bar is told."""
    return f"split at {first}: {outcome}" if first == last else f"split at {first} to {last}: {outcome}"


def _told(form: Sequence[Group], misroute: Sequence[Group]) -> str:
    """Return the picture in words."""
    return " ".join(
        f"{case}, {', '.join(names)}: {in_short(evidence)}."
        for case, found in (("form", form), ("misroute", misroute))
        for names, evidence in found
    )

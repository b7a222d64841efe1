"""The picture of the cases: a cell for each variant and case, coloured by outcome. Pure: verdicts → SVG.

A cell is shared out among the outcomes of its splits. Colour never says it alone: what is intact is low, what is
misrouted is as high as the cell, and all else is between.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from scripts.matrix import Variant
from scripts.probe.answers import Outcome
from scripts.probe.evidence import GRAVITY, CaseEvidence, in_short
from scripts.report.svg import COLOURS, LEFT, LETTER, LINE, RIGHT, document, legend, text
from scripts.verdicts.verdict import Verdict

CELL = 34
GAP = 5

HEIGHTS = {Outcome.INTACT: 0.4, Outcome.MISROUTED: 1.0}
"""How much of a cell's height an outcome has; what is not here has 0.7, as on the page that shows the wire."""

LEAST = 4.0
"""How wide the smallest share is: a single split among thousands is seen."""


def render_cases(verdicts: Mapping[Variant, Verdict]) -> str:
    """Return the picture as SVG, a row a variant, a column a case."""
    cases = list(dict.fromkeys(name for verdict in verdicts.values() for name in verdict.cases))
    names = max((len(variant.name) for variant in verdicts), default=0) * LETTER + 10
    column = (RIGHT - LEFT - names) / max(1, len(cases))
    shapes = [text(LEFT, 26, "What became of the splits of each case", "head")]
    y = 44 + max(map(len, cases), default=0) * LETTER
    for place, name in enumerate(cases):
        # Upright: a phone has no room for them side by side.
        x = LEFT + names + (place + 0.5) * column + 6
        shapes.append(f'<text transform="translate({x:.1f} {y:g}) rotate(-90)">{escape(name)}</text>')
    y += 10
    for variant, verdict in verdicts.items():
        shapes.append(text(LEFT, y + CELL - 9, variant.name))
        for place, name in enumerate(cases):
            if evidence := verdict.cases.get(name):
                x = LEFT + names + place * column
                shapes += _cell(x, y, column - GAP, evidence, f"{variant.name}, {name}: {in_short(evidence)}")
        y += CELL + GAP
    found = [evidence for verdict in verdicts.values() for evidence in verdict.cases.values()]
    joined = {each.joined for each in found if each.joined and each.joined is not Outcome.INTACT}
    met = {outcome for each in found for outcome in each.met} | joined
    shapes += legend(y + LINE, met)
    y += LINE * (1 + max(1, (len(met) + 2) // 3))
    if joined:
        shapes.append(f'<circle class="dot" cx="{LEFT + 10}" cy="{y - 5:g}" r="9" fill="{COLOURS[Outcome.HUNG]}"/>')
        shapes.append(text(LEFT + 30, y, "what two requests in one segment came to"))
        y += LINE
    return document(y - 8, "Outcome of every case, one row a variant", _told(verdicts), shapes)


def shares(evidence: CaseEvidence, width: float) -> list[tuple[Outcome, float]]:
    """Return how wide each outcome is in a cell, the gravest first; none that occurs is too narrow to be seen."""
    met = [outcome for outcome in GRAVITY if outcome in evidence.met]
    least = min(LEAST, width / len(met))
    rest = width - least * len(met)
    return [(outcome, least + rest * evidence.outcomes[outcome] / evidence.splits) for outcome in met]


def _cell(x: float, y: float, width: float, evidence: CaseEvidence, words: str) -> Iterator[str]:
    """Yield a cell."""
    yield f"<g><title>{escape(words)}</title>"
    start = x
    for outcome, share in shares(evidence, width):
        height = CELL * HEIGHTS.get(outcome, 0.7)
        yield (
            f'<rect x="{start:.1f}" y="{y + CELL - height:.1f}" width="{share:.1f}" height="{height:.1f}" '
            f'fill="{COLOURS[outcome]}"/>'
        )
        start += share
    if evidence.joined and evidence.joined is not Outcome.INTACT:
        colour = COLOURS[evidence.joined]
        yield f'<circle class="dot" cx="{x + width / 2:.1f}" cy="{y + 12:g}" r="9" fill="{colour}"/>'
    yield "</g>"


def _told(verdicts: Mapping[Variant, Verdict]) -> str:
    """Return the picture in words."""

    def row(cases: Mapping[str, CaseEvidence]) -> Sequence[str]:
        return [f"{name}: {in_short(each)}" for name, each in cases.items()]

    return " ".join(f"{variant.name}, {'; '.join(row(verdict.cases))}." for variant, verdict in verdicts.items())

"""The picture of the cases: a cell for each variant and case, shared out among its outcomes."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.matrix import Variant, load
from scripts.probe.answers import Outcome
from scripts.probe.evidence import GRAVITY, CaseEvidence, in_short
from scripts.report.case_picture import LEAST, render_cases, shares
from scripts.report.svg import COLOURS
from scripts.verdicts.verdict import Verdict
from scripts.verdicts.verdict_file import read_verdict

PROJECT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def verdicts() -> dict[Variant, Verdict]:
    """Read the committed verdicts."""
    return {variant: verdict for variant in load(PROJECT).variants if (verdict := read_verdict(variant))}


@pytest.fixture(scope="module")
def picture(verdicts: dict[Variant, Verdict]) -> ET.Element:
    """Draw them."""
    return ET.fromstring(render_cases(verdicts))


def evidence(counts: dict[Outcome, int]) -> CaseEvidence:
    """Return a case whose splits came to these, one after the other."""
    offsets: dict[Outcome, list[tuple[int, int]]] = {outcome: [] for outcome in Outcome}
    behind = 1
    for outcome, count in counts.items():
        if count:
            offsets[outcome].append((behind, behind + count - 1))
            behind += count
    return CaseEvidence(behind, {outcome: counts.get(outcome, 0) for outcome in Outcome}, offsets)


def test_each_variant_and_case_has_a_cell(picture: ET.Element, verdicts: dict[Variant, Verdict]) -> None:
    """Which says in words what its colours show."""
    told = [each.findtext(f"{SVG}title") for each in picture.iter(f"{SVG}g")]
    assert told == [
        f"{variant.name}, {name}: {in_short(each)}"
        for variant, verdict in verdicts.items()
        for name, each in verdict.cases.items()
    ]


def test_a_cell_has_the_colours_of_its_outcomes(picture: ET.Element, verdicts: dict[Variant, Verdict]) -> None:
    """The gravest first."""
    found = [[part.get("fill") for part in cell.iter(f"{SVG}rect")] for cell in picture.iter(f"{SVG}g")]
    assert found == [
        [COLOURS[outcome] for outcome in GRAVITY if outcome in each.met]
        for verdict in verdicts.values()
        for each in verdict.cases.values()
    ]


def test_no_reader_hangs_on_the_colour_alone(picture: ET.Element) -> None:
    """What is intact is lower than all else, what is misrouted is higher."""
    heights: dict[str | None, set[float]] = {}
    for cell in picture.iter(f"{SVG}g"):
        for part in cell.iter(f"{SVG}rect"):
            heights.setdefault(part.get("fill"), set()).add(float(part.get("height", "")))
    [intact], [misrouted] = heights.pop(COLOURS[Outcome.INTACT]), heights.pop(COLOURS[Outcome.MISROUTED])
    assert heights
    assert all(intact < height < misrouted for found in heights.values() for height in found)


@given(st.dictionaries(st.sampled_from(Outcome), st.integers(0, 5000), min_size=1), st.floats(5 * LEAST, 60))
def test_shares_fill_the_cell_and_each_can_be_seen(counts: dict[Outcome, int], width: float) -> None:
    """A single split among thousands too; more splits never have the smaller share."""
    case = evidence({**counts, Outcome.INTACT: counts.get(Outcome.INTACT, 0) + 1})
    found = dict(shares(case, width))
    assert abs(sum(found.values()) - width) < 1e-6
    assert min(found.values()) >= LEAST
    assert found.keys() == case.met
    ordered = sorted(found, key=lambda outcome: case.outcomes[outcome])
    assert [found[each] for each in ordered] == sorted(found.values())


def test_what_is_joined_has_a_dot(picture: ET.Element, verdicts: dict[Variant, Verdict]) -> None:
    """Where two requests in one segment did not both get their answers; the legend says what a dot is."""
    joined = [
        each.joined
        for verdict in verdicts.values()
        for each in verdict.cases.values()
        if each.joined not in (None, Outcome.INTACT)
    ]
    assert joined
    assert len(list(picture.iter(f"{SVG}circle"))) == len(joined) + 1
    assert "what two requests in one segment came to" in [each.text for each in picture.iter(f"{SVG}text")]


def test_it_has_a_legend(picture: ET.Element) -> None:
    """Of the outcomes that occur."""
    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert {"intact", "dropped", "misrouted", "hung"} <= set(texts)
    assert "rejected" not in texts


def test_it_is_the_same_each_time(verdicts: dict[Variant, Verdict]) -> None:
    """Its bytes hang on the verdicts alone."""
    assert render_cases(verdicts) == render_cases(verdicts)


def test_the_picture_of_nothing_is_still_a_picture() -> None:
    """Before the first measurement there are no rows."""
    assert ET.fromstring(render_cases({})).tag == f"{SVG}svg"

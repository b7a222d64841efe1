"""The chart in the terminal."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scripts.probe.answers import Answer, End, Outcome
from scripts.probe.baseline import Baseline
from scripts.probe.cases import Case
from scripts.probe.evidence import GRAVITY
from scripts.probe.measurement import Measurement, Trial
from scripts.probe.proof import ProofName
from scripts.report.terminal_chart import LETTERS, ROWS, STYLES, legend, reading, rows, ruler

WHOLE = Baseline.of([(Answer(End.COMPLETE, 200),)])


def measurement(outcomes: list[Outcome]) -> Measurement:
    """Make a measurement with these outcomes, from offset 1 on."""
    trials = tuple(Trial((offset,), outcome, (WHOLE.first,)) for offset, outcome in enumerate(outcomes, 1))
    return Measurement(Case("", (b"",)), WHOLE, trials, ProofName.GAP, True)


@given(st.lists(st.sampled_from(Outcome), min_size=1, max_size=3000), st.integers(20, 120))
def test_the_chart_fits_and_shows_the_gravest_outcome_of_each_letter(outcomes: list[Outcome], width: int) -> None:
    """However many offsets there are, no row is too long, and nothing bad hides behind something better."""
    drawn = list(rows(measurement(outcomes), width))
    assert len(drawn) <= ROWS
    assert all(len(letters) <= width for _, letters in drawn)
    shown = [outcome for _, letters in drawn for outcome in letters]
    assert min(shown, key=GRAVITY.index) is min(outcomes, key=GRAVITY.index)
    assert drawn[0][0] == 1


@given(st.lists(st.sampled_from(Outcome), min_size=1, max_size=200))
def test_the_legend_counts_what_was_met(outcomes: list[Outcome]) -> None:
    """Each outcome that occurred has a line with its count, the commonest first."""
    lines = legend(measurement(outcomes))
    assert {outcome for outcome, _ in lines} == set(outcomes)
    counts = [outcomes.count(outcome) for outcome, _ in lines]
    assert counts == sorted(counts, reverse=True)
    assert all(f"{outcomes.count(outcome)}  split at" in text for outcome, text in lines)


def test_a_letter_stands_below_the_byte_that_the_second_segment_begins_with() -> None:
    """The first byte has no letter: no split holds it back. The chart says so, and how many offsets share a letter."""
    several = measurement([Outcome.INTACT] * 3)
    asked = replace(several, case=Case("", (b"GET /",)))
    assert ruler(asked, 1, 3, 20) == "ET"
    assert reading(asked, 20) == "a mark stands below the byte that the second segment begins with"
    assert reading(measurement([Outcome.INTACT] * 321), 20).endswith(
        "with: the first of 3, for the gravest of their outcomes"
    )


def test_one_request_in_segments_has_no_ruler() -> None:
    """Its one letter stands for all its offsets."""
    one = measurement([Outcome.INTACT])
    assert (ruler(one, 1, 1, 20), reading(one, 20)) == ("", "")


def test_every_outcome_has_a_letter_of_its_own_and_a_style() -> None:
    """The chart reads without colours too."""
    assert len(set(LETTERS.values())) == len(Outcome) == len(STYLES) == len(GRAVITY)

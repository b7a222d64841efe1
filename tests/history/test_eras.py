"""Eras and spans: what the rows come to, for any history."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scripts.history.eras import eras, is_affected, is_intact, measured, parsers, spans, spans_of_any
from scripts.history.rows import INTACT, CaseCell, Cell, History
from tests.history.samples import history, row, story, unmeasured

CELLS: list[Cell] = [INTACT, CaseCell(dropped=((5, 20),)), CaseCell(untold="why"), CaseCell(dropped=((5, 9),))]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Make a history of one parser, its rows in any order, some of them without a measurement."""
    cells = draw(st.lists(st.one_of(st.none(), st.tuples(st.sampled_from(CELLS), st.sampled_from(CELLS))), max_size=12))
    rows = [
        row(f"0.{minor}.0", form=pair[0], pipelined=pair[1]) if pair else unmeasured(f"0.{minor}.0")
        for minor, pair in enumerate(cells, 8)
    ]
    return history(*draw(st.permutations(rows)))


@given(histories())
def test_each_measured_release_is_in_one_era(found: History) -> None:
    """Eras follow each other, and no two neighbours have the same evidence."""
    all_eras = eras(found, "httptools")
    assert [each for era in all_eras for each in era.rows] == measured(found, "httptools")
    assert all(one.last.cases != other.first.cases for one, other in pairwise(all_eras))
    assert all(each.cases == era.first.cases for era in all_eras for each in era.rows)


@given(histories())
def test_a_case_is_affected_in_its_spans_alone(found: History) -> None:
    """Every affected release is in one span, every intact one in none."""
    for case in found.cases:
        all_spans = spans(found, case, "httptools")
        for each in measured(found, "httptools"):
            inside = sum(span.holds(each) for span in all_spans)
            assert inside == 1 or not is_affected(each.cases[case])
            assert inside == 0 or not is_intact(each.cases[case])


@given(histories())
def test_a_span_is_between_the_nearest_intact_releases(found: History) -> None:
    """Nothing intact stands between its ends and what is said to be beside them."""
    for case in found.cases:
        intact = [each for each in measured(found, "httptools") if is_intact(each.cases[case])]
        for span in spans(found, case, "httptools"):
            assert is_affected(span.first.cases[case])
            assert is_affected(span.last.cases[case])
            assert span.before == next((each for each in reversed(intact) if each.version < span.first.version), None)
            assert span.after == next((each for each in intact if each.version > span.last.version), None)


@given(histories())
def test_a_span_of_any_case_holds_those_of_each(found: History) -> None:
    """What fails in one case is affected."""
    of_any = spans_of_any(found, "httptools")
    for case in found.cases:
        for span in spans(found, case, "httptools"):
            assert any(each.holds(span.first) and each.holds(span.last) for each in of_any)


def test_first_and_last_affected_and_first_intact() -> None:
    """As measured: pipelining came in later than the issue, and went earlier."""
    (form,) = spans(story(), "form", "httptools")
    (pipelined,) = spans(story(), "pipelined", "httptools")
    assert form.after
    assert pipelined.before
    assert pipelined.after
    assert (form.first.release, form.last.release, form.after.release) == ("0.10.9", "0.17.4", "0.17.5")
    assert form.before is None
    assert (pipelined.before.release, pipelined.first.release) == ("0.10.9", "0.11.0")
    assert (pipelined.last.release, pipelined.after.release) == ("0.12.2", "0.12.3")
    assert spans(story(), "form", "h11") == []


def test_eras_are_told_by_parser() -> None:
    """Each parser has its own; the one that uvicorn prefers comes first."""
    assert parsers(story()) == ["httptools", "h11", "zttp"]
    assert [(era.first.release, era.last.release) for era in eras(story(), "httptools")] == [
        ("0.10.9", "0.10.9"),
        ("0.11.0", "0.12.2"),
        ("0.12.3", "0.17.4"),
        ("0.17.5", "0.54.0"),
    ]
    assert [(era.first.release, era.last.release) for era in eras(story(), "h11")] == [("0.11.0", "0.54.0")]

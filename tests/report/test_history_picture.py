"""The picture of the history: every release is in it, and every text can be read on a phone."""

from datetime import date
from itertools import combinations
from xml.etree import ElementTree as ET

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from scripts.history.rows import INTACT, CaseCell, History
from scripts.report.history_picture import changes, placed, render_history, stretches
from scripts.report.svg import LEFT, LETTER, RIGHT
from tests.history.samples import DAY, DROPPED, history, row, story, unmeasured
from tests.report.site.sample import sample

SHORT = CaseCell(dropped=((5, 20),))
UNTOLD = CaseCell(untold="a control came out wrong")
SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: str) -> list[str]:
    """Return the texts of a picture."""
    return [each.text or "" for each in ET.fromstring(picture).iter(f"{SVG}text")]


def test_each_parser_has_a_lane_and_each_boundary_its_version_and_day() -> None:
    """What a reader looks for stands there as text."""
    found = texts(render_history(sample()))
    assert {"httptools", "h11", "zttp", "0.17.5 2022-02-16"} <= set(found)


def test_a_lane_changes_its_colour_where_the_first_intact_release_begins() -> None:
    """The stretches of httptools end with 0.17.4, and go on with 0.17.5."""
    affected, intact = stretches(sample(), "httptools")
    assert (affected.rows[-1].release, intact.rows[0].release) == ("0.17.4", "0.17.5")


def test_a_case_that_alone_changes_is_a_boundary_too() -> None:
    """`pipelined` of the story fails from 0.11.0 to 0.12.2, while `form` fails all along."""
    spread = [
        each.__class__(
            **{name: getattr(each, name) for name in each.__struct_fields__} | {"uploaded": date(2020, 1, n)}
        )
        for n, each in enumerate(story().rows, 1)
        if each.parser == "httptools"
    ]
    found = stretches(History(cases=story().cases, rows=tuple(spread)), "httptools")
    assert [each.rows[0].release for each in found] == ["0.10.9", "0.11.0", "0.12.3", "0.17.5"]


def test_a_case_that_could_not_be_told_makes_no_boundary_where_others_tell() -> None:
    """It would look as if something had changed."""
    rows = [row("0.1", form=DROPPED, pipelined=SHORT), row("0.2", form=DROPPED, pipelined=UNTOLD)]
    rows.append(row("0.3", form=DROPPED, pipelined=SHORT))
    assert len(stretches(history(*rows), "httptools")) == 1


def test_a_release_of_which_nothing_can_be_told_is_named_and_seen() -> None:
    """It has a mark of its own over the lane; what goes on behind it is no change, and has no label."""
    some = history(row("0.1", form=INTACT), row("0.2", form=UNTOLD), row("0.3", form=INTACT))
    assert [each.words for each in changes(stretches(some, "httptools"))] == [
        "0.1: intact",
        "0.2: could not be told (form)",
    ]
    picture = render_history(some)
    marks = [each for each in ET.fromstring(picture).iter(f"{SVG}rect") if each.get("class") == "mark"]
    assert [float(each.get("width", 0)) >= 4 for each in marks] == [True]
    assert "could not be told" in texts(picture)


def test_a_release_that_could_not_be_measured_is_in_the_lane() -> None:
    """With no parser or not with this one: it would pass for one like its neighbours."""
    missing = msgspec.structs.replace(unmeasured("0.2"), uploaded=DAY)
    some = history(row("0.1", form=INTACT), missing, row("0.3", form=INTACT))
    assert [each.words for each in stretches(some, "httptools")][1] == "0.2: could not be told"


def test_a_release_of_an_unknown_day_is_left_out() -> None:
    """It has no place on a time axis."""
    assert "could not be told" not in "".join(texts(render_history(History(cases={}, rows=(unmeasured("0.1"),)))))


def test_the_picture_is_the_same_each_time() -> None:
    """Its bytes hang on the history alone."""
    assert render_history(sample()) == render_history(sample())


def test_the_picture_says_in_words_what_it_shows() -> None:
    """Whoever hears it is told each stretch of releases, with its outcome and the cases."""
    described = ET.fromstring(render_history(sample())).findtext(f"{SVG}desc")
    assert described
    assert "0.0.5 to 0.17.4: misrouted (form, misroute" in described
    assert "0.17.5 to 0.54.0: intact" in described


def test_a_history_of_one_release_is_drawn() -> None:
    """One day alone makes an axis."""
    one = History(cases=story().cases, rows=(row("0.1", form=DROPPED, pipelined=INTACT),))
    assert "dropped" in texts(render_history(one))


def test_an_earlier_boundary_does_not_run_through_a_later_ones_label() -> None:
    """Of two that stand close together the later one is named above the earlier one."""
    assert placed([(100, "0.0.11 2017-06-27"), (104, "0.0.12 2017-06-27")]) == [
        (100, 1, "0.0.11 2017-06-27"),
        (104, 0, "0.0.12 2017-06-27"),
    ]


def room(x: float, label: str) -> tuple[float, float]:
    """Return where a label stands: behind its place, before it where there is no room behind."""
    width = len(label) * LETTER
    return (x, x + width) if x + width <= RIGHT else (x - width, x)


@given(st.lists(st.tuples(st.floats(LEFT, RIGHT), st.text("0123456789.-", min_size=5, max_size=26)), max_size=12))
def test_no_two_labels_meet(labels: list[tuple[float, str]]) -> None:
    """Those that would meet stand on lines of their own."""
    found = placed(labels)
    assert [(x, label) for x, _, label in found] == labels
    for (x, line, label), (other_x, other_line, other) in combinations(found, 2):
        (start, end), (other_start, other_end) = room(x, label), room(other_x, other)
        assert line != other_line or end < other_start or other_end < start

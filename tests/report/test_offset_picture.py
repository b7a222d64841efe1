"""The picture of the offsets: everything that was measured of the two requests is in it, and no more."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from scripts.matrix import Matrix, Variant, load
from scripts.probe.cases import load_cases
from scripts.report.offset_picture import groups, render_offsets
from scripts.report.svg import COLOURS, LEFT, RIGHT
from scripts.verdicts.verdict import Verdict
from scripts.verdicts.verdict_file import read_verdict

PROJECT = Path(__file__).resolve().parents[2]
HEAD = load_cases(PROJECT)["misroute"].data
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """Read the project's own matrix."""
    return load(PROJECT)


@pytest.fixture(scope="module")
def verdicts(matrix: Matrix) -> dict[Variant, Verdict]:
    """Read the committed verdicts."""
    return {variant: verdict for variant in matrix.variants if (verdict := read_verdict(variant))}


@pytest.fixture(scope="module")
def picture(verdicts: dict[Variant, Verdict]) -> ET.Element:
    """Draw them."""
    return ET.fromstring(render_offsets(verdicts, HEAD))


def texts(picture: ET.Element) -> list[str]:
    """Return the picture's texts."""
    return [each.text or "" for each in picture.iter(f"{SVG}text")]


def test_every_range_has_its_bar_in_its_colour(picture: ET.Element, verdicts: dict[Variant, Verdict]) -> None:
    """Of each group of variants, in both requests; a range that goes on in another line has a bar in each."""
    bars = picture.iter(f"{SVG}rect")
    drawn = {(told, bar.get("fill")) for bar in bars if (told := bar.findtext(f"{SVG}title"))}
    assert drawn == {
        (f"split at {first}{f' to {last}' if last > first else ''}: {outcome}", COLOURS[outcome])
        for verdict in verdicts.values()
        for case in ("form", "misroute")
        for outcome, runs in verdict.cases[case].offsets.items()
        for first, last in runs
    }


def test_the_forms_bar_is_as_wide_as_the_picture(picture: ET.Element, verdicts: dict[Variant, Verdict]) -> None:
    """For each group, from the second byte, which the first split holds back, to the last one."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for bar in picture.iter(f"{SVG}rect"):
        if bar.find(f"{SVG}title") is not None:
            start = float(bar.get("x", ""))
            rows.setdefault(bar.get("y", ""), []).append((start, start + float(bar.get("width", ""))))
    found = groups(verdicts, "form")
    byte = (RIGHT - LEFT) / found[0][1].bytes
    for each in list(rows.values())[: len(found)]:
        bars = sorted(each)
        assert bars[0][0] == pytest.approx(LEFT + byte, abs=0.01)
        assert bars[-1][1] == pytest.approx(RIGHT, abs=0.01)
        assert all(end == pytest.approx(start, abs=0.02) for (_, end), (start, _) in pairwise(bars))


def test_variants_alike_share_a_bar(picture: ET.Element, verdicts: dict[Variant, Verdict]) -> None:
    """Each is named once for each of the two requests."""
    named = " ".join(texts(picture)).split()
    assert {variant.name: named.count(variant.name) for variant in verdicts} == {each.name: 2 for each in verdicts}
    assert [len(names) for names, _ in groups(verdicts, "form")] == [7, 6]


def test_the_forms_bar_shows_where_segments_end(picture: ET.Element) -> None:
    """At 1460 and at 2920 bytes, by a number above it and a gap in every bar."""
    assert {"1460", "2920"} <= set(texts(picture))
    assert "4380" not in texts(picture)
    assert sum(path.get("class") == "gap" for path in picture.iter(f"{SVG}path")) == 4


def test_the_bytes_of_the_short_request_stand_above_its_bars(
    picture: ET.Element, verdicts: dict[Variant, Verdict]
) -> None:
    """All that can be seen, in their order, once for each group."""
    letters = "".join(each for each in texts(picture) if len(each) == 1)
    assert letters == "".join(HEAD.decode().split()) * len(groups(verdicts, "misroute"))


def test_it_says_in_words_what_it_shows(picture: ET.Element) -> None:
    """For whoever hears it."""
    assert "3,901 dropped, 25 intact" in str(picture.findtext(f"{SVG}desc"))


def test_it_is_the_same_each_time(verdicts: dict[Variant, Verdict]) -> None:
    """Its bytes hang on the verdicts alone."""
    assert render_offsets(verdicts, HEAD) == render_offsets(verdicts, HEAD)


def test_the_picture_of_nothing_is_still_a_picture() -> None:
    """Before the first measurement there are no bars."""
    assert ET.fromstring(render_offsets({}, HEAD)).tag == f"{SVG}svg"

"""The site's pages: whole, valid, linked, light, and the same each time."""

import os
import re
from pathlib import Path

import msgspec
import pytest

from scripts.history.rows import CaseCell
from scripts.matrix import load
from scripts.report.site.history_pages import history_pages
from scripts.report.site.home import home
from scripts.report.site.material import Material, material
from scripts.report.site.parts import site_files
from scripts.report.site.release_answers import words
from tests.report.site import validator
from tests.report.site.links import PageLinks, inner
from tests.report.site.sample import PROJECT, sample

LARGEST = 200_000
"""How many bytes a page may have."""


@pytest.fixture(scope="module")
def pages(files: dict[str, str]) -> dict[str, PageLinks]:
    """Read every page."""
    return {path: PageLinks(text) for path, text in files.items() if path.endswith(".html")}


def test_each_release_and_each_case_has_a_page(files: dict[str, str], made_of: Material) -> None:
    """Also a release that could not be measured."""
    assert {f"releases/{release}.html" for release in made_of.releases} <= files.keys()
    assert {f"cases/{case}.html" for case in made_of.cases} <= files.keys()
    assert "its httptools cannot be built" in files["releases/0.0.1.html"]


def test_every_link_leads_somewhere(files: dict[str, str], pages: dict[str, PageLinks]) -> None:
    """To a file of the site, and to a place that it has; the look-up's own links name a release."""
    broken = []
    for page, found in pages.items():
        for target in (*found.links, *found.loaded):
            path, place = inner(page, target)
            known = path == "index.html" or not place or (path in pages and place in pages[path].ids)
            if path and not (path in files and known):
                broken.append(f"{page}: {target}")
    assert broken == []


def test_nothing_is_loaded_from_another_host(pages: dict[str, PageLinks], files: dict[str, str]) -> None:
    """Neither by a page nor by the style sheet, and no page writes out what its policy would block."""
    loaded = {target for found in pages.values() for target in found.loaded}
    assert {target for target in loaded if re.match(r"[a-z]+:|//", target)} == {
        target for target in loaded if target.startswith("data:image/svg+xml")
    }
    assert "url(" not in files["style.css"]
    assert "@import" not in files["style.css"]
    assert [page for page in pages if re.search(r"<style|\sstyle=|<script(?! src=)", files[page])] == []


def test_no_page_is_larger_than_200_kilobytes(files: dict[str, str]) -> None:
    """Together with the style sheet and the scripts, not compressed."""
    shared = sum(len(files[name].encode()) for name in ("style.css", "site.js"))
    look_up = shared + sum(len(files[name].encode()) for name in ("lookup.js", "data.js"))
    sizes = {path: len(text.encode()) for path, text in files.items() if path.endswith(".html")}
    assert {path: size for path, size in sizes.items() if size + shared > LARGEST} == {}
    assert sizes["index.html"] + look_up < LARGEST
    assert sizes["history.html"] + look_up < LARGEST


def test_no_two_places_of_a_page_have_one_name(pages: dict[str, PageLinks]) -> None:
    """A link and a label mean one."""
    assert {path: found.ids for path, found in pages.items() if len(found.ids) != len(set(found.ids))} == {}


def test_the_site_is_the_same_each_time(files: dict[str, str]) -> None:
    """Its bytes hang on what is committed, not on the day or on the run."""
    assert site_files(material(load(PROJECT), sample())) == files


def test_a_cases_page_shows_its_bytes(files: dict[str, str], made_of: Material) -> None:
    """All of them, each with a way to be seen."""
    text = "".join(re.findall(r"</span>  (.*)\n", files["cases/post.html"]))
    data = made_of.cases["post"].data.decode("ascii")
    assert text.replace("&amp;", "&").replace("\\r", "\r").replace("\\n", "\n") == data


def test_a_cases_page_says_what_was_served_instead(files: dict[str, str]) -> None:
    """The app of an affected variant was asked for these."""
    assert "<td><code>//evil/x</code></td>" in files["cases/misroute.html"]


def test_a_releases_page_says_what_changed(files: dict[str, str], made_of: Material) -> None:
    """0.17.5 mended the form."""
    size = made_of.history.cases["form"].bytes
    before = made_of.by_release["0.17.4"]["httptools"].cases["form"]
    changes = files["releases/0.17.5.html"].partition("What changed since 0.17.4")[2]
    assert words(before, size) in changes
    assert words("intact", size) in changes


def test_a_yanked_release_says_so(made_of: Material) -> None:
    """Its page and its answer."""
    rows = tuple(
        type(row)(**{name: getattr(row, name) for name in row.__struct_fields__} | {"yanked": True})
        if row.release == "0.16.0"
        else row
        for row in made_of.history.rows
    )
    yanked = type(made_of.history)(cases=made_of.history.cases, rows=rows)
    found = material(made_of.matrix, yanked).answers["0.16.0", "httptools"]
    assert found.notes == ("0.16.0 was yanked: its makers took it back",)


def test_the_short_answer_names_what_does_not_decide(files: dict[str, str], made_of: Material) -> None:
    """A parser without the issue may have failed in another case: until which release, the first page says."""
    assert "<strong>h11</strong>: no release has the issue.</li>" in files["index.html"]
    hung = CaseCell(hung=((60, 61),))
    rows = tuple(
        msgspec.structs.replace(row, cases={**row.cases, "pipelined": hung})
        if (row.release, row.parser) == ("0.3.0", "h11")
        else row
        for row in made_of.history.rows
    )
    other = material(made_of.matrix, msgspec.structs.replace(made_of.history, rows=rows))
    told = dict(home(other))["index.html"]
    named = 'the case <a href="cases/pipelined.html">pipelined</a> failed until'
    assert f"<strong>h11</strong>: no release has the issue;\n  {named}" in told
    assert told.count('<a href="releases/0.3.0.html">') == 2


def test_the_short_answer_clears_no_release_of_which_nothing_can_be_told(made_of: Material) -> None:
    """Each is named, and leads to its page, which says why."""
    untold = CaseCell(untold="splits came out one way once and another way later")
    rows = tuple(
        msgspec.structs.replace(row, cases={**row.cases, "form": untold})
        if (row.release, row.parser) in {("0.3.0", "h11"), ("0.17.1", "h11")}
        else row
        for row in made_of.history.rows
    )
    other = material(made_of.matrix, msgspec.structs.replace(made_of.history, rows=rows))
    told = " ".join(dict(home(other))["index.html"].split())
    assert "<strong>h11</strong>: no release is known to have the issue; <a" in told
    assert '0.3.0</a> and <a href="releases/0.17.1.html">0.17.1</a> could not be told.</li>' in told


@pytest.mark.parametrize(("worst", "cell"), [("unknown", None), ("dropped", CaseCell(dropped=((5, 9),)))])
def test_an_era_is_intact_only_where_every_case_was_told(made_of: Material, worst: str, cell: CaseCell | None) -> None:
    """Its standing is that of its releases' answers: what is affected counts, also beside what is untold."""
    untold = dict.fromkeys(("http10", "close"), CaseCell(untold="splits came out one way once and another way later"))
    rows = tuple(
        msgspec.structs.replace(row, cases={**row.cases, **untold, **({"form": cell} if cell else {})})
        if (row.release, row.parser) == ("0.30.4", "h11")
        else row
        for row in made_of.history.rows
    )
    other = material(made_of.matrix, msgspec.structs.replace(made_of.history, rows=rows))
    told = dict(history_pages(other))["history.html"].partition('<h2 id="h11">')[2]
    era = told.partition('<th scope="row"><a href="releases/0.30.4.html">')[2].partition("</tr>")[0]
    assert other.answers["0.30.4", "h11"].standing == ("affected" if cell else "unknown")
    assert f'<td class="{worst}">{worst}</td>' in era
    assert (">none known</td>" in era) == (cell is None)


def test_the_validator_finds_nothing(folder: Path) -> None:
    """Every page is valid HTML that keeps to what screen readers need."""
    missing = validator.install()
    if missing and not os.environ.get("CI"):
        pytest.skip(missing)
    assert not missing
    assert validator.complaints(folder) == []

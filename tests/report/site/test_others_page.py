"""The page of the other servers, and their file for programs."""

import dataclasses
import json

from scripts.history.rows import CaseCell
from scripts.report.site.material import Material
from scripts.report.site.other_pages import PAGE, other_pages
from scripts.report.site.programs import OTHERS, programs
from tests.report.site.sample import PROJECT


def test_each_server_has_a_row_with_its_day_and_proof(files: dict[str, str], made_of: Material) -> None:
    """As the committed file has them."""
    assert made_of.others
    page = files[PAGE]
    for row in made_of.others.servers:
        if row.cases:
            name = row.name.replace("'", "&#39;")
            _, _, rest = page.partition(f'<tr><th scope="row">{name}</th>')
            told = rest.partition("</tr>")[0]
            assert f"<td>{row.proof}</td><td>{row.measured}</td>" in told, row.name
            assert told.count("<td") == 4 + len(made_of.others.cases)


def test_what_is_not_intact_is_told_with_its_offsets(files: dict[str, str], made_of: Material) -> None:
    """Or with the reason why nothing can be told."""
    assert made_of.others
    differing = files[PAGE].partition("Where a split made a difference")[2]
    affected = [
        (row, cell)
        for row in made_of.others.servers
        for cell in row.cases.values()
        if isinstance(cell, CaseCell) and not cell.untold
    ]
    assert affected
    for row, cell in affected:
        told = differing.partition(f"<dt>{row.name}</dt>")[2].partition("<dt>")[0]
        for runs in cell.offsets.values():
            for first, last in runs[:1]:
                assert (f"{first}–{last}" if first < last else str(first)) in told


def test_the_page_says_how_to_add_a_server_and_how_to_dispute_a_row(files: dict[str, str]) -> None:
    """By commands that there are."""
    for words in ("make others CHECK=1", "CASE=all JSON=1", "/issues/new", "common/servers/current/servers.toml"):
        assert words in files[PAGE]


def test_every_page_leads_to_it(files: dict[str, str]) -> None:
    """The navigation names it."""
    assert f'<a href="{PAGE}">Other servers</a>' in files["index.html"]


def test_programs_get_the_committed_file(files: dict[str, str]) -> None:
    """As it is."""
    committed = json.loads((PROJECT / "variants/others.json").read_text("utf-8"))
    assert json.loads(files[OTHERS]) == committed


def test_before_any_server_was_measured_the_page_says_so(made_of: Material) -> None:
    """No table, and no file for programs that would be empty."""
    none = dataclasses.replace(made_of, others=None)
    ((_, page),) = other_pages(none)
    assert "No other server has been measured here yet." in page
    assert "<table" not in page
    assert OTHERS not in dict(programs(none))

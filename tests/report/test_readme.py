"""The README: its table and sample say what was measured, and nothing that was not; its links lead somewhere."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scripts.errors import Failure
from scripts.matrix import Matrix, Variant, load
from scripts.report.readme import (
    HEADINGS,
    SAMPLED,
    TABLE,
    markers,
    render_chapters,
    render_sample,
    render_table,
    replace_part,
)
from scripts.report.site.chapters import PAGES, read_chapters
from scripts.verdicts.verdict import Verdict
from scripts.verdicts.verdict_file import read_verdict

PROJECT = Path(__file__).resolve().parents[2]
BEGIN, END = markers(TABLE)


class Rows(HTMLParser):
    """Collects the text of each row's cells, and where its links lead to."""

    def __init__(self, text: str) -> None:
        """Read a table."""
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.feed(text)
        self.head, *body = self.rows
        self.sections = [row[0] for row in body if len(row) == 1]
        self.rows = [row for row in body if len(row) > 1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell, or note a link."""
        if tag == "tr":
            self.rows.append([])
        elif tag in {"th", "td"}:
            self.rows[-1].append("")
        elif tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_data(self, data: str) -> None:
        """Take a cell's text."""
        if data.strip():
            self.rows[-1][-1] += data.strip()


@pytest.fixture
def matrix() -> Matrix:
    """Read the project's own matrix."""
    return load(PROJECT)


@pytest.fixture
def verdicts(matrix: Matrix) -> dict[Variant, Verdict]:
    """Read the committed verdicts."""
    return {variant: verdict for variant in matrix.variants if (verdict := read_verdict(variant))}


def test_the_table_says_of_the_originals_variants_what_the_original_said(
    matrix: Matrix, verdicts: dict[Variant, Verdict]
) -> None:
    """Five releases have the issue, and the patched one has not: measured here, typed by hand there."""
    rows = {row[1]: row for row in Rows(render_table(matrix, verdicts, {}, {})).rows}
    affected = ["quart", *(f"quart-uvicorn-v0.12.{patch}" for patch in range(4))]
    assert all("Dropped: form (3,901 of 3,926 splits)" in rows[branch][2] for branch in affected)
    assert all(rows[branch][2].startswith("Yes. Misrouted: misroute (8 of 73 splits)") for branch in affected)
    assert rows["quart-patched-uvicorn"][2].startswith("No, but another case fails. Hung: pipelined.")


def test_variants_that_differ_look_different(matrix: Matrix, verdicts: dict[Variant, Verdict]) -> None:
    """v0.12.3 answers both of two requests in one segment, and v0.12.2 does not."""
    rows = {row[1]: row for row in Rows(render_table(matrix, verdicts, {}, {})).rows}
    assert rows["quart-uvicorn-v0.12.2"][2] != rows["quart-uvicorn-v0.12.3"][2]


def test_each_variant_has_a_row_with_every_column(matrix: Matrix, verdicts: dict[Variant, Verdict]) -> None:
    """The columns are the original's, and the name to type."""
    table = Rows(render_table(matrix, verdicts, {}, {}))
    assert table.head == list(HEADINGS)
    assert sorted(row[1] for row in table.rows) == sorted(variant.branch for variant in matrix.variants)
    assert {len(row) for row in table.rows} == {len(HEADINGS)}


def test_a_boundary_between_two_releases_is_a_heading(matrix: Matrix, verdicts: dict[Variant, Verdict]) -> None:
    """Where the answer changes from one release to the next, a section ends; ways around it have their own."""
    mended = verdicts[matrix.one("patched")]
    changed = {**verdicts, matrix.one("v0.12.2"): mended, matrix.one("v0.12.3"): mended}
    chosen = tuple(matrix.one(name) for name in ("v0.11.8", "patched", "v0.12.1", "v0.12.2", "v0.12.3"))
    assert Rows(render_table(replace(matrix, variants=chosen), changed, {}, {})).sections == [
        "v0.11.8 to v0.12.1: the issue is there",
        "v0.12.2 to v0.12.3: the issue is gone",
        "Patched, and other parsers",
    ]


def test_one_row_is_the_latest(matrix: Matrix) -> None:
    """The newest uvicorn's row says so, and no other."""
    latest = [row[0] for row in Rows(render_table(matrix, {}, {}, {})).rows if row[0].endswith("(latest)")]
    assert latest == [f"{matrix.latest.description} (latest)"]


def test_a_button_leads_to_its_branch(matrix: Matrix) -> None:
    """Without the branch in it, a button would deploy main."""
    links = Rows(render_table(matrix, {}, {}, {})).links
    assert {link.rsplit("/tree/", 1)[1] for link in links} == {variant.branch for variant in matrix.variants}
    assert len(links) == len(matrix.variants)


def test_what_was_not_measured_says_so(matrix: Matrix) -> None:
    """What was never deployed has no words for it in every row."""
    rows = Rows(render_table(matrix, {}, {}, {})).rows
    assert {(row[2], row[4]) for row in rows} == {("not measured yet", "")}
    assert [row[5] for row in rows] != [row[1] for row in rows]


def test_what_heroku_shows_stands_below_the_address(matrix: Matrix) -> None:
    """Only where it was measured."""
    one, other, *_ = (variant for variant in matrix.variants if not variant.patch and variant.http == "httptools")
    table = render_table(matrix, {}, {one: "https://a.invalid", other: "https://b.invalid"}, {one: "No <0 of 5>"})
    rows = {row[1]: row for row in Rows(table).rows}
    assert rows[one.branch][4] == "https://a.invalidNo <0 of 5>"
    assert rows[other.branch][4] == "https://b.invalid"


def test_an_address_comes_from_the_deployment_and_is_escaped(matrix: Matrix) -> None:
    """The table shows the platform's own answer, whatever is in it."""
    address = 'https://example.invalid/?a=1&b="<script>'
    table = render_table(matrix, {}, {matrix.variants[0]: address}, {})
    assert address in Rows(table).links
    assert "<script>" not in table


def test_the_table_replaces_only_what_stands_between_the_markers() -> None:
    """The text around it is the authors'."""
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replace_part(text, TABLE, "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert replace_part(replace_part(text, TABLE, "new\n"), TABLE, "new\n") == replace_part(text, TABLE, "new\n")


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_readme_without_its_two_markers_is_refused(text: str) -> None:
    """Where the table belongs is the authors' choice; it is never guessed."""
    with pytest.raises(Failure, match="no place for the part 'table'"):
        replace_part(text, TABLE, "table")


def test_the_readme_has_at_most_two_hundred_lines() -> None:
    """What is longer is a chapter; each more row of the table is one more line."""
    assert len((PROJECT / "README.md").read_text("utf-8").splitlines()) <= 200


def test_a_row_is_a_line(matrix: Matrix, verdicts: dict[Variant, Verdict]) -> None:
    """Another variant makes the README one line longer, and a line of a diff is a row."""
    table = render_table(matrix, verdicts, {}, {})
    assert sum(f"<code>{each.name}</code>" in line for line in table.splitlines() for each in matrix.variants) == len(
        matrix.variants
    )
    assert table.count("<tr>") == sum(line.startswith("<tr>") and line.endswith("</tr>") for line in table.splitlines())


def test_the_readmes_links_lead_somewhere() -> None:
    """To files of the repository, each chapter's among them."""
    text = (PROJECT / "README.md").read_text("utf-8")
    linked = set(re.findall(r"\]\(([^):#]+)\)", text))
    assert {target for target in linked if not (PROJECT / target).is_file()} == set()
    assert {str(path.relative_to(PROJECT)) for path in (PROJECT / PAGES).glob("*.md")} <= linked


def test_each_chapter_is_listed_with_what_it_answers() -> None:
    """In the order of the site, by its title and its first paragraph, which is a sentence."""
    chapters = read_chapters(PROJECT)
    told = render_chapters((each.title, each.source, each.lead) for each in chapters)
    assert told.count("\n") == len(chapters)
    assert "- [What helps](common/site/pages/20-what-helps.md): Upgrade, or use another parser;" in told
    assert [each.title for each in chapters if not each.lead.endswith(".") or "\n" in each.lead] == []
    assert told in (PROJECT / "README.md").read_text("utf-8")


def test_the_sample_is_what_measuring_prints(matrix: Matrix, verdicts: dict[Variant, Verdict]) -> None:
    """The command, then its line, made from the verdict; it stands between its markers."""
    verdict = verdicts[matrix.one(SAMPLED)]
    told = render_sample(verdict)
    assert told.startswith(
        f"```console\n$ make verify VARIANT={SAMPLED}\n{SAMPLED:12} Yes. Misrouted: misroute (8 of 73"
    )
    assert f" [{verdict.proof}; verdict.json unchanged]\n```\n" in told
    assert told in (PROJECT / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("address", "is_link"),
    [
        ("https://uvicorn-issue-344-abc123.herokuapp.com/", True),
        ("http://app.example/", False),
        ("javascript:alert(1)", False),
        ("https://app.example /", False),
        ("https://user:word@app.example/", False),
        ("//app.example/", False),
    ],
)
def test_only_an_https_address_becomes_a_link(
    matrix: Matrix, verdicts: dict[Variant, Verdict], address: str, is_link: bool
) -> None:
    """Anything else stands there as text."""
    table = render_table(matrix, verdicts, {matrix.one("v0.12.1"): address}, {})
    rows = Rows(table)
    assert (address in rows.links) == is_link
    assert any(address in row for row in rows.rows)

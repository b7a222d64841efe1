"""The site's Markdown: it reads well on GitHub, and its links lead on inside of the site."""

import re

import pytest

from scripts.matrix import Project, load
from scripts.report.site.chapters import PAGES
from scripts.report.site.prose import link, prose
from tests.report.site.sample import PROJECT

SITE = Project("Some-One/a-name", "a-name", "https://example.org/issue", "A <a@example.org>")


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("https://some-one.github.io/a-name/cases/form.html", "../cases/form.html"),
        ("https://some-one.github.io/a-name/", "../index.html"),
        ("20-what-helps.md", "../chapters/what-helps.html"),
        ("20-what-helps.md#first", "../chapters/what-helps.html#first"),
        ("../../../README.md", "https://github.com/Some-One/a-name/blob/main/README.md"),
        ("../../cases.toml#L3", "https://github.com/Some-One/a-name/blob/main/common/cases.toml#L3"),
        ("https://example.org/", "https://example.org/"),
        ("#here", "#here"),
    ],
)
def test_a_link_leads_on_inside_of_the_site(target: str, leads_to: str) -> None:
    """To a page, to a chapter; a file that the site has not is shown on GitHub, and other addresses stay."""
    assert link(target, "common/site/pages/10-the-issue.md", "../", SITE) == leads_to


def test_addresses_of_the_site_are_those_of_the_repository() -> None:
    """Where another account's site is named, a link would leave this one."""
    texts = [PROJECT / "README.md", *(PROJECT / PAGES).glob("*.md")]
    named = {
        each for path in texts for each in re.findall(r"https://[\w.-]+\.github\.io/[\w-]*/?", path.read_text("utf-8"))
    }
    assert named == {load(PROJECT).project.site}


def test_html_in_a_chapter_is_text() -> None:
    """A chapter is Markdown alone."""
    assert "&lt;b&gt;c&lt;/b&gt;" in prose("a <b>c</b>", "common/site/pages/10-a.md", "../", SITE)


def test_a_chapters_links_to_files_lead_somewhere() -> None:
    """On GitHub, where a chapter is read as the file that it is."""
    broken = [
        f"{path.name}: {target}"
        for path in sorted((PROJECT / PAGES).glob("*.md"))
        for target in re.findall(r"\]\(([^):#]+)\)", path.read_text("utf-8"))
        if not (path.parent / target).is_file()
    ]
    assert broken == []

"""`make site`: whole or not at all, and nothing to do when nothing changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.errors import Failure, WrongUse
from scripts.history.rows import HISTORY_FILE, encode
from scripts.matrix import Matrix, load
from scripts.report.site import build
from scripts.report.site.chapters import read_chapters
from tests.report.site.sample import PROJECT, sample


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout with what a site is made from, and a measured history."""
    for folder in build.SOURCES:
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / HISTORY_FILE).write_text(encode(sample()), "utf-8")
    return tmp_path


def built(root: Path) -> tuple[Matrix, Path]:
    """Build the site of a checkout."""
    matrix = load(root)
    place, changed = build.build_site(matrix)
    assert changed
    return matrix, place


def test_a_second_build_has_nothing_to_do(checkout: Path) -> None:
    """Every file stays as it is."""
    matrix, place = built(checkout)
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    assert build.build_site(matrix) == (place, False)
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before


def test_what_has_nothing_to_build_loads_nothing_to_build_with() -> None:
    """A second run needs neither templates nor Markdown, whose loading would take most of its time."""
    script = "import sys, scripts.verbs.site; print({'jinja2', 'markdown_it', 'httpx'} & sys.modules.keys())"
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, encoding="utf-8", check=True
    )
    assert told.stdout == "set()\n"


@pytest.mark.parametrize("damage", ["changed", "gone", "more"])
def test_a_site_that_somebody_changed_is_built_again(checkout: Path, damage: str) -> None:
    """A file that was changed, one that is gone, one that nobody made."""
    matrix, place = built(checkout)
    page = place / "index.html"
    whole = page.read_bytes()
    if damage == "changed":
        page.write_bytes(whole + b" ")
    elif damage == "gone":
        page.unlink()
    else:
        (place / "more.html").write_text("more")
    assert build.build_site(matrix) == (place, True)
    assert page.read_bytes() == whole
    assert not (place / "more.html").exists()


def test_a_change_of_what_it_is_made_from_is_a_change_of_the_site(checkout: Path) -> None:
    """A chapter, for one."""
    matrix, place = built(checkout)
    (checkout / "common/site/pages/99-last.md").write_text("# The last\n\nIt ends.\n")
    assert build.build_site(matrix) == (place, True)
    assert "It ends." in (place / "chapters/last.html").read_text()


def test_a_build_that_fails_leaves_the_site_as_it_was(checkout: Path) -> None:
    """Nothing of it is seen."""
    matrix, place = built(checkout)
    before = sorted(place.rglob("*"))
    (checkout / "common/site/pages/99-last.md").write_text("no title\n")
    with pytest.raises(WrongUse, match="has no title"):
        build.build_site(matrix)
    assert sorted(place.rglob("*")) == before
    assert [path.name for path in place.parent.iterdir()] == [".site.lock", "site"]


def test_without_a_history_there_is_no_site(checkout: Path) -> None:
    """The error names the command that measures it."""
    (checkout / HISTORY_FILE).unlink()
    with pytest.raises(Failure, match=r"Measure it: make history"):
        build.build_site(load(checkout))


def test_a_history_of_another_format_is_refused(checkout: Path) -> None:
    """The error names the command that mends it."""
    (checkout / HISTORY_FILE).write_text('{"format": 7}')
    with pytest.raises(WrongUse, match=r"format 7.*make history"):
        build.build_site(load(checkout))


def test_a_history_of_other_cases_is_refused(checkout: Path) -> None:
    """Its offsets would speak of bytes that the site does not show."""
    file = checkout / "common/cases.toml"
    file.write_text(file.read_text().replace("story=0+1+2&next=/admin", "story=0+1&next=/admin"))
    with pytest.raises(Failure, match=r"the case post is not the one of common/cases.toml"):
        build.build_site(load(checkout))


@pytest.mark.parametrize("name", ["first.md", "1-first.md", "10-First.md"])
def test_a_chapter_that_is_named_otherwise_is_refused(checkout: Path, name: str) -> None:
    """Its number orders it, its name is the page's."""
    (checkout / "common/site/pages" / name).write_text("# A chapter\n")
    with pytest.raises(WrongUse, match=r"is no chapter's name"):
        read_chapters(checkout)

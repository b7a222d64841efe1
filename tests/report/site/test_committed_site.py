"""The site of the committed history, as its readers use it: what they type or paste, and what they see."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.matrix import load
from scripts.report.site.material import read_material
from scripts.report.site.parts import site_files
from tests.report.site.sample import PROJECT


@pytest.fixture(scope="module")
def page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Open the first page from its folder."""
    place = tmp_path_factory.mktemp("committed")
    for path, text in site_files(read_material(load(PROJECT))).items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, "utf-8")
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    opened = context.new_page()
    opened.goto((place / "index.html").as_uri())
    yield opened
    context.close()


SHOWN = {
    "an affected release": ("0.16.0", ["uvicorn 0.16.0 with httptools"], ["Affected since", "Upgrade to"]),
    "an intact release": ("0.30.1", ["uvicorn 0.30.1 with httptools"], ["Not affected: intact in all"]),
    "a yanked release": (
        "0.17.0",
        ["uvicorn 0.17.0 with httptools"],
        ["Affected since", "0.17.0 was yanked: its makers took it back."],
    ),
    "a range across the boundary": (
        "uvicorn[standard]>=0.12,<0.18",
        ["uvicorn 0.12.0 with httptools", "uvicorn 0.17.6 with httptools"],
        [">=0.12,<0.18 is a range of", "affected in part", "Here are its two ends.", "Affected since", "Not affected"],
    ),
    "a file with a range": (
        "fastapi==0.70.0\nuvicorn>=0.13,<0.15\nclick==7.1\n",
        ["uvicorn 0.13.0 with httptools", "uvicorn 0.14.0 with httptools"],
        [">=0.13,<0.15 is a range of", "all of them are affected", "Here are its two ends."],
    ),
    "a file with two versions": (
        "uvicorn==0.16.0 ; python_version < '3.8'\nuvicorn==0.30.1 ; python_version >= '3.8'\n",
        ["uvicorn 0.16.0 with httptools", "uvicorn 0.30.1 with httptools"],
        ["2 versions of uvicorn stand there. Each has its own answer.", "Affected since", "Not affected"],
    ),
    "a file without uvicorn": ("flask==1.0\nclick==7.0\n", [], ["The lines do not name uvicorn."]),
    "a file with a hash alone": (
        "uvicorn --hash=sha256:0f0f0f\n",
        [],
        ["uvicorn stands there with a hash alone. A hash names a file, and no version: ask pip freeze."],
    ),
    "no version": ("abc", [], ["“abc” is no version of uvicorn. Type one such as 0.16.0"]),
}
"""What is typed or pasted, the releases that are answered for, and what stands there."""


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_asked_is_answered(page: Page, name: str) -> None:
    """Affected or not, in part, or one clear line; nothing that was not asked for."""
    text, headings, told = SHOWN[name]
    page.get_by_label("A version, or lines that name one").fill(text)
    answer = page.locator("#answer")
    expect(answer.get_by_role("heading")).to_have_text(headings)
    for each in told:
        expect(answer).to_contain_text(each)


def test_the_pictures_of_the_cases_are_shown(page: Page) -> None:
    """Both are loaded, and no wider than a phone."""
    page.goto(page.url.partition("#")[0].replace("index.html", "cases.html"))
    widths = page.evaluate("[...document.images].map((image) => [image.naturalWidth, image.clientWidth])")
    assert len(widths) == 2
    assert all(natural == 800 and shown <= 390 for natural, shown in widths)

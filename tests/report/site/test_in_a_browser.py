"""The site in a real browser, from its folder: look-up, links, filter and diff; three widths, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.contrast import FAINT_TEXTS
from tests.report.site.sample import releases
from tests.screenshots import SHOTS, WIDTHS

PAGES = (
    "index.html#0.16.0/httptools",
    "history.html",
    "history/httptools.html",
    "releases/0.12.1.html",
    "cases.html",
    "cases/pipelined.html",
    "chapters.html",
    "chapters/see-it.html",
    "chapters/how-it-works.html",
    "programs.html",
)


@pytest.fixture(params=[(width, scheme) for width in WIDTHS for scheme in ("light", "dark")], ids=str)
def any_page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open a page of each width, in light and in dark."""
    width, scheme = request.param
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(chromium: Browser, folder: Path) -> Iterator[Page]:
    """Open the look-up on a phone."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    opened = context.new_page()
    opened.goto((folder / "index.html").as_uri())
    yield opened
    context.close()


def address(folder: Path, target: str) -> str:
    """Return a page's address in the folder."""
    path, mark, place = target.partition("#")
    return (folder / path).as_uri() + mark + place


@pytest.mark.parametrize("target", PAGES)
def test_a_page_fits_reads_well_and_complains_of_nothing(any_page: Page, folder: Path, target: str) -> None:
    """Nothing sticks out sideways, every text has contrast, the console stays empty, no other host is asked."""
    complaints: list[str] = []
    asked: list[str] = []
    any_page.on("console", lambda message: complaints.append(message.text))
    any_page.on("pageerror", lambda error: complaints.append(str(error)))
    any_page.on("requestfailed", lambda request: complaints.append(f"{request.url} failed"))
    any_page.on("request", lambda request: asked.append(request.url))
    any_page.goto(address(folder, target))
    any_page.wait_for_load_state("networkidle")
    size = any_page.viewport_size
    assert size
    scheme = "dark" if any_page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    name = target.partition("#")[0].removesuffix(".html").replace("/", "-")
    any_page.screenshot(path=SHOTS / f"{name}-{size['width']}-{scheme}.png", full_page=True)
    assert complaints == []
    assert [each for each in asked if not each.startswith((folder.as_uri(), "data:"))] == []
    assert any_page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert any_page.evaluate(FAINT_TEXTS) == []


def test_a_version_that_is_typed_is_answered_at_once(page: Page) -> None:
    """Since when, what happens by case, what helps."""
    page.get_by_label("A version, or lines that name one").press_sequentially("0.16.0")
    answer = page.locator("#answer")
    expect(answer.get_by_role("heading")).to_have_text("uvicorn 0.16.0 with httptools")
    expect(answer).to_contain_text("Affected since 0.0.5, until 0.17.4")
    expect(answer).to_contain_text("Upgrade to 0.17.5 or later")
    expect(answer.get_by_role("row", name="form")).to_contain_text("3,901 of 3,926 splits dropped")


def test_an_answer_takes_less_than_a_frame(page: Page) -> None:
    """Of a range over all releases, too; the best of some, for a machine that is busy."""
    took = page.evaluate(
        """() => Math.min(...Array.from({ length: 10 }, () => {
          const [asked, start] = [document.getElementById("asked"), performance.now()];
          asked.value = "uvicorn[standard]>=0.1,<1";
          asked.dispatchEvent(new Event("input"));
          return performance.now() - start;
        }))"""
    )
    assert took < 1000 / 60


def test_lines_that_are_pasted_are_answered_and_lead_to_a_link(page: Page) -> None:
    """The link has the version; whoever opens it gets the same answer."""
    page.get_by_label("A version, or lines that name one").fill("click==7.1\nuvicorn[standard]==0.16.0\n")
    expect(page.locator("#answer")).to_contain_text("Read with httptools: the extra [standard] installs it.")
    page.locator("#answer").get_by_role("link", name="#0.16.0").click()
    assert page.url.endswith("index.html#0.16.0")
    expect(page.get_by_label("A version, or lines that name one")).to_have_value("0.16.0")
    expect(page.locator("#answer").get_by_role("heading")).to_have_text("uvicorn 0.16.0 with httptools")


@pytest.mark.parametrize(
    ("place", "parser", "heading"),
    [
        ("#0.16.0/httptools", "httptools", "uvicorn 0.16.0 with httptools"),
        ("#0.16.0/h11", "h11", "uvicorn 0.16.0 with h11"),
        ("#uvicorn%3E%3D0.53", "", "uvicorn 0.53.0 with httptools"),
    ],
)
def test_a_link_that_was_sent_on_shows_its_answer(
    page: Page, folder: Path, place: str, parser: str, heading: str
) -> None:
    """Its version, range and parser stand in the fields."""
    page.goto(address(folder, "index.html" + place))
    expect(page.get_by_label("What it reads HTTP with")).to_have_value(parser)
    expect(page.locator("#answer").get_by_role("heading").first).to_have_text(heading)


def test_a_link_that_nobody_made_is_harmless(page: Page, folder: Path) -> None:
    """What it says is shown as text, an escape that is none included."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address(folder, "index.html#<img src=x onerror=alert(1)>/zttp"))
    expect(page.locator("#answer")).to_contain_text("is no version of uvicorn")
    page.goto("about:blank")
    page.goto(address(folder, "index.html#%"))
    expect(page.get_by_label("A version, or lines that name one")).to_be_visible()
    assert complaints == []
    assert page.locator("#answer img").count() == 0


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    """The first stop skips the navigation, and the look-up is reached from there."""
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("A version, or lines that name one")).to_be_focused()
    page.keyboard.type("0.30.1")
    page.keyboard.press("Tab")
    page.keyboard.press("h")
    expect(page.locator("#answer").get_by_role("heading")).to_have_text("uvicorn 0.30.1 with httptools")


def test_the_filter_leaves_what_was_asked_for(page: Page, folder: Path) -> None:
    """By the release's beginning, by outcome, by case, and by where something changed."""
    page.goto(address(folder, "history/httptools.html"))
    shown = page.locator("#releases tbody tr:visible th")
    page.get_by_label("Release begins with").fill("0.17.")
    expect(page.get_by_role("status")).to_have_text("8 of 198 releases")
    page.get_by_label("Outcome").select_option("intact")
    assert shown.all_text_contents() == ["0.17.6", "0.17.5"]
    page.get_by_label("Outcome").select_option("hung")
    assert shown.all_text_contents() == []
    page.get_by_label("Release begins with").fill("")
    page.get_by_label("Outcome").select_option("")
    page.get_by_label("only where something changed").check()
    assert shown.all_text_contents() == ["0.17.5", "0.12.3", "0.11.0", "0.0.5"]


def test_the_diff_names_the_cases_that_two_releases_differ_in(page: Page, folder: Path) -> None:
    """It begins with the newest boundary, and says so where nothing differs."""
    page.goto(address(folder, "history.html"))
    answer = page.locator("#diff-answer")
    expect(page.get_by_label("From")).to_have_value("0.17.4")
    expect(answer.locator("caption")).to_have_text("12 of 12 cases changed")
    page.get_by_label("From").select_option("0.12.2")
    page.get_by_label("To", exact=True).select_option("0.12.3")
    expect(answer.locator("caption")).to_have_text("1 of 12 cases changed")
    expect(answer.get_by_role("row", name="pipelined")).to_contain_text("hung where all of it comes in one segment")
    page.get_by_label("Parser").select_option("h11")
    expect(answer).to_have_text("Nothing: 0.12.2 and 0.12.3 do the same, offset by offset.")


def test_a_diff_can_be_sent_on(page: Page, folder: Path) -> None:
    """The two releases and the parser stand in the link."""
    page.goto(address(folder, "history.html#0.12.2..0.12.3/httptools"))
    expect(page.get_by_label("To", exact=True)).to_have_value("0.12.3")
    expect(page.locator("#diff-answer caption")).to_have_text("1 of 12 cases changed")


def test_without_javascript_the_pages_answer_too(chromium: Browser, folder: Path) -> None:
    """What needs it is not shown; the boundary stands there, and each release leads to its page."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    expect(page.locator("#look-up")).to_be_hidden()
    expect(page.get_by_role("main")).to_contain_text("uvicorn 0.0.5 to 0.17.4 are affected; 0.17.5 and later are not.")
    page.get_by_text("List them").click()
    page.get_by_role("link", name="0.16.0", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("uvicorn 0.16.0")
    page.goto((folder / "history/httptools.html").as_uri())
    expect(page.locator("#filter")).to_be_hidden()
    assert page.locator("#releases tbody tr").count() == len(releases()) - 4
    context.close()

"""The page that shows the wire, in a real browser, opened from a folder."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.probe.cases import load_cases
from scripts.recorder.record import CASES, VARIANTS, read_recording
from scripts.recorder.recording import Recording, unfolded
from scripts.report.site.wire import PAGE, shown
from tests.contrast import FAINT_TEXTS

PROJECT = Path(__file__).resolve().parents[3]

TITLES = {name: f"uvicorn {name.removeprefix('v')}" for name in VARIANTS}

SEEN = """([name, last]) => {
  const found = [];
  location.hash = "#" + name + "/0";
  showCase(name, 0);
  for (let offset = 0; offset <= last; offset++) {
    move(offset);
    found.push([...document.querySelectorAll(".side")].map((side) => [
      side.querySelector(".badge").textContent,
      [...side.querySelectorAll(".read code, .call b")].map((piece) => piece.textContent),
      document.querySelectorAll("#bytes span:not(.second)").length,
    ]));
  }
  return found;
}"""
"""Moves through all offsets of a case; returns what each side shows of what was read and what callbacks got."""


@pytest.fixture(scope="module")
def address(folder: Path) -> str:
    """Return where the page is."""
    return (folder / PAGE).as_uri()


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Return the committed recording."""
    return read_recording(PROJECT)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Open a window of a desktop's size."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """Open the page; whatever it does, nothing is to be said on the console, and no host is to be asked."""
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page
    assert said == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert any(url.endswith("wire.js") for url in asked)


def steps(page: Page, variant: str) -> str:
    """Return the text of a side's steps."""
    return page.get_by_role("region", name=TITLES[variant]).locator(".steps").inner_text()


def test_the_page_is_small(folder: Path) -> None:
    """Below 200 KB, with all that belongs to it."""
    assert sum((folder / name).stat().st_size for name in (PAGE, "wire.css", "wire.js", "style.css")) < 200_000


def test_without_javascript_it_shows_where_admin_is_served(chromium: Browser, address: str) -> None:
    """Both releases at one offset, and no control that does nothing."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#told")).to_have_text("Split at 15: 0.17.4 misrouted, 0.17.5 intact.")
    assert "Misrouted: the client gets a complete answer, to\n/admin&story=0+1+2+3%20+http://evil/x" in steps(
        page, "v0.17.4"
    )
    assert 'on_url(b"/admin&story=0+1+2+3%20+http://evil/x")' in steps(page, "v0.17.5")
    for control in page.locator("input, select, button, #about").all():
        expect(control).to_be_hidden()
    context.close()


def test_the_offset_moves_by_keyboard(page: Page) -> None:
    """From the slider that Tab reaches: one byte on, to both ends; the address keeps it."""
    slider = page.get_by_role("slider", name="Offset of the split")
    while not slider.evaluate("slider => slider === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#told")).to_have_text("Split at 16: 0.17.4 dropped, 0.17.5 intact.")
    assert "HttpParserInvalidURLError: invalid url b'admin&story" in steps(page, "v0.17.4")
    assert page.url.endswith("#misroute/16")
    page.keyboard.press("Home")
    expect(page.locator("#told")).to_have_text("Sent whole: 0.17.4 intact, 0.17.5 intact.")
    page.keyboard.press("End")
    expect(page.locator("#told")).to_have_text("Split at 73: 0.17.4 intact, 0.17.5 intact.")


def test_a_screen_reader_hears_where_the_offset_is(page: Page) -> None:
    """The slider's value is a sentence, and the status says it politely once the offset rests."""
    page.get_by_role("slider").press("ArrowLeft")
    said = "Split at 14: 0.17.4 dropped, 0.17.5 intact."
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", said)
    expect(page.get_by_role("status")).to_have_text(said)


def test_the_offset_moves_by_pointing_at_a_byte(page: Page) -> None:
    """A press splits before the byte, and the split follows a pointer that is held down."""
    bytes_ = page.locator("#bytes span")
    bytes_.nth(39).hover()
    page.mouse.down()
    expect(page.locator("#told")).to_contain_text("Split at 39: 0.17.4 misrouted")
    bytes_.nth(43).hover()
    expect(page.locator("#told")).to_contain_text("Split at 43: 0.17.4 dropped")
    page.mouse.up()
    bytes_.nth(50).hover()
    expect(page.locator("#told")).to_contain_text("Split at 43")
    assert page.url.endswith("#misroute/43")


def test_the_offset_moves_by_touch(chromium: Browser, address: str) -> None:
    """A tap on a byte of a phone's page splits before it."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    page.locator("#bytes span").nth(50).tap()
    expect(page.locator("#told")).to_contain_text("Split at 50: 0.17.4 misrouted")
    context.close()


def test_the_buttons_go_from_change_to_change(page: Page) -> None:
    """Each leads to where the older release begins to do something else, and round at the ends."""
    found = []
    for _ in range(3):
        page.get_by_role("button", name="Next change").click()
        found.append(page.locator("#told").inner_text().partition(",")[0])
    assert found == ["Split at 16: 0.17.4 dropped", "Split at 39: 0.17.4 misrouted", "Split at 43: 0.17.4 dropped"]
    for _ in range(4):
        page.get_by_role("button", name="Previous change").click()
    expect(page.locator("#told")).to_contain_text("Split at 5: 0.17.4 dropped")
    page.get_by_role("button", name="Previous change").click()
    expect(page.locator("#told")).to_contain_text("Split at 53: 0.17.4 intact")


def test_buttons_move_by_one_byte(page: Page) -> None:
    """A finger on a slider is wider than a byte."""
    page.get_by_role("button", name="One byte on").click()
    expect(page.locator("#told")).to_contain_text("Split at 16")
    for _ in range(2):
        page.get_by_role("button", name="One byte back").click()
    expect(page.locator("#told")).to_contain_text("Split at 14")


def test_a_step_that_is_pointed_at_lights_its_bytes(page: Page) -> None:
    """What a callback got is seen in the request."""
    page.locator(".side").first.get_by_text("on_url").first.hover()
    expect(page.locator("#bytes .lit")).to_have_text(list("/view?next="))
    page.locator("h1").hover()
    expect(page.locator("#bytes .lit")).to_have_count(0)


def test_another_request_begins_where_it_is_misrouted(page: Page) -> None:
    """With its own bytes, and the slider's own end."""
    page.get_by_label("Request").select_option("post")
    expect(page.locator("#told")).to_have_text("Split at 28: 0.17.4 misrouted, 0.17.5 intact.")
    expect(page.get_by_role("slider")).to_have_attribute("max", "135")
    assert 'body = b"story=0+1+2"' in steps(page, "v0.17.4")
    assert page.url.endswith("#post/28")
    assert page.get_by_role("link", name="More on this case").get_attribute("href") == "cases/post.html"


def test_an_address_that_was_sent_on_opens_at_its_offset(page: Page, address: str) -> None:
    """Case and offset; one that is none leaves the page as it was."""
    page.evaluate("location.hash = '#pipelined/60'")
    expect(page.locator("#told")).to_have_text("Split at 60: 0.17.4 dropped, 0.17.5 intact.")
    assert "Dropped: the second request gets no answer." in steps(page, "v0.17.4")
    page.evaluate("location.hash = '#pipelined/999'")
    expect(page.locator("#told")).to_contain_text("Split at 98")
    page.goto(f"{address}#nothing/1")
    page.reload()
    expect(page.locator("#told")).to_contain_text("Split at 15")


@pytest.mark.parametrize("name", CASES)
def test_every_offset_shows_what_was_recorded(page: Page, recording: Recording, name: str) -> None:
    """On both sides: the outcome, what was read, what each callback got; segment 1 has as many bytes as the offset."""
    data = load_cases(PROJECT)[name].data.decode()
    recorded = [unfolded(recording.sides[variant].cases[name]) for variant in VARIANTS]
    seen = page.evaluate(SEEN, [name, len(data) - 1])
    assert len(seen) == len(data)
    for offset, sides in enumerate(seen):
        for side, (outcome, pieces, first) in enumerate(sides):
            at = recorded[side][offset]
            spans = [
                part for step in at.steps if step.kind in {"read", "call"} for value in step.values for part in value
            ]
            assert outcome == at.outcome
            assert pieces == [
                shown(data[start:end]) for start, end in (span for span in spans if not isinstance(span, str))
            ]
            assert first == (offset or len(data))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 836, 1280])
def test_all_is_easy_to_read_at_each_width(chromium: Browser, address: str, scheme: str, width: int) -> None:
    """Nothing is wider than the window, and every text stands out from its ground."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    for place in ("#misroute/16", "#websocket/27"):
        page.goto(f"{address}{place}")
        expect(page.locator("#told")).to_contain_text(re.search(r"\d+", place).group())  # type: ignore[union-attr]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(FAINT_TEXTS) == []
    context.close()

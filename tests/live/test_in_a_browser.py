"""The live page in a real browser: the story, the probe as it draws, two tabs, a platform that dies."""

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from scripts.platforms.local.messages import read_state
from scripts.platforms.local.places import Places
from tests.contrast import FAINT_TEXTS
from tests.live.conftest import AFFECTED, PATCHED, Running, until
from tests.platforms.stage import is_alive
from tests.screenshots import SHOTS, WIDTHS

AFTER = "v0.12.3"
"""A variant that is deployed while the page is open."""

PROBED = 120_000
"""Milliseconds that all cases of a variant may take on a busy machine."""

SOON = 60_000


WAITED_FOR = """() => performance.getEntriesByType("resource")
  .filter((each) => each.renderBlockingStatus === "blocking").map((each) => new URL(each.name).pathname)"""
"""A function for the page: returns the paths of what its browser waited for before it painted anything."""


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Let what is expected take longer than usual: the machine may be busy with other tests."""
    expect.set_options(timeout=SOON)
    yield
    expect.set_options(timeout=5_000)


class Tab:
    """A page of the browser, with what it complained of and whom it asked."""

    def __init__(self, context: BrowserContext, running: Running) -> None:
        """Open the live page."""
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(re.sub(r"(?<=[a-z0-9])/.*", "", request.url)))
        self.page.goto(running.url)

    def variant(self, name: str) -> Locator:
        """Return a variant's part of the page."""
        return self.page.get_by_role("article", name=name, exact=True)

    def probe(self, name: str) -> None:
        """Press a variant's button."""
        self.variant(name).get_by_role("button").click()

    def strip(self, variant: str, case: str) -> Locator:
        """Return the strip of a variant's case."""
        return self.variant(variant).get_by_role("img", name=f"{case}:")

    def is_over(self, variant: str) -> None:
        """Wait until a variant's probe is over."""
        expect(self.variant(variant).get_by_role("status")).to_have_text("Probed.", timeout=PROBED)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Open a phone's browser."""
    made = chromium.new_context(viewport={"width": 390, "height": 844})
    made.set_default_timeout(SOON)
    yield made
    made.close()


@pytest.fixture
def tab(context: BrowserContext, running: Running) -> Iterator[Tab]:
    """Open the page; it may complain of nothing, and ask no other host than this machine's router."""
    running.wait()
    until(lambda: 'role="status">Probing' not in running.shown(), seconds=PROBED / 1000)
    opened = Tab(context, running)
    yield opened
    assert opened.complaints == []
    assert {host for host in opened.asked if f"localhost:{running.port}" not in host and host != "data:image"} == set()


def set_segment(page: Page, size: int) -> None:
    """Set the segment size with the page's form."""
    page.get_by_label("Bytes in a segment").fill(str(size))
    page.get_by_role("button", name="Set").click()
    page.wait_for_url(re.compile("#segment$"))


def submit(context: BrowserContext, address: str) -> str:
    """Submit the form of an app, and return what its visitor reads."""
    page = context.new_page()
    page.goto(address)
    page.locator("form[method=post]").first.locator("button").click()
    page.wait_for_load_state()
    text = page.locator("body").inner_text()
    page.close()
    return text


def test_the_story_is_told_on_one_page(tab: Tab, context: BrowserContext, running: Running) -> None:
    """In segments of 1460 bytes the affected form fails and the patched one works; whole, both work."""
    assert "Application error" in submit(context, running.app(AFFECTED))
    assert "997 998 999" in submit(context, running.app(PATCHED))
    failed = tab.page.get_by_role("region", name="The request that failed last")
    expect(failed).to_contain_text(
        re.compile(r"v0\.12\.1.*H13 Connection closed without response: segment 2 began with")
    )
    expect(failed.get_by_role("listitem").filter(has_text="segment 1, bytes 0 to 1,459")).to_contain_text(
        "GET /view?story=0+1"
    )
    steps = failed.get_by_role("region", name="What uvicorn 0.12.1 makes of it")
    expect(steps).to_contain_text("HttpParserInvalidURLError")
    expect(steps).to_contain_text("closes the connection")
    expect(tab.page.get_by_label("The last lines of the router")).to_contain_text('code=H13 desc="Connection closed')
    set_segment(tab.page, 0)
    expect(tab.page.locator("#segment-now")).to_contain_text("sends heads on whole")
    assert running.segment_bytes() == "0"
    assert "997 998 999" in submit(context, running.app(AFFECTED))
    set_segment(tab.page, 1460)
    assert "Application error" in submit(context, running.app(AFFECTED))


def test_a_probe_draws_its_strips_as_the_outcomes_come(tab: Tab, running: Running) -> None:
    """Some before the case is over, at the end what the verdict says, and how long that took."""
    tab.probe(AFFECTED)
    on_its_way = tab.variant(AFFECTED).get_by_role("progressbar", name="form")
    expect(on_its_way).to_be_visible()
    expect(tab.strip(AFFECTED, "form").locator("rect.dropped")).not_to_have_count(0)
    tab.is_over(AFFECTED)
    tab.probe(AFFECTED)
    expect(tab.strip(AFFECTED, "form")).to_have_attribute("aria-label", re.compile("3,901 of 3,926 splits dropped"))
    tab.is_over(AFFECTED)
    expect(tab.strip(AFFECTED, "form")).to_have_attribute("aria-label", re.compile(r"\(drawn in [0-9.]+ s"))
    misroute = tab.strip(AFFECTED, "misroute")
    expect(misroute).to_have_attribute("aria-label", re.compile("8 of 73 splits misrouted"))
    expect(misroute.locator("rect.misrouted")).to_have_count(4)
    assert running.answers()


def test_two_tabs_see_the_same_and_wait_for_each_other(tab: Tab, context: BrowserContext, running: Running) -> None:
    """The second probe of a variant waits for the first one, and both tabs say so."""
    other = Tab(context, running)
    tab.probe(PATCHED)
    expect(other.variant(PATCHED).get_by_role("progressbar").first).to_be_visible()
    other.probe(PATCHED)
    for each in (tab, other):
        expect(each.variant(PATCHED).get_by_role("status")).to_contain_text("one more waits for its turn")
    set_segment(other.page, 700)
    expect(tab.page.locator("#segment-now")).to_contain_text("in segments of 700 bytes")
    set_segment(other.page, 1460)
    for each in (tab, other):
        each.is_over(PATCHED)
        expect(each.strip(PATCHED, "form")).to_have_attribute("aria-label", re.compile("all 3,926 splits intact"))
    assert other.complaints == []


def test_a_probe_of_what_is_replaced_says_so(tab: Tab, running: Running) -> None:
    """What was measured is of another process."""
    tab.probe(PATCHED)
    expect(tab.variant(PATCHED).get_by_role("progressbar").first).to_be_visible()
    (row,) = json.loads(running.clone.done("ps", JSON="1", VARIANT=PATCHED))
    os.kill(row["pid"], signal.SIGKILL)
    expect(tab.variant(PATCHED).get_by_role("status")).to_contain_text("Another process serves it now")
    expect(tab.variant(PATCHED)).to_contain_text("restarted once")


def test_the_keyboard_alone_is_enough(tab: Tab) -> None:
    """A button that was pressed keeps the focus while the page around it changes."""
    tab.page.keyboard.press("Tab")
    expect(tab.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    button = tab.variant(AFFECTED).get_by_role("button")
    while not button.evaluate("button => button === document.activeElement"):
        tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    expect(tab.variant(AFFECTED).get_by_role("status")).to_contain_text("Probing")
    tab.is_over(AFFECTED)
    expect(button).to_be_focused()


def test_a_page_of_an_older_process_renews_itself(tab: Tab, running: Running) -> None:
    """A tab that was left open over night has a form that works."""
    before = tab.page.locator("input[name=token]").first.input_value()
    os.kill(running.page_process(), signal.SIGKILL)
    expect(tab.page.locator("input[name=token]").first).not_to_have_value(before, timeout=60_000)
    expect(tab.page.locator("#connection")).to_be_hidden()
    set_segment(tab.page, 536)
    set_segment(tab.page, 1460)
    tab.complaints.clear()  # the browser's own, of the connection that broke


def test_a_page_that_was_never_looked_at_is_not_taken_for_one_of_the_process_that_answers(
    chromium: Browser, running: Running
) -> None:
    """A tab in the background hears of no process until it is seen: what it shows may be of one that has ended."""
    running.wait()
    os.kill(running.page_process(), signal.SIGKILL)
    running.clone.done("deploy", VARIANT=AFFECTED)
    running.wait()
    context = chromium.new_context()
    context.route("**/events", lambda route: route.abort())
    page = context.new_page()
    page.goto(running.url)
    expect(page.locator("#segment-now")).to_contain_text("in segments of 1,460 bytes")
    os.kill(running.page_process(), signal.SIGKILL)
    running.clone.done("deploy", VARIANT=AFFECTED, SEGMENT="700")
    running.wait()
    context.unroute("**/events")
    expect(page.locator("#segment-now")).to_contain_text("in segments of 700 bytes")
    context.close()
    running.clone.done("deploy", VARIANT=AFFECTED)


def test_a_deploy_leaves_what_an_open_page_shows_of_the_others(tab: Tab, running: Running) -> None:
    """The list gets another variant, and each of the others keeps its state and its address."""
    expect(tab.variant(AFFECTED)).to_contain_text("Has the issue? Yes.")
    running.clone.done("deploy", VARIANT=AFTER)
    expect(tab.variant(AFTER)).to_contain_text("Has the issue?")
    expect(tab.variant(AFFECTED)).to_contain_text("Has the issue? Yes.")
    expect(tab.variant(AFFECTED).get_by_role("link")).to_have_text(running.app(AFFECTED))


def test_without_javascript_the_page_is_as_true_as_its_last_reload(chromium: Browser, running: Running) -> None:
    """State, log and both forms work."""
    running.wait()
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(running.url)
    expect(page.get_by_role("article", name=AFFECTED, exact=True)).to_contain_text("Has the issue? Yes.")
    set_segment(page, 0)
    expect(page.locator("#segment-now")).to_contain_text("sends heads on whole")
    set_segment(page, 1460)
    page.get_by_role("article", name=AFFECTED, exact=True).get_by_role("button").click()
    page.wait_for_url(re.compile("#variant-v0-12-1$"))
    until(lambda: "Probed." in running.shown(), seconds=PROBED / 1000)
    page.reload()
    expect(page.get_by_role("img", name="form: 3,901 of 3,926 splits dropped")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_and_reads_well_at_each_width(
    chromium: Browser, running: Running, width: int, scheme: str
) -> None:
    """Nothing sticks out sideways, each text stands out from its ground; a picture is kept."""
    running.wait()
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    submit(context, running.app(AFFECTED))
    tab = Tab(context, running)
    expect(tab.page.get_by_text("What uvicorn 0.12.1 makes of it")).to_be_visible(timeout=SOON)
    tab.page.screenshot(path=SHOTS / f"live-{width}-{scheme}.png", full_page=True)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate(FAINT_TEXTS) == []
    assert tab.complaints == []
    tab.page.goto(f"http://127.0.0.1:{running.port}/")
    tab.page.screenshot(path=SHOTS / f"live-unknown-{width}-{scheme}.png", full_page=True)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate(FAINT_TEXTS) == []
    context.close()


def test_nothing_but_its_own_styles_is_waited_for_before_the_first_paint(
    context: BrowserContext, running: Running
) -> None:
    """Neither its script nor its stream: what it shows is there when the page is."""
    running.wait()
    page = context.new_page()
    page.goto(running.url)
    assert sorted(page.evaluate(WAITED_FOR)) == ["/live.css", "/style.css", "/wire.css"]
    page.close()


def test_a_platform_that_dies_is_told_and_its_return_too(tab: Tab, running: Running) -> None:
    """What stands on the page is then old; the next deploy brings the page back by itself."""
    state = read_state(Places(running.clone.root))
    assert state
    os.kill(state.pid, signal.SIGKILL)
    until(lambda: not is_alive(state.pid))
    banner = tab.page.locator("#connection")
    expect(banner).to_contain_text("The platform does not answer")
    assert "v0.12.1: up" in running.clone.verb("deploy", VARIANT=AFFECTED).stderr
    running.wait()
    expect(banner).to_be_hidden(timeout=60_000)
    expect(tab.variant(PATCHED)).to_contain_text("up")
    tab.complaints.clear()  # the browser's own, of the connection that broke

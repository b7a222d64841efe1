"""The app's pages in a real browser, with light and with dark colours."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.app.server import ENVIRONMENTS, Server
from tests.contrast import FAINT_TEXTS

# What a browser makes of the pages depends on their bytes alone, and those are compared on all servers elsewhere.
pytestmark = pytest.mark.parametrize("server", [(ENVIRONMENTS["current"], "httptools")], indirect=True, ids=["current"])


@pytest.fixture(params=["light", "dark"])
def page(chromium: Browser, request: pytest.FixtureRequest, server: Server) -> Iterator[Page]:
    """Open a page as wide as a phone, on a system with light or dark colours."""
    context = chromium.new_context(
        base_url=f"http://127.0.0.1:{server.port}", viewport={"width": 390, "height": 844}, color_scheme=request.param
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("target", ["/", "/view?story=a", "/admin", "/nowhere"])
def test_all_text_is_easy_to_read(page: Page, target: str) -> None:
    """Every text stands out from what is behind it, in both colour schemes."""
    page.goto(target)
    assert page.evaluate(FAINT_TEXTS) == []


def test_the_page_follows_the_systems_colours(page: Page, request: pytest.FixtureRequest) -> None:
    """The style is applied under the page's own policy: light ground on a light system, dark on a dark one."""
    page.goto("/")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")) / 3
    assert brightness > 200 if "light" in request.node.callspec.id else brightness < 55


def test_the_browser_has_nothing_to_complain_of(page: Page) -> None:
    """No blocked style or icon, no failed fetch: the console stays empty, and the page is all that is asked for."""
    complaints: list[str] = []
    fetched: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: fetched.append(request.url.partition("/view")[2]))
    page.goto("/view?story=a")
    page.wait_for_load_state("networkidle")
    assert complaints == []
    assert fetched == ["?story=a"]


def test_a_segment_size_is_chosen_without_leaving_the_form(page: Page) -> None:
    """The story is filled up anew, the page shows the second form again, and the field keeps the number."""
    page.goto("/")
    page.get_by_label("Bytes in a segment").fill("536")
    page.get_by_role("button", name="Fill up").click()
    story = page.get_by_label("Story, filled up to byte 536")
    assert len("GET /view?story=" + story.input_value()) == 536 + len("/admin")
    assert page.get_by_label("Bytes in a segment").input_value() == "536"
    assert page.url.endswith("/?segment=536#misroute")

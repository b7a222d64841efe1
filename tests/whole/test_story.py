"""The original's own story, in a real browser: submit the form and see what the visitor of an affected app sees."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.whole.conftest import Clone


@pytest.fixture(scope="module")
def addresses(clone: Clone) -> dict[str, str]:
    """Deploy an affected variant and the patched one, and return their addresses."""
    return {
        name: clone.done("deploy", VARIANT=name, PORT=port).strip()
        for name, port in (("v0.12.1", "0"), ("patched", "0"))
    }


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open a page as wide as a phone."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def submit(page: Page, address: str, form: int) -> None:
    """Open the app and press the button of one of its forms."""
    page.goto(address)
    page.locator("form[method=post]").nth(form).locator("button").click()
    page.wait_for_load_state()


def test_the_affected_app_fails_when_its_form_is_submitted(clone: Clone, addresses: dict[str, str], page: Page) -> None:
    """The visitor sees the router's error page, and the keeper finds H13 in the log."""
    submit(page, addresses["v0.12.1"], 0)
    assert page.title() == "Application error"
    said = page.locator("body").inner_text()
    assert "H13" in said
    assert re.search(r"without sending an answer: segment 2 began with `[0-9+]{8}`, which is no URL\.", said)
    assert "make logs VARIANT=v0.12.1" in said
    log = clone.done("logs", VARIANT="v0.12.1", FULL="1")
    line = [each for each in log.splitlines() if "heroku[router]" in each and 'path="/view' in each][-1]
    assert 'at=error code=H13 desc="Connection closed without response" method=GET' in line
    assert " status=503 " in line
    assert max(map(len, re.findall(r'path="([^"]*)"', clone.done("logs", VARIANT="v0.12.1")))) < 220
    page.get_by_role("link", name="Back to v0.12.1").click()
    assert page.url == addresses["v0.12.1"]


def test_the_patched_app_shows_the_numbers(addresses: dict[str, str], page: Page) -> None:
    """The same release with the URL joined serves the story."""
    submit(page, addresses["patched"], 0)
    assert "997 998 999" in page.locator("body").inner_text()
    assert "/view?story=0+1+2" in page.url


def test_the_affected_app_serves_another_page_than_the_one_asked_for(addresses: dict[str, str], page: Page) -> None:
    """The second form asks for /view, and the app is asked for /admin."""
    submit(page, addresses["v0.12.1"], 1)
    assert "/view?story=" in page.url
    assert page.locator("h1").inner_text() != ""
    assert "/admin" in page.locator("body").inner_text()
    with page.expect_response("**/*") as answer:
        page.reload()
    assert answer.value.headers["x-asked-for"] == "/admin"


def test_the_patched_app_serves_the_page_asked_for(addresses: dict[str, str], page: Page) -> None:
    """The second form leads to its story there."""
    page.goto(addresses["patched"])
    with page.expect_response(lambda response: "/view?story=" in response.url) as answer:
        page.locator("form[method=post]").nth(1).locator("button").click()
    assert answer.value.headers["x-asked-for"].startswith("/view?story=")


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_its_screen(addresses: dict[str, str], chromium: Browser, width: int) -> None:
    """Nobody has to scroll sideways: not in the app, not on the error page."""
    context = chromium.new_context(viewport={"width": width, "height": 700})
    page = context.new_page()
    for path in ("", "view?story=" + "x" * 500, "admin", "nowhere", "view?story=" + "x" * 3000):
        page.goto(addresses["v0.12.1"] + path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    context.close()


def test_a_second_deploy_does_nothing(clone: Clone, addresses: dict[str, str]) -> None:
    """What runs already is left alone, and its address is printed again."""
    again = clone.verb("deploy", VARIANT="v0.12.1")
    assert again.stdout.strip() == addresses["v0.12.1"]
    assert "nothing to do" in again.stderr

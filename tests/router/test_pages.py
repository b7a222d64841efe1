"""The router's own pages."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scripts.router.codes import CODES, RequestFailed
from scripts.router.pages import Page, failure, no_such_app
from scripts.router.segments import FORM_SEGMENTS

EVIL = "<script>alert(1)</script>\"'&"


class Elements(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page: Page) -> None:
        """Read a rendered page."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self.title = ""
        self.feed(page.html().decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and its attributes."""
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        """Note text."""
        if self.tags[-1:] == ["title"] and not self.title:
            self.title = data
        self.text += data


@pytest.mark.parametrize("name", [code.name for code in CODES.values() if code.status != 499])
def test_a_failure_says_its_code_its_sentence_and_its_status(name: str) -> None:
    """Each code's page says which it was, in Heroku's words and in a sentence, and the status."""
    code = CODES[name]
    text = Elements(failure(RequestFailed(name), "request-1")).text
    assert name in text
    assert code.desc in text
    assert code.sentence in text
    assert str(code.status) in text
    assert "request-1" in text


def test_a_failing_app_is_titled_application_error() -> None:
    """The page has Heroku's title."""
    assert Elements(failure(RequestFailed("H13"), "")).title == "Application error"


def test_a_failed_request_is_told_in_a_line_with_the_command_and_the_way_back() -> None:
    """The variant by its name, what broke it, the log command as it is to be typed, links to the app and the page."""
    page = failure(
        RequestFailed("H13"), "", variant="v0.12.1", broke="segment 2 began with `2`", home="http://localhost:8344/"
    )
    elements = Elements(page)
    assert "The app closed the connection without sending an answer: segment 2 began with `2`." in elements.text
    assert "make logs VARIANT=v0.12.1" in elements.text
    assert "Back to v0.12.1" in elements.text
    assert elements.attributes["href"] == ["/", "http://localhost:8344/"]


@pytest.mark.parametrize(
    ("size", "back"),
    [(1460, "/"), (0, "/"), (15, "/"), (16, "/?segment=16"), (8000, "/?segment=8000"), (8001, "/")],
)
def test_the_way_back_leads_to_the_form_for_the_segment_size_that_holds(size: int, back: str) -> None:
    """Where the form takes that size."""
    elements = Elements(failure(RequestFailed("H13"), "", variant="v0.12.1", segment_bytes=size))
    assert elements.attributes["href"] == [back]


def test_the_forms_segment_sizes_are_the_apps() -> None:
    """As its source has them."""
    source = (Path(__file__).parents[2] / "common/app/app.py").read_text("utf-8")
    (written,) = re.findall(r'^SEGMENTS = range\(len\("([^"]+)"\), (\d+)\)$', source, re.MULTILINE)
    assert range(len(written[0]), int(written[1])) == FORM_SEGMENTS


def test_a_refused_request_is_not_called_the_apps_error() -> None:
    """The client's fault has another title, and its cause."""
    elements = Elements(failure(RequestFailed("H26", cause="there is no Host"), ""))
    assert elements.title == "Bad request"
    assert "there is no Host" in elements.text


@pytest.mark.parametrize(
    "page",
    [
        failure(RequestFailed("H26", cause=EVIL), EVIL, variant=EVIL, broke=EVIL, home=EVIL),
        no_such_app([EVIL], 8344, home=EVIL),
    ],
    ids=["failure", "no such app"],
)
def test_what_a_page_holds_stays_text(page: Page) -> None:
    """Nothing that a page is given becomes an element or an attribute of its own."""
    elements = Elements(page)
    assert "script" not in elements.tags
    assert EVIL in elements.text
    assert not [name for name in elements.attributes if name.startswith("on")]


@pytest.mark.parametrize(
    "page", [failure(RequestFailed("H13"), "x"), no_such_app(["a.localhost"], 8344)], ids=["H13", "404"]
)
def test_a_page_loads_nothing(page: Page) -> None:
    """A page works without a network: no address in it but the links to the apps."""
    elements = Elements(page)
    assert not {"script", "link", "img", "iframe"} & set(elements.tags)
    assert "src" not in elements.attributes
    assert not re.search(rb"url\(|@import", page.html())
    assert set(elements.attributes.get("href", [])) == set(page.links)


def test_the_known_apps_are_links() -> None:
    """A page for an unknown host leads to the apps that there are, each by its address."""
    elements = Elements(no_such_app(["b.localhost", "a.localhost"], 8344))
    assert elements.attributes["href"] == ["http://a.localhost:8344/", "http://b.localhost:8344/"]


def test_without_an_app_the_page_says_how_to_start_one() -> None:
    """There is no empty list: the page names the command."""
    assert "make deploy" in Elements(no_such_app([], 8344)).text

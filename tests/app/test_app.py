"""The app's pages and answers, from real servers: Quart 0.13 on Python 3.8 and the current Quart on 3.13."""

import base64
import hashlib
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.app.conftest import VARIANT
from tests.app.pages import Page
from tests.app.server import Server

NUMBERS = " ".join(str(number) for number in range(1000))
PAGES = ["/", "/view?story=a", "/view", "/admin", "/nowhere"]

# The servers answer in milliseconds, but a busy machine may not.
properties = settings(max_examples=40)


def test_the_first_form_holds_the_numbers(server: Server) -> None:
    """The form of the original: a textarea with 0 to 999, and a button that posts it to /create-new."""
    form = Page(server.ask("/").text).forms[0]
    assert (form.action, form.method) == ("/create-new", "post")
    assert form.value("story") == NUMBERS


def test_the_redirect_makes_a_long_request_line(server: Server) -> None:
    """The numbers lead to a relative address that makes 3,901 bytes of URL."""
    location = server.redirect(NUMBERS)
    assert location == "view?story=" + "+".join(str(number) for number in range(1000))
    assert len("/" + location) == 3901


def test_the_view_shows_the_numbers(server: Server) -> None:
    """The redirect's end shows the story, how long it is, and how long its URL is."""
    page = Page(server.ask("/" + server.redirect(NUMBERS)).text)
    assert page.story == NUMBERS
    assert "3,889 characters" in page.text
    assert "3,901 bytes" in page.text


@pytest.mark.parametrize("target", ["/view", "/view?story=", "/view?other=1"])
def test_a_view_without_a_story_says_so(server: Server, target: str) -> None:
    """No story is no error."""
    answer = server.ask(target)
    assert answer.status == 200
    assert "It is empty" in Page(answer.text).text


@pytest.mark.parametrize("target", ["/", "/view?story=5"])
def test_one_is_not_many(server: Server, target: str) -> None:
    """A single character and a single byte are counted as one speaks."""
    text = Page(server.ask(target).text).text
    assert not re.search(r"\b1 (characters|bytes)\b", text)
    assert re.search(r"\b1 (character|byte)\b", text)


@pytest.mark.parametrize(
    "story",
    [
        "<script>alert(1)</script>",
        """"><img src=x onerror='alert("1")'>""",
        "</pre></textarea></main><form action=/elsewhere>",
        "{{ 7*7 }} {% raw %} {# hidden #} ${7*7}",
        "&lt;b&gt; &amp;amp;",
    ],
)
def test_a_hostile_story_is_text(server: Server, story: str) -> None:
    """Markup and template syntax come out as they went in, and add no element to the page."""
    page = Page(server.ask("/" + server.redirect(story)).text)
    assert page.story == story
    plain = Page(server.ask("/view?story=a").text)
    assert [element.tag for element in page.elements] == [element.tag for element in plain.elements]


@pytest.mark.parametrize("path", ["/<script>alert(1)</script>", "/'>{{7*7}}&lt;", """/"'>{{7*7}}&lt;"""])
def test_a_hostile_address_is_text(server: Server, path: str) -> None:
    """What the page says that it was asked for adds no element to it either; zttp lets no quotation mark through."""
    answer = server.ask(path)
    if server.http == "zttp" and '"' in path:
        assert (answer.status, answer.body) == (400, b"Invalid HTTP request received.")
        return
    page = Page(answer.text)
    assert page.all("dd")[-1].text == path
    plain = Page(server.ask("/nowhere").text)
    assert [element.tag for element in page.elements] == [element.tag for element in plain.elements]


@pytest.mark.parametrize(
    "story",
    [
        "100% + 20% & more = 5; really? #1 %41 %2B +",
        "Grüße, 世界, 🙂, e\u0301",
        " spaces  around ",
        "\nfirst line break",
        "tab\tand null \0",
    ],
)
def test_a_story_comes_back_as_it_was(server: Server, story: str) -> None:
    """Characters that mean something in a URL, and those that are not ASCII, survive the redirect."""
    assert Page(server.ask("/" + server.redirect(story)).text).story == story


@properties
@given(story=st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_story_comes_back(server: Server, story: str) -> None:
    """Whatever is submitted is shown; a browser's CRLF is a line break."""
    page = Page(server.ask("/" + server.redirect(story)).text)
    assert page.story == story.replace("\r\n", "\n")


def test_line_breaks_are_sent_as_one_byte(server: Server) -> None:
    """The CRLF of a browser's textarea makes one line break of the story, a lone CR stays."""
    assert server.redirect("a\r\nb\rc\n") == "view?story=a%0Ab%0Dc%0A"


def test_slashes_and_colons_stay_readable(server: Server) -> None:
    """A story may hold what looks like a path or another URL, as the misroute needs."""
    assert server.redirect("/admin http://b/x") == "view?story=/admin+http://b/x"


@properties
@given(segment=st.integers(16, 8000))
@example(16)
@example(17)
@example(1460)
@example(8000)
def test_the_second_form_puts_admin_at_the_offset(server: Server, segment: int) -> None:
    """Its story makes a request line with /admin at the first byte of the second segment and at the URL's end."""
    page = Page(server.ask(f"/?segment={segment}").text)
    form = page.forms[2]
    assert (form.action, form.method) == ("/create-new", "post")
    request_line = f"GET /{server.redirect(form.value('story'))} HTTP/1.1"
    assert request_line.startswith("GET /view?story=")
    assert request_line[segment:] == "/admin HTTP/1.1"
    assert request_line.count("/admin") == 1


def test_the_second_form_is_for_segments_of_1460_bytes(server: Server) -> None:
    """Without a choice the story fits the segments of Heroku's router."""
    page = Page(server.ask("/").text)
    assert page.forms[1].value("segment") == "1460"
    assert len("GET /view?story=" + page.forms[2].value("story")) == 1460 + len("/admin")


def test_the_segment_size_can_be_chosen_in_the_page(server: Server) -> None:
    """A small form asks for the page again, and its field allows exactly what the app accepts."""
    form = Page(server.ask("/?segment=536").text).forms[1]
    assert (form.method, form.action.partition("#")[0], form.value("segment")) == ("get", "/", "536")
    limits = form.fields["segment"].attributes
    assert (limits["type"], limits["min"], limits["max"]) == ("number", "16", "8000")


@pytest.mark.parametrize("size", ["15", "8001", "0", "-1", "", "abc", "1e3", "1460.0", "9" * 5000, "%D9%A1%D9%A6"])
def test_a_bad_segment_size_is_refused(server: Server, size: str) -> None:
    """A size that no story can be filled up to gets a page that says which sizes can be."""
    answer = server.ask(f"/?segment={size}")
    assert answer.status == 400
    assert "whole number from 16 to 8000" in Page(answer.text).text


def test_the_misroute_story_misroutes(server: Server) -> None:
    """Split where the second form says, an affected server asks the app for /admin, a sound one for /view."""
    location = server.redirect(Page(server.ask("/").text).forms[2].value("story"))
    head = f"GET /{location} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    answer = server.ask_in_two_segments(head, 1460)
    assert answer.status == 200
    url = "/admin" if server.affected else f"/{location}"
    assert answer.headers["X-Asked-For"] == (url if server.affected else f"{url[:256]}; {len(url)} bytes")
    assert ("This is /admin" in Page(answer.text).text) == server.affected


def test_admin_says_what_it_is(server: Server) -> None:
    """The page that nobody asked for explains itself."""
    text = Page(server.ask("/admin").text).text
    assert "This is /admin" in text
    assert "asked for /view and served another URL" in text


def test_about_names_what_answers(server: Server) -> None:
    """/about.json says what the server's command line and the pins say, though both parsers are installed."""
    facts = server.ask("/about.json").facts
    assert str(facts.pop("python")).startswith(f"{server.environment.python}.")
    assert facts == {
        "variant": VARIANT,
        "uvicorn": server.environment.version("uvicorn"),
        "http": server.http,
        "http_version": server.environment.version(server.http),
        "event_loop": server.loop,
        "quart": server.environment.version("quart"),
    }


@pytest.mark.parametrize("target", PAGES)
def test_each_page_names_what_answers(server: Server, target: str) -> None:
    """Every page, the error pages too, says to people what /about.json says to programs."""
    facts = server.ask("/about.json").facts
    terms = Page(server.ask(target).text).terms
    shown = [terms[name] for name in ("Variant", "uvicorn", "HTTP", "Event loop", "Python", "Quart")]
    names = ("variant", "uvicorn", "http", "event_loop", "python", "quart")
    expected = [str(facts[name]) for name in names]
    expected[2] += f" {facts['http_version']}"
    assert shown == expected


def test_a_head_has_no_body(server: Server) -> None:
    """HEAD gets the headers of GET alone."""
    head, whole = server.ask("/view?story=a", method="HEAD"), server.ask("/view?story=a")
    assert head.body == b""
    assert sorted(set(head.headers.keys())) == sorted(set(whole.headers.keys()))


def test_a_wrong_method_is_told_the_right_ones(server: Server) -> None:
    """405 names the methods that are allowed, always in the same order."""
    answer = server.ask("/create-new")
    assert (answer.status, answer.headers["Allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize(
    ("target", "form", "status"),
    [("/nowhere", None, 404), ("/create-new", None, 405), ("/create-new", {}, 400), ("/create-new", {"s": "1"}, 400)],
)
def test_errors_have_the_same_look(server: Server, target: str, form: dict[str, str] | None, status: int) -> None:
    """An error page names its status, leads back to the forms, and has the style of the others."""
    answer = server.ask(target, form=form)
    page = Page(answer.text)
    assert answer.status == status
    assert page.one("h1").text == str(status)
    assert page.one("style").text == Page(server.ask("/").text).one("style").text
    assert "/" in [link.attributes["href"] for link in page.all("a") if "main" in link.inside]


def test_a_story_that_is_far_too_long_is_refused(server: Server) -> None:
    """The app does not take in more than a demonstration needs."""
    assert server.ask("/create-new", form={"story": "a" * 60_000}).status == 302
    answer = server.ask("/create-new", form={"story": "a" * 70_000})
    assert answer.status == 413
    assert "too long" in Page(answer.text).text


@pytest.mark.parametrize("target", PAGES)
def test_nothing_runs_and_nothing_is_fetched(server: Server, target: str) -> None:
    """A page has no script and loads nothing, and its policy allows its own style alone."""
    answer = server.ask(target)
    page = Page(answer.text)
    assert not page.all("script")
    assert not any(name.startswith("on") for element in page.elements for name in element.attributes)
    assert not any("src" in element.attributes or "style" in element.attributes for element in page.elements)
    assert all(link.attributes["href"].startswith("data:") for link in page.all("link"))
    digest = base64.b64encode(hashlib.sha256(page.one("style").text.encode()).digest()).decode()
    assert not re.search(r"url\(|@import", page.one("style").text)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize("target", [*PAGES, "/about.json"])
def test_each_answer_is_guarded(server: Server, target: str) -> None:
    """No guessing of types, no referrer, no copy kept: each submission must reach the server."""
    headers = server.ask(target).headers
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert headers.get_all("Cache-Control") == ["no-store"]


@pytest.mark.parametrize("target", PAGES)
def test_pages_are_accessible(server: Server, target: str) -> None:
    """A page names its language, fits a phone, has a title, one main heading, and a label for each field."""
    page = Page(server.ask(target).text)
    assert page.one("html").attributes["lang"] == "en"
    assert any(meta.attributes.get("name") == "viewport" for meta in page.all("meta"))
    assert page.one("title").text.endswith("· uvicorn issue 344")
    assert page.one("h1").text
    labels = {label.attributes["for"] for label in page.all("label") if label.text}
    fields = [element.attributes["id"] for form in page.forms for element in form.fields.values()]
    assert set(fields) == labels
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(set(ids)) == len(ids)
    referred = {element.attributes["aria-labelledby"] for element in page.all("section")}
    assert referred <= set(ids)


@pytest.mark.parametrize("target", PAGES)
def test_pages_lead_home_and_to_the_issue(server: Server, target: str) -> None:
    """The footer has the two links."""
    links = [link.attributes["href"] for link in Page(server.ask(target).text).all("a") if "footer" in link.inside]
    assert "/" in links
    assert "https://github.com/encode/uvicorn/issues/344" in links


@pytest.mark.parametrize("target", [*PAGES, "/about.json", "/create-new"])
def test_an_answer_is_always_the_same(server: Server, target: str) -> None:
    """Two answers to one request differ in no byte but uvicorn's date."""
    first, second = server.ask(target), server.ask(target)
    del first.headers["Date"], second.headers["Date"]
    assert (first.status, first.headers.items(), first.body) == (second.status, second.headers.items(), second.body)

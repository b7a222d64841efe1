"""The app's answers to each kind of request that the plan has a case of: bytes over a real connection, real servers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.app.pages import Page
from tests.app.server import Answer, Server

TARGET = "/view?next=/admin&story=0+1+2"
BODY = "story=a+b&<b>&"
FORM = ("Content-Type: application/x-www-form-urlencoded",)
LONGEST = 65536
"""How long a body the app takes in."""

# The servers answer in milliseconds, but a busy machine may not.
properties = settings(max_examples=40)


def request(target: str, *fields: str, method: str = "GET", version: str = "1.1", body: str = "") -> bytes:
    """Return the bytes of a request."""
    return "\r\n".join([f"{method} {target} HTTP/{version}", *fields, "", body]).encode()


def post(target: str, body: str = BODY) -> bytes:
    """Return the bytes of a form that is posted with its length."""
    return request(target, "Host: a", *FORM, f"Content-Length: {len(body)}", method="POST", body=body)


def seen(answer: Answer) -> tuple[str, str, str]:
    """Return the method, the body and the URL that a page says the app was asked with."""
    page = Page(answer.text)
    words = [element.text for element in page.elements if element.tag in ("dt", "dd")]
    terms = dict(zip([word.partition(",")[0] for word in words[::2]], words[1::2], strict=True))
    return terms["Method"], terms["Body that came with it"], terms["URL that the app was asked for"]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/?segment=20", 200),
        ("GET", "/?segment=1", 400),
        ("GET", "/view?story=a+b%20c/:&other=%C3%A9&x", 200),
        ("GET", "/vie%77?story=1", 200),
        ("GET", "/caf%C3%A9/%2F?q=%26&r='a'", 404),
        ("GET", "/create-new?x=1", 405),
        ("POST", "/create-new", 400),
        ("HEAD", "/view?story=1", 200),
        ("HEAD", "/nowhere?a", 404),
        ("DELETE", "/view", 405),
        ("OPTIONS", "/view?a=b", 200),
        ("GET", "/about.json?x", 200),
        ("GET", "//admin", 200),
    ],
)
def test_each_answer_says_what_was_asked_for(server: Server, method: str, target: str, status: int) -> None:
    """X-Asked-For is the URL as it was asked for, byte for byte, whatever the status."""
    answer = server.ask(target, method=method)
    assert answer.status == status
    assert answer.headers.get_all("X-Asked-For") == [target]


def test_a_redirect_says_what_was_asked_for(server: Server) -> None:
    """The answer to the form has the header too."""
    answer = server.ask("/create-new?from=here", form={"story": "a"})
    assert (answer.status, answer.headers["X-Asked-For"]) == (302, "/create-new?from=here")


@pytest.mark.parametrize("target", [TARGET, "/admin", "/admin?a=b"])
def test_a_posted_form_is_seen_where_it_arrives(server: Server, target: str) -> None:
    """The pages answer to POST too, and show method, body and URL as they came."""
    (answer,) = server.exchange(post(target))
    assert answer.status == 200
    assert answer.headers["X-Asked-For"] == target
    assert seen(answer) == ("POST", BODY, target)


def test_a_chunked_body_is_seen_like_any_other(server: Server) -> None:
    """How the body was framed changes nothing in the page."""
    chunks = "".join(f"{len(part):x}\r\n{part}\r\n" for part in ("story=", "a+b&<b", ">&", ""))
    chunked = request("/view?a", "Host: a", *FORM, "Transfer-Encoding: chunked", method="POST", body=chunks)
    with_length, in_chunks = server.exchange(post("/view?a"))[0], server.exchange(chunked)[0]
    assert seen(in_chunks) == ("POST", BODY, "/view?a")
    assert in_chunks.body == with_length.body


@pytest.mark.parametrize(("target", "status"), [("/nowhere", 404), ("/create-new?a=b", 400), ("/about.json", 405)])
def test_a_body_at_a_wrong_url_is_seen_there(server: Server, target: str, status: int) -> None:
    """The error pages show it too, also where the app itself read the form first."""
    (answer,) = server.exchange(post(target, "other=1"))
    assert answer.status == status
    assert seen(answer) == ("POST", "other=1", target)


def test_a_redirect_is_the_same_for_a_chunked_form(server: Server) -> None:
    """The app reads a form's fields however it was framed."""
    chunked = request(
        "/create-new", "Host: a", *FORM, "Transfer-Encoding: chunked", method="POST", body="7\r\nstory=a\r\n0\r\n\r\n"
    )
    (answer,) = server.exchange(chunked)
    assert (answer.status, answer.headers["Location"]) == (302, "view?story=a")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_without_a_body_says_so(server: Server, method: str) -> None:
    """Nothing came, and nothing is made up."""
    (answer,) = server.exchange(request("/view", "Host: a", method=method))
    assert seen(answer) == (method, "none", "/view")


def test_bytes_that_are_no_text_are_shown_as_such(server: Server) -> None:
    """A body may be anything: it is always shown the same way."""
    (answer,) = server.exchange(b"POST /admin HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\xff<b>")
    assert seen(answer) == ("POST", "\\xff<b>", "/admin")


@pytest.mark.parametrize(("length", "shown"), [(LONGEST, "a" * LONGEST), (LONGEST + 1, "too long")])
def test_a_body_is_shown_as_far_as_it_is_taken_in(server: Server, length: int, shown: str) -> None:
    """What is longer than the app takes in is not shown in part."""
    (answer,) = server.exchange(post("/admin", "a" * length))
    assert (answer.status, seen(answer)) == (200, ("POST", shown, "/admin"))


def test_an_absolute_url_leads_to_its_page(server: Server) -> None:
    """The form of a request to a proxy is answered; servers differ in whether they tell the app of the host."""
    (answer,) = server.exchange(request(f"http://a{TARGET}", "Host: a"))
    assert answer.status == 200
    assert Page(answer.text).story == "0 1 2"
    assert answer.headers["X-Asked-For"] == (TARGET if server.http == "httptools" else f"http://a{TARGET}")


@pytest.mark.parametrize("fields", [(), ("Host: a",)], ids=["no host", "a host"])
def test_http_1_0_is_answered(server: Server, fields: tuple[str, ...]) -> None:
    """The page is the very one that HTTP/1.1 gets."""
    (old,) = server.exchange(request(TARGET, *fields, version="1.0"))
    (new,) = server.exchange(request(TARGET, "Host: a"))
    assert (old.status, old.headers["X-Asked-For"], old.body) == (200, TARGET, new.body)


def test_a_request_that_asks_to_close_is_answered(server: Server) -> None:
    """What becomes of the connection is the server's part; the app's answer is the same."""
    (closing,) = server.exchange(request(TARGET, "Host: a", "Connection: close"))
    (plain,) = server.exchange(request(TARGET, "Host: a"))
    assert (closing.status, closing.body) == (200, plain.body)


def test_long_fields_are_no_hindrance(server: Server) -> None:
    """A few long names and values, less than any server's limit, change nothing in the answer."""
    fields = [f"X-{letter * 500}: {letter * 1000}" for letter in "abcd"]
    (long,) = server.exchange(request("/", "Host: a", *fields))
    (short,) = server.exchange(request("/", "Host: a"))
    assert (long.status, long.body) == (200, short.body)


def test_two_requests_in_one_segment_are_each_answered(server: Server) -> None:
    """Each gets its own page; the old httptools protocol forgets the second one (measured for uvicorn 0.12.1)."""
    both = request(TARGET, "Host: a") + post("/admin?a=b")
    first, *rest = server.exchange(both, 1 if server.affected else 2)
    assert seen(first) == ("GET", "none", TARGET)
    assert [seen(answer) for answer in rest] == [("POST", BODY, "/admin?a=b")] * (not server.affected)


def test_a_percent_encoded_url_leads_to_its_page(server: Server) -> None:
    """Path and query are decoded for the page, and said as they came."""
    target = "/vi%65w?story=%30%20%31&next=%2Fadmin"
    (answer,) = server.exchange(request(target, "Host: a"))
    assert Page(answer.text).story == "0 1"
    assert answer.headers["X-Asked-For"] == target


@pytest.mark.parametrize(
    "target",
    ["/", "/view", TARGET, "/admin?a=b%20c", "/admin&story=0+1+2", "/evil/x", "//evil/x", f"/view?story={'a' * 3900}"],
)
def test_a_websocket_says_what_was_asked_for(server: Server, target: str) -> None:
    """It is accepted wherever it arrives, and its first frame is the URL, whole."""
    answer, text = server.shake_hands(target)
    assert (answer.status, text) == (101, target)


@properties
@given(length=st.integers(len("/view?a"), 3900))
def test_the_header_stays_short(server: Server, length: int) -> None:
    """X-Asked-For is the URL up to 256 bytes; of a longer one it has the first 256 bytes and the length."""
    target = "/view?".ljust(length, "a")
    (answer,) = server.exchange(request(target, "Host: a"))
    assert answer.headers["X-Asked-For"] == (target if length <= 256 else f"{target[:256]}; {length} bytes")
    assert seen(answer)[2] == target


def test_a_misrouted_body_is_seen_at_the_wrong_page(server: Server) -> None:
    """An affected server hands the body of a split request to another page, and that page shows it."""
    posted = post("/view?next=/admin")
    answer = server.ask_in_two_segments(posted, posted.index(b"/admin"))
    url = "/admin" if server.affected else "/view?next=/admin"
    assert (answer.status, seen(answer)) == (200, ("POST", BODY, url))


def test_a_misrouted_websocket_says_the_wrong_url(server: Server) -> None:
    """An affected server accepts a split handshake in the name of another page, and the first frame says so."""
    answer, text = server.shake_hands(TARGET, offset=len("GET /view?next="))
    assert (answer.status, text) == (101, "/admin&story=0+1+2" if server.affected else TARGET)

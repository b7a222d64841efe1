"""Heads as the router rewrites them, whatever a client or a dyno wrote."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.router.codes import RequestFailed
from scripts.router.dyno_answers import client_head, read_answer
from scripts.router.head_reader import Head, HeadReader
from scripts.router.heads import (
    ADDED,
    HOP_BY_HOP,
    LEGACY,
    ROUTER_2,
    Request,
    Stamp,
    capitalised,
    check,
    dyno_request,
    forwarded_for,
    host_name,
    read_request,
    request_id,
)

Headers = list[tuple[bytes, bytes]]

STAMP = Stamp(request_id=b"0" * 36, client=b"127.0.0.1", port=8344, start=1700000000000, connect=1, route=2)

TOKENS = st.text(string.ascii_letters + string.digits + "!#$%&'*+.^_`|~-", min_size=1, max_size=20).map(str.encode)
VALUES = (
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40)
    .map(lambda text: text.encode("latin-1"))
    .map(bytes.strip)
)
SPECIAL = {b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect"}
OWN = {name.lower() for name in ADDED}
ANY_HEADERS = st.lists(
    st.tuples(
        st.one_of(TOKENS, st.sampled_from([*ADDED, *HOP_BY_HOP])).filter(lambda name: name.lower() not in SPECIAL),
        VALUES,
    ),
    max_size=12,
)


def read(head: bytes, first: str = "request line") -> Head:
    """Read a whole head."""
    found = HeadReader(first).read(bytearray(head))
    assert found
    return found


def request(
    headers: Headers | None = None, *, method: str = "GET", target: str = "/", version: str = "1.1", host: bool = True
) -> Request:
    """Return a request to app.localhost with these headers beside Host."""
    lines = [b"Host: app.localhost:8344"] if host else []
    lines += [b"%b: %b" % header for header in headers or []]
    return read_request(read(b"\r\n".join((f"{method} {target} HTTP/{version}".encode(), *lines, b"", b""))))


def sent(asked: Request) -> bytes:
    """Return the head that the dyno gets, in bytes."""
    return dyno_request(asked, STAMP)


def lines(asked: Request) -> Headers:
    """Return the headers that the dyno gets."""
    found = []
    for line in sent(asked).split(b"\r\n")[1:-2]:
        name, _, value = line.partition(b": ")
        found.append((name, value))
    return found


def test_a_browsers_request_is_rewritten_to_the_byte() -> None:
    """Line, order, names and values are those of Heroku's legacy router."""
    asked = request(
        [
            (b"connection", b"keep-alive"),
            (b"user-agent", b"curl/8"),
            (b"Content-Length", b"3"),
            (b"keep-alive", b"timeout=5"),
            (b"te", b"trailers"),
            (b"proxy-authorization", b"Basic eDp5"),
            (b"x-forwarded-for", b"10.0.0.1"),
            (b"accept", b"*/*"),
        ],
        method="POST",
        target="/create-new?a=b",
    )
    assert sent(asked).decode().split("\r\n") == [
        "POST /create-new?a=b HTTP/1.1",
        "Host: app.localhost:8344",
        "Connection: close",
        "User-Agent: curl/8",
        "Accept: */*",
        "X-Request-Id: 000000000000000000000000000000000000",
        "X-Forwarded-For: 10.0.0.1, 127.0.0.1",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Port: 8344",
        "Via: 1.1 vegur",
        "Connect-Time: 1",
        "X-Request-Start: 1700000000000",
        "Total-Route-Time: 2",
        "Content-Length: 3",
        "",
        "",
    ]


@given(ANY_HEADERS)
def test_the_order_is_host_connection_the_clients_the_routers(headers: Headers) -> None:
    """The client's headers stand in their own order between Connection and what the router adds."""
    kept = [name.lower() for name, _ in headers if name.lower() not in HOP_BY_HOP | OWN]
    names = [name.lower() for name, _ in lines(request(headers))]
    assert names == [b"host", b"connection", *kept, *(name.lower() for name in ADDED)]


@given(ANY_HEADERS)
def test_the_clients_values_stand_unchanged(headers: Headers) -> None:
    """What is neither removed nor the router's own has the client's value, byte for byte."""
    kept = [value for name, value in headers if name.lower() not in HOP_BY_HOP | OWN]
    assert [value for _, value in lines(request(headers))][2 : 2 + len(kept)] == kept


@given(ANY_HEADERS, VALUES)
def test_no_value_makes_a_line_of_its_own(headers: Headers, value: bytes) -> None:
    """A head has as many lines as it has headers, whatever they hold: nothing is injected."""
    kept = [name for name, _ in headers if name.lower() not in HOP_BY_HOP | OWN]
    head = sent(request([*headers, (b"x-more", value)])).split(b"\r\n")
    assert len(head) == 1 + 2 + len(kept) + 1 + len(ADDED) + 2
    assert head[-2:] == [b"", b""]


@given(ANY_HEADERS)
def test_every_name_is_capitalised(headers: Headers) -> None:
    """Each word of a name begins with a capital and goes on in small letters."""
    for name, _ in lines(request(headers)):
        assert name == b"-".join(word[:1].upper() + word[1:].lower() for word in name.split(b"-"))


@given(TOKENS)
def test_capitalising_changes_no_name(name: bytes) -> None:
    """A capitalised name is the same name."""
    assert capitalised(name).lower() == name.lower()


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [(b"x" * 19, False), (b"x" * 20, True), (b"x" * 200, True), (b"x" * 201, False), (b"", False)],
    ids=["19", "20", "200", "201", "empty"],
)
def test_a_request_id_is_kept_where_its_length_is_right(given_id: bytes, kept: bool) -> None:
    """A client's own X-Request-Id counts with 20 to 200 characters."""
    assert (request_id(request([(b"x-request-id", given_id)])) == given_id) is kept


def test_a_new_request_id_is_each_requests_own() -> None:
    """Two requests without an X-Request-Id get two different ones."""
    assert request_id(request()) != request_id(request())


@given(st.lists(VALUES.filter(bool), max_size=4))
def test_the_clients_address_is_appended_to_those_before(before: list[bytes]) -> None:
    """X-Forwarded-For ends with the client, behind all that stood there, in however many headers."""
    asked = request([(b"X-Forwarded-For", value) for value in before])
    assert forwarded_for(asked, b"127.0.0.1").split(b", ")[-1] == b"127.0.0.1"
    assert forwarded_for(asked, b"127.0.0.1") == b", ".join([*before, b"127.0.0.1"])


def test_via_is_appended_to_the_clients() -> None:
    """A request that came through a proxy says so still."""
    assert (b"Via", b"1.0 fred, 1.1 vegur") in lines(request([(b"via", b"1.0 fred")]))


def test_a_chunked_body_has_no_content_length() -> None:
    """Chunked beats Content-Length, and only one of them goes on: two would let a request be smuggled."""
    asked = request([(b"transfer-encoding", b"Chunked"), (b"content-length", b"5")], method="POST")
    names = [name for name, _ in lines(asked)]
    assert (b"Transfer-Encoding", b"chunked") in lines(asked)
    assert b"Content-Length" not in names


def test_an_expectation_stays_with_the_router() -> None:
    """Expect is answered by the router and not passed on."""
    assert b"Expect" not in dict(lines(request([(b"Expect", b"100-continue"), (b"content-length", b"5")])))


def test_a_websocket_upgrade_passes() -> None:
    """A request for a WebSocket says so to the dyno in both headers."""
    found = lines(request([(b"Connection", b"x, UPGRADE"), (b"Upgrade", b"WebSocket")]))
    assert found[1:3] == [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]


@pytest.mark.parametrize(
    ("headers", "method"),
    [
        ([(b"Upgrade", b"websocket"), (b"Content-Length", b"5")], "GET"),
        ([(b"Upgrade", b"websocket"), (b"Transfer-Encoding", b"chunked")], "GET"),
        ([(b"Upgrade", b"websocket")], "POST"),
        ([(b"Upgrade", b"h2c")], "GET"),
        ([(b"Upgrade", b"websocket, h2c")], "GET"),
        ([(b"Upgrade", b"websocket"), (b"Upgrade", b"foo")], "GET"),
    ],
    ids=["length", "chunks", "POST", "h2c", "one of two", "two"],
)
def test_no_other_upgrade_passes(headers: Headers, method: str) -> None:
    """With a body, or to anything but a WebSocket, the request goes on without its Upgrade."""
    found = dict(lines(request([(b"Connection", b"Upgrade"), *headers], method=method)))
    assert found[b"Connection"] == b"close"
    assert b"Upgrade" not in found


def test_what_connection_names_ends_at_the_router() -> None:
    """Such a field is for this connection alone (RFC 9110, section 7.6.1); the framing is never lost with it."""
    asked = request(
        [(b"Connection", b"X-Own, transfer-encoding, host"), (b"x-own", b"1"), (b"Transfer-Encoding", b"chunked")],
        method="POST",
    )
    found = dict(lines(asked))
    assert b"X-Own" not in found
    assert (found[b"Host"], found[b"Transfer-Encoding"]) == (b"app.localhost:8344", b"chunked")


@pytest.mark.parametrize(("method", "expected"), [("POST", b"0"), ("GET", None), ("PUT", None)])
def test_a_post_without_a_length_says_that_it_has_none(method: str, expected: bytes | None) -> None:
    """POST alone gets `Content-Length: 0`, as by vegur."""
    assert dict(lines(request(method=method))).get(b"Content-Length") == expected


def test_router_2_keeps_the_connection_and_calls_itself_by_its_name() -> None:
    """Its requests do not ask the dyno to close, and its Via is its own."""
    head = dyno_request(request(), STAMP, ROUTER_2)
    assert b"\r\nConnection:" not in head
    assert b"\r\nVia: 1.1 heroku-router\r\n" in head


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"app.localhost", "app.localhost"),
        (b"App.LocalHost:8344", "app.localhost"),
        (b"app.localhost:", "app.localhost"),
        (b"[::1]:8344", "[::1]"),
        (b"[::1]", "[::1]"),
    ],
)
def test_a_host_is_named_without_case_and_port(host: bytes, name: str) -> None:
    """Routing looks at the name in small letters, without the port."""
    asked = request([(b"Host", host)], host=False)
    check(asked)
    assert host_name(asked) == name


@pytest.mark.parametrize(
    ("asked", "status", "cause"),
    [
        (request(method="CONNECT", target="a:1"), 400, "CONNECT"),
        (request([(b"Expect", b"tea")]), 417, "100-continue"),
        (request(version="1.0", host=False), 400, "Host"),
        (request([(b"Host", b"app.localhost")]), 400, "Host"),
    ],
    ids=["connect", "expectation", "no host", "two hosts"],
)
def test_what_heroku_refuses_is_refused(asked: Request, status: int, cause: str) -> None:
    """Such a request fails with H26, its status, and a cause that names it."""
    with pytest.raises(RequestFailed) as failure:
        check(asked)
    assert (failure.value.code.name, failure.value.status) == ("H26", status)
    assert cause in failure.value.cause


@pytest.mark.parametrize(
    "asked",
    [
        request(target="/" + "x" * (8192 - len("GET / HTTP/1.1"))),
        request([(b"Expect", b"100-Continue")]),
        request(version="1.0"),
    ],
    ids=["longest line", "expects to go on", "HTTP/1.0"],
)
def test_what_heroku_takes_is_taken(asked: Request) -> None:
    """A request at the limit passes."""
    check(asked)


def test_an_answer_goes_on_as_the_dyno_wrote_it() -> None:
    """Names, order and twins stay; the hops go; Via is added last."""
    head = (
        b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: close, x-hop\r\n"
        b"X-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n"
    )
    assert client_head(read_answer(read(head, "status line")), request(), LEGACY.via, keep=True) == (
        b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n"
        b"Via: 1.1 vegur\r\n\r\n"
    )

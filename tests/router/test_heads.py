"""Heads as the router rewrites them, whatever a client or a dyno wrote."""

import string

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.router.codes import RequestFailed
from scripts.router.heads import (
    ADDED,
    HOP_BY_HOP,
    Stamp,
    capitalised,
    check,
    client_headers,
    dyno_request,
    forwarded_for,
    host_name,
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


def request(
    headers: Headers | None = None, *, method: str = "GET", target: str = "/", version: str = "1.1"
) -> h11.Request:
    """Return a request to app.localhost with these headers beside Host."""
    return h11.Request(
        method=method,
        target=target,
        headers=[(b"Host", b"app.localhost:8344"), *(headers or [])],
        http_version=version,
    )


def sent(asked: h11.Request) -> bytes:
    """Return the head that the dyno gets, in bytes."""
    return h11.Connection(h11.CLIENT).send(dyno_request(asked, STAMP))


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
    names = [name for name, _ in dyno_request(request(headers), STAMP).headers]
    assert names == [b"host", b"connection", *kept, *(name.lower() for name in ADDED)]


@given(ANY_HEADERS)
def test_the_clients_values_stand_unchanged(headers: Headers) -> None:
    """What is neither removed nor the router's own has the client's value, byte for byte."""
    kept = [value for name, value in headers if name.lower() not in HOP_BY_HOP | OWN]
    assert [value for _, value in dyno_request(request(headers), STAMP).headers][2 : 2 + len(kept)] == kept


@given(ANY_HEADERS, VALUES)
def test_no_value_makes_a_line_of_its_own(headers: Headers, value: bytes) -> None:
    """A head has as many lines as it has headers, whatever they hold: nothing is injected."""
    rewritten = dyno_request(request([*headers, (b"x-more", value)]), STAMP)
    lines = sent(request([*headers, (b"x-more", value)])).split(b"\r\n")
    assert len(lines) == 1 + len(rewritten.headers) + 2
    assert lines[-2:] == [b"", b""]


@given(ANY_HEADERS)
def test_every_name_is_capitalised(headers: Headers) -> None:
    """Each word of a name begins with a capital and goes on in small letters."""
    for name, _ in dyno_request(request(headers), STAMP).headers.raw_items():
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
    assert (b"via", b"1.0 fred, 1.1 vegur") in dyno_request(request([(b"via", b"1.0 fred")]), STAMP).headers


def test_a_chunked_body_has_no_content_length() -> None:
    """Chunked beats Content-Length, and only one of them goes on: two would let a request be smuggled."""
    names = [
        name
        for name, _ in dyno_request(
            request([(b"transfer-encoding", b"chunked"), (b"content-length", b"5")], method="POST"), STAMP
        ).headers
    ]
    assert b"transfer-encoding" in names
    assert b"content-length" not in names


def test_an_expectation_stays_with_the_router() -> None:
    """Expect is answered by the router and not passed on."""
    rewritten = dyno_request(request([(b"Expect", b"100-continue"), (b"content-length", b"5")]), STAMP)
    assert b"expect" not in dict(rewritten.headers)


def test_an_upgrade_passes() -> None:
    """A request to upgrade says so to the dyno in both headers."""
    rewritten = dict(dyno_request(request([(b"Connection", b"x, UPGRADE"), (b"Upgrade", b"websocket")]), STAMP).headers)
    assert (rewritten[b"connection"], rewritten[b"upgrade"]) == (b"Upgrade", b"websocket")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"app.localhost", "app.localhost"),
        (b"App.LocalHost:8344", "app.localhost"),
        (b"app.localhost:", "app.localhost"),
        (b"[::1]:8344", "[::1]"),
        (b"[::1]", "[::1]"),
        (b"a:b", "a:b"),
        (b"", ""),
    ],
)
def test_a_host_is_named_without_case_and_port(host: bytes, name: str) -> None:
    """Routing looks at the name in small letters, without the port."""
    assert host_name(h11.Request(method="GET", target="/", headers=[(b"host", host)])) == name


@pytest.mark.parametrize(
    ("asked", "status", "cause"),
    [
        (request(method="CONNECT", target="a:1"), 400, "CONNECT"),
        (request(target="/" + "x" * (8192 - len("GET / HTTP/1.1") + 1)), 400, "8192"),
        (request(version="2.0"), 400, "HTTP/2.0"),
        (request([(b"Expect", b"tea")]), 417, "100-continue"),
        (h11.Request(method="GET", target="/", headers=[], http_version="1.0"), 400, "Host"),
    ],
    ids=["connect", "long line", "version", "expectation", "no host"],
)
def test_what_heroku_refuses_is_refused(asked: h11.Request, status: int, cause: str) -> None:
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
def test_what_heroku_takes_is_taken(asked: h11.Request) -> None:
    """A request at the limit passes."""
    check(asked)


def test_an_answer_goes_on_as_the_dyno_wrote_it() -> None:
    """Names, order and twins stay; the hops go; Via is added last."""
    response = h11.Response(
        status_code=200,
        headers=[
            (b"server", b"uvicorn"),
            (b"Set-Cookie", b"a=1"),
            (b"Set-Cookie", b"b=2"),
            (b"Connection", b"close"),
            (b"Keep-Alive", b"timeout=5"),
        ],
    )
    assert client_headers(response) == [
        (b"server", b"uvicorn"),
        (b"Set-Cookie", b"a=1"),
        (b"Set-Cookie", b"b=2"),
        (b"Via", b"1.1 vegur"),
    ]

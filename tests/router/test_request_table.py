"""The table of requests: what a client sends, what comes of it, and the fact that says so.

RFC means RFC 9112 unless another is named; "limits" and "vegur" are Heroku's router's, "ours" is this project's rule.
"""

from dataclasses import dataclass

import pytest

from tests.router.router_bench import ASYNC, HOST, OK, Talk, routed

pytestmark = ASYNC


@dataclass(frozen=True)
class Row:
    """A request and what comes of it."""

    fact: str
    sent: bytes
    status: int = 200
    cause: str = ""
    """What the page of a refusal says."""
    line: bytes = b""
    """The request line that the dyno gets."""
    has: tuple[bytes, ...] = ()
    """Header lines that the dyno gets."""
    lacks: tuple[bytes, ...] = ()
    """What the dyno gets nowhere, without regard to case."""
    body: bytes = b""
    """What stands behind the head."""


def ask(line: bytes, *headers: bytes, host: bytes = b"Host: app.localhost", body: bytes = b"") -> bytes:
    """Return a request."""
    return b"\r\n".join((line, *([host] if host else []), *headers, b"", body))


def get(*headers: bytes, body: bytes = b"") -> bytes:
    """Return a GET of /."""
    return ask(b"GET / HTTP/1.1", *headers, body=body)


def post(*headers: bytes, body: bytes = b"") -> bytes:
    """Return a POST to /."""
    return ask(b"POST / HTTP/1.1", *headers, body=body)


def line_of(size: int, name: bytes = b"X: ") -> bytes:
    """Return a header line of `size` bytes."""
    return name.ljust(size, b"x")


CHUNKED = b"Transfer-Encoding: chunked"
INNER = b"GET /inner HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
NO_HOST = "there must be one Host header"

LINES = [
    Row("RFC 3: a request line", get(), line=b"GET / HTTP/1.1"),
    Row("RFC 3: methods are tokens, in any case", ask(b"pAtch! / HTTP/1.1"), line=b"pAtch! / HTTP/1.1"),
    Row("RFC 3: single spaces", ask(b"GET  / HTTP/1.1"), 400, "an illegal request line"),
    Row("RFC 3: no tab", ask(b"GET\t/ HTTP/1.1"), 400, "an illegal request line"),
    Row("RFC 3: no space in the target", ask(b"GET /a b HTTP/1.1"), 400, "an illegal request line"),
    Row("RFC 3: no space before the line", ask(b" GET / HTTP/1.1"), 400, "an illegal request line"),
    Row("RFC 3: no space behind the line", ask(b"GET / HTTP/1.1 "), 400, "an illegal request line"),
    Row("RFC 3.2: ASCII in the target", ask(b"GET /\xc3\xa4 HTTP/1.1"), 400, "an illegal request line"),
    Row("RFC 2.2: no bare CR", ask(b"GET /\rX HTTP/1.1"), 400, "an illegal request line"),
    Row("RFC 2.3: HTTP in capitals", ask(b"GET / http/1.1"), 400, "an illegal request line"),
    Row("RFC 2.3: a version has two digits", ask(b"GET / HTTP/1.10"), 400, "an illegal request line"),
    Row("ours: no HTTP/0.9", b"GET /\r\n\r\n", 400, "an illegal request line"),
    Row("vegur: 505", ask(b"GET / HTTP/1.2"), 505, "HTTP/1.2 is not supported"),
    Row("vegur: 505", ask(b"GET / HTTP/0.9"), 505, "HTTP/0.9 is not supported"),
    Row("vegur: one 505 for HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/2.0 is not supported"),
    Row("limits: method 127", ask(b"M" * 127 + b" / HTTP/1.1"), line=b"M" * 127 + b" / HTTP/1.1"),
    Row("limits: method 127", ask(b"M" * 128 + b" / HTTP/1.1"), 400, "127"),
    Row("limits: request line 8192", ask(b"GET /".ljust(8183, b"x") + b" HTTP/1.1")),
    Row("vegur: 414", ask(b"GET /".ljust(8184, b"x") + b" HTTP/1.1"), 414, "the request line is too long"),
    Row("vegur: 414 before the line's end", b"GET /".ljust(9000, b"x"), 414, "the request line is too long"),
    Row("vegur: five empty lines", b"\r\n" * 5 + get(), line=b"GET / HTTP/1.1"),
    Row("vegur: six empty lines", b"\r\n" * 6 + get(), 400, "an empty line"),
    Row("RFC 2.2: CRLF alone, of empty lines too", b"\n" + get(), 400, "a bare line feed"),
    Row("RFC 2.2: CRLF alone", get().replace(b"\r\n", b"\n"), 400, "a bare line feed"),
    Row("RFC 2.2: CRLF alone, in the last line", get()[:-2] + b"\n\r\n", 400, "a bare line feed"),
    Row("RFC 3.2.3: CONNECT is not supported", ask(b"CONNECT app.localhost:1 HTTP/1.1"), 400, "CONNECT"),
]

TARGETS = [
    Row(
        "RFC 3.2.1: as it is",
        ask(b"GET //a/../b?c=/d&e;f|{}%2e HTTP/1.1"),
        line=b"GET //a/../b?c=/d&e;f|{}%2e HTTP/1.1",
    ),
    Row("vegur: no fragment", ask(b"GET /a?b#c?d HTTP/1.1"), line=b"GET /a?b HTTP/1.1", lacks=(b"#",)),
    Row("RFC 3.2.1: a path begins with /", ask(b"GET a HTTP/1.1"), 400, "an illegal target"),
    Row("RFC 3.2.1: a path begins with /", ask(b"GET #a HTTP/1.1"), 400, "an illegal target"),
    Row("RFC 3.2.1: a path begins with /", ask(b"GET ?a HTTP/1.1"), 400, "an illegal target"),
    Row("RFC 3.2.4: * for OPTIONS", ask(b"OPTIONS * HTTP/1.1"), line=b"OPTIONS * HTTP/1.1"),
    Row("RFC 3.2.4: * for OPTIONS alone", ask(b"GET * HTTP/1.1"), 400, "an illegal target"),
    Row(
        "RFC 3.2.2 and vegur: an absolute form's path goes on, and its authority as Host",
        ask(b"GET http://app.localhost:1/a?b#c HTTP/1.1", host=b"Host: other"),
        line=b"GET /a?b HTTP/1.1",
        has=(b"Host: app.localhost:1",),
        lacks=(b"other",),
    ),
    Row("RFC 3.2.2: in any case", ask(b"GET HTTP://APP.localhost HTTP/1.1"), line=b"GET / HTTP/1.1"),
    Row("RFC 3.2.1: an empty path is /", ask(b"GET http://app.localhost?a HTTP/1.1"), line=b"GET /?a HTTP/1.1"),
    Row("RFC 3.2.4: no path is *", ask(b"OPTIONS http://app.localhost HTTP/1.1"), line=b"OPTIONS * HTTP/1.1"),
    Row("RFC 9110 4.2.4: no userinfo", ask(b"GET http://me@app.localhost/ HTTP/1.1"), 400, "an illegal Host"),
    Row("RFC 9110 4.2.1: no empty host", ask(b"GET http:///a HTTP/1.1"), 400, "an illegal Host"),
    Row("RFC 3.2.2: of HTTP alone", ask(b"GET ftp://app.localhost/ HTTP/1.1"), 400, "an illegal target"),
    Row("RFC 3.2: Host must be there still", ask(b"GET http://app.localhost/ HTTP/1.1", host=b""), 400, NO_HOST),
]

HOSTS = [
    Row("RFC 3.2: Host", get(), has=(b"Host: app.localhost",)),
    Row(
        "RFC 9110 4.2.3: in any case",
        ask(b"GET / HTTP/1.1", host=b"hOST:\t APP.Localhost \t"),
        has=(b"Host: APP.Localhost",),
    ),
    Row(
        "RFC 9110 7.2: a port", ask(b"GET / HTTP/1.1", host=b"Host: app.localhost:80"), has=(b"Host: app.localhost:80",)
    ),
    Row(
        "RFC 9110 7.2: a port is a number",
        ask(b"GET / HTTP/1.1", host=b"Host: app.localhost:x"),
        400,
        "an illegal Host",
    ),
    Row("RFC 9110 7.2: one port", ask(b"GET / HTTP/1.1", host=b"Host: app.localhost:1:2"), 400, "an illegal Host"),
    Row("RFC 9110 7.2: no userinfo", ask(b"GET / HTTP/1.1", host=b"Host: a@app.localhost"), 400, "an illegal Host"),
    Row("RFC 9110 7.2: no path", ask(b"GET / HTTP/1.1", host=b"Host: app.localhost/a"), 400, "an illegal Host"),
    Row("RFC 9110 7.2: no space", ask(b"GET / HTTP/1.1", host=b"Host: app.localhost, b"), 400, "an illegal Host"),
    Row("RFC 9110 7.2: ASCII", ask(b"GET / HTTP/1.1", host=b"Host: \xff"), 400, "an illegal Host"),
    Row("RFC 9110 4.2.1: not empty", ask(b"GET / HTTP/1.1", host=b"Host:"), 400, "an illegal Host"),
    Row("limits: there is one", ask(b"GET / HTTP/1.1", host=b""), 400, NO_HOST),
    Row("limits: there is one, for HTTP/1.0 too", ask(b"GET / HTTP/1.0", host=b""), 400, NO_HOST),
    Row("limits: there is one alone", get(b"Host: app.localhost"), 400, NO_HOST),
]

FIELDS = [
    Row("RFC 5.1: no space before the colon", get(b"X : 1"), 400, "an illegal header line"),
    Row("RFC 5.1: names are tokens", get(b"X(: 1"), 400, "an illegal header line"),
    Row("RFC 5.1: no empty name", get(b": 1"), 400, "an illegal header line"),
    Row("RFC 5: a colon", get(b"X"), 400, "an illegal header line"),
    Row("RFC 5.2: no folding", get(b"X: 1", b" 2"), 400, "an illegal header line"),
    Row("RFC 5.2: no folding of the first line", ask(b"GET / HTTP/1.1", host=b" X: 1"), 400, "an illegal header line"),
    *(
        Row(f"RFC 9110 5.5: no control byte {byte:02x}", get(b"X: a%cb" % byte), 400, "an illegal header line")
        for byte in (0x00, 0x01, 0x08, 0x0B, 0x0C, 0x0D, 0x1B, 0x7F)
    ),
    Row("RFC 9110 5.5: tabs and bytes over 7f", get(b"X: a\tb\xff"), has=(b"X: a\tb\xff",)),
    Row("RFC 5.1: no space around a value", get(b"X: \t 1 \t"), has=(b"X: 1",)),
    Row("RFC 5.1: an empty value", get(b"X:"), has=(b"X: ",)),
    Row("limits: header line 8192", get(line_of(8192)), has=(line_of(8192),)),
    Row("limits: header line 8192", get(line_of(8193)), 400, "the header is too long"),
    Row("limits: header line 8192, before its end", get()[:-2] + line_of(9000), 400, "the header is too long"),
    Row("limits: name 1000", get(b"X" * 1000 + b": 1"), has=(b"X" + b"x" * 999 + b": 1",)),
    Row("limits: name 1000", get(b"X" * 1001 + b": 1"), 400, "name is too long"),
    Row("limits: 1000 headers", get(*[b"X: 1"] * 999), has=(b"X: 1",)),
    Row("limits: 1000 headers", get(*[b"X: 1"] * 1000), 400, "1000"),
    Row("limits: a head of 1 MB", get(*[line_of(8190)] * 129), 400, "in all"),
    Row("RFC 9110 7.6.1: Connection names hops", get(b"Connection: X, Y", b"X: 1", b"y: 2"), lacks=(b"x: 1", b"y: 2")),
    Row(
        "RFC 9110 7.6.1: framing is no hop",
        post(b"Connection: Content-Length", b"Content-Length: 1", body=b"a"),
        body=b"a",
    ),
    Row(
        "vegur: no hops",
        get(b"TE: trailers", b"Keep-Alive: 5", b"Proxy-Authorization: a"),
        lacks=(b"\r\nte:", b"keep-alive", b"proxy"),
    ),
]

BODIES = [
    Row("RFC 6.2: a length", post(b"Content-Length: 2", body=b"ab"), has=(b"Content-Length: 2",), body=b"ab"),
    Row("RFC 6.3: none without one", get(body=INNER), lacks=(b"inner",)),
    Row("vegur: a POST without one", post(), has=(b"Content-Length: 0",)),
    Row(
        "limits: two that agree merge",
        post(*[b"Content-Length: 2"] * 2, body=b"ab"),
        has=(b"Content-Length: 2",),
        body=b"ab",
    ),
    Row("limits: two that differ", post(b"Content-Length: 1", b"Content-Length: 2", body=b"ab"), 400, "conflicting"),
    Row("limits: no comma", post(b"Content-Length: 5, 5", body=b"abcde"), 400, "an illegal Content-Length"),
    *(
        Row("RFC 6.2: digits", post(b"Content-Length: " + length, body=b"ab"), 400, "an illegal Content-Length")
        for length in (b"+2", b"-2", b"2 2", b"0x2", b"2_0", b"", b"\xb2", b"9" * 19)
    ),
    Row("RFC 7.1: chunks", post(CHUNKED, body=b"2\r\nab\r\n0\r\n\r\n"), has=(CHUNKED,), body=b"2\r\nab\r\n0\r\n\r\n"),
    Row("RFC 7.1.1: no extensions", post(CHUNKED, body=b'2 ;a="b\r\nab\r\n0;c\r\n\r\n'), body=b"2\r\nab\r\n0\r\n\r\n"),
    Row(
        "RFC 7.1.2: no trailers",
        post(CHUNKED, body=b"0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"),
        body=b"0\r\n\r\n",
        lacks=(b"6.6.6.6",),
    ),
    Row(
        "limits: trailers too",
        post(CHUNKED, body=b"0\r\n" + line_of(8193) + b"\r\n\r\n"),
        400,
        "the header is too long",
    ),
    Row("limits: 1000 trailers", post(CHUNKED, body=b"0\r\n" + b"X: 1\r\n" * 1001 + b"\r\n"), 400, "1000"),
    Row("RFC 7.1.2: trailers are fields", post(CHUNKED, body=b"0\r\nX\r\n\r\n"), 400, "an illegal header line"),
    Row(
        "limits: chunked beats a length",
        post(CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n"),
        lacks=(b"content-length",),
        body=b"0\r\n\r\n",
    ),
    Row(
        "RFC 6.1: chunked in any case",
        post(b"Transfer-Encoding: ChUnKeD", body=b"0\r\n\r\n"),
        has=(CHUNKED,),
        body=b"0\r\n\r\n",
    ),
    *(
        Row("RFC 6.1: chunked alone", post(*codings, body=b"0\r\n\r\n"), 400, "other than chunked")
        for codings in (
            (b"Transfer-Encoding: gzip, chunked",),
            (b"Transfer-Encoding: chunked, identity",),
            (b"Transfer-Encoding: xchunked",),
            (b"Transfer-Encoding:",),
            (CHUNKED, CHUNKED),
            (b"Transfer-Encoding: \x80chunked",),
        )
    ),
    Row("RFC 6.1: not in HTTP/1.0", ask(b"POST / HTTP/1.0", CHUNKED, body=b"0\r\n\r\n"), 400, "not HTTP/1.1"),
    *(
        Row("RFC 7.1: a chunk is what it says", post(CHUNKED, body=body), 400, "chunk")
        for body in (
            b"x\r\n",
            b"0x2\r\nab\r\n",
            b"-1\r\n",
            b"+1\r\na\r\n",
            b"\r\n",
            b" 2\r\nab\r\n",
            b"2\nab\r\n",
            b"2\r\nabc\r\n",
            b"2\r\nab\n0\r\n\r\n",
            b"2;\x00\r\nab\r\n",
            b"f" * 16 + b"\r\n",
            b"2;" + b"a" * 4096 + b"\r\n",
            b"2\r\r\nab",
        )
    ),
]

CONNECTIONS = [
    Row(
        "ours: no Upgrade with a body",
        ask(
            b"GET / HTTP/1.1",
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Content-Length: %d" % len(INNER),
            body=INNER,
        ),
        has=(b"Connection: close",),
        lacks=(b"\r\nupgrade",),
        body=INNER,
    ),
    *(
        Row(
            "ours: to a WebSocket alone",
            get(b"Connection: Upgrade", b"Upgrade: " + other),
            has=(b"Connection: close",),
            lacks=(b"\r\nupgrade",),
        )
        for other in (b"foo", b"h2c", b"TLS/1.0", b"websocket, h2c")
    ),
    Row(
        "RFC 6455 4.1: WebSocket",
        get(b"Connection: Upgrade", b"Upgrade: websocket"),
        has=(b"Connection: Upgrade", b"Upgrade: websocket"),
    ),
    Row("RFC 9110 7.8: Upgrade is named by Connection", get(b"Upgrade: websocket"), lacks=(b"\r\nupgrade",)),
    Row(
        "RFC 9110 7.8: not of HTTP/1.0",
        ask(b"GET / HTTP/1.0", b"Connection: Upgrade", b"Upgrade: websocket"),
        lacks=(b"\r\nupgrade",),
    ),
    Row("vegur: another expectation", post(b"Expect: tea", b"Content-Length: 1", body=b"a"), 417, "100-continue"),
    Row("vegur: HTTP/1.1 to the dyno", ask(b"GET / HTTP/1.0"), line=b"GET / HTTP/1.1"),
    Row(
        "vegur: who asked",
        get(b"X-Forwarded-For: 1.1.1.1", b"X-Forwarded-For: 2.2.2.2"),
        has=(b"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 127.0.0.1",),
    ),
]


async def once(talk: Talk) -> None:
    """Answer when the request is over, as its head says; not when it breaks off."""
    while not is_whole(talk.received):
        if not await talk.read():
            return
    await talk.send(OK)
    await talk.closed()


def is_whole(received: bytes) -> bool:
    """Say whether a request has come to the end that its head tells of."""
    head, end, body = received.partition(b"\r\n\r\n")
    if CHUNKED in head:
        return body.endswith(b"0\r\n\r\n")
    lengths = [int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    return bool(end) and len(body) >= sum(lengths)


@pytest.mark.parametrize("row", [*LINES, *TARGETS, *HOSTS, *FIELDS, *BODIES, *CONNECTIONS], ids=lambda row: row.fact)
async def test_what_comes_of_a_request(row: Row) -> None:
    """The client gets the fact's status, and the dyno the request as the fact has it, or nothing whole."""
    async with routed(once, segment_bytes=0) as (_, client, scripted):
        await client.send(row.sent)
        answer = await client.answer(row.sent.split(b" ")[0].strip().decode("latin-1") if row.status == 200 else "GET")
        assert (answer.status, row.cause in answer.body.decode()) == (row.status, True), answer.body
        if row.status != 200:
            assert b"H26" in answer.body
            assert all(b"POST / HTTP/1.1" in talk.received for talk in scripted.talks)  # a body that went wrong
            return
        head, _, body = scripted.talks[0].received.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    assert line == (row.line or line)
    assert set(row.has) <= set(headers)
    for lacking in row.lacks:
        assert lacking.lower() not in scripted.talks[0].received.lower()
    assert body == row.body
    assert HOST in head.decode("latin-1").lower()

"""The table of a dyno's answers: what it says, what the client gets, and the fact that says so.

RFC means RFC 9112 unless another is named; "limits" are Heroku's router's.
"""

from dataclasses import dataclass

import pytest

from tests.router.router_bench import ASYNC, GET, answering, fields, routed

pytestmark = ASYNC

LENGTH = b"Content-Length: 2"


@dataclass(frozen=True)
class Row:
    """An answer and what comes of it."""

    fact: str
    said: bytes
    status: int = 200
    code: str = ""
    desc: str = ""
    body: bytes = b"ok"
    has: tuple[tuple[bytes, bytes], ...] = ()
    lacks: tuple[bytes, ...] = ()


def ok(*headers: bytes, line: bytes = b"HTTP/1.1 200 OK", length: bytes = LENGTH, body: bytes = b"ok") -> bytes:
    """Return an answer."""
    return b"\r\n".join((line, *headers, *([length] if length else []), b"", body))


def no_http(fact: str, said: bytes) -> Row:
    """Return a row of what is no HTTP/1.1."""
    return Row(fact, said, 503, "H17", "Poorly formatted HTTP response")


def refused(fact: str, said: bytes, restriction: str) -> Row:
    """Return a row of what Heroku's router refuses."""
    return Row(fact, said, 502, "H25", f"HTTP restriction: {restriction}")


COOKIE = b"Set-Cookie: "

ROWS = [
    Row("RFC 4: an answer", ok()),
    Row("vegur: a missing reason phrase", ok(line=b"HTTP/1.1 200 ")),
    Row("vegur: a missing reason phrase, and its space", ok(line=b"HTTP/1.1 200")),
    Row("RFC 2.3: HTTP/1.0", ok(line=b"HTTP/1.0 200 OK")),
    no_http("RFC 2.3: another major version", ok(line=b"HTTP/2.0 200 OK")),
    no_http("RFC 2.3: another minor version", ok(line=b"HTTP/1.2 200 OK")),
    no_http("RFC 2.3: HTTP in capitals", ok(line=b"http/1.1 200 OK")),
    no_http("RFC 4: three digits", ok(line=b"HTTP/1.1 20 OK")),
    no_http("RFC 4: digits", ok(line=b"HTTP/1.1 2x0 OK")),
    no_http("RFC 4: single spaces", ok(line=b"HTTP/1.1  200 OK")),
    no_http("RFC 2.2: CRLF alone", ok().replace(b"\r\n", b"\n")),
    no_http("RFC 2.2: no empty line before it", b"\r\n" + ok()),
    no_http("RFC 5.1: no space before the colon", ok(b"X : 1")),
    no_http("RFC 5.2: no folding", ok(b"X: 1", b" 2")),
    no_http("RFC 9110 5.5: no control byte", ok(b"X: \x00")),
    refused("RFC 6.3: two lengths that differ", ok(b"Content-Length: 3"), "invalid content length"),
    refused("RFC 6.3: two lengths that agree", ok(LENGTH), "invalid content length"),
    refused("RFC 6.3: a list of lengths", ok(length=b"Content-Length: 2, 2"), "invalid content length"),
    refused("RFC 6.2: digits", ok(length=b"Content-Length: +2"), "invalid content length"),
    Row(
        "RFC 6.3: chunked beats a length",
        ok(b"Transfer-Encoding: Chunked", body=b"2\r\nok\r\n0\r\n\r\n"),
        has=((b"transfer-encoding", b"chunked"),),
        lacks=(b"content-length",),
    ),
    no_http("RFC 6.1: chunked alone", ok(b"Transfer-Encoding: gzip, chunked", length=b"")),
    no_http("RFC 6.1: not in HTTP/1.0", ok(b"Transfer-Encoding: chunked", line=b"HTTP/1.0 200 OK", length=b"")),
    Row("RFC 9110 7.6.1: Connection names hops", ok(b"Connection: X", b"X: 1"), lacks=(b"x", b"connection")),
    Row("RFC 9110 7.8: no Upgrade of the dyno's own", ok(b"Connection: Upgrade", b"Upgrade: h2c"), lacks=(b"upgrade",)),
    Row("ours: no Upgrade that Connection does not name", ok(b"Upgrade: h2c"), lacks=(b"upgrade",)),
    Row(
        "RFC 9110 8.6: no length with 204",
        ok(line=b"HTTP/1.1 204 No", body=b""),
        204,
        body=b"",
        lacks=(b"content-length",),
    ),
    Row("limits: status line 8192", ok(line=b"HTTP/1.1 200 ".ljust(8192, b"x"))),
    refused("limits: status line 8192", ok(line=b"HTTP/1.1 200 ".ljust(8193, b"x")), "oversized status line"),
    Row("limits: header line 512 KiB", ok(b"X: ".ljust(1 << 19, b"x")), has=((b"x", b"x" * ((1 << 19) - 3)),)),
    refused("limits: header line 512 KiB", ok(b"X: ".ljust((1 << 19) + 1, b"x")), "oversized header"),
    refused("limits: a head of 1 MB", ok(*[b"X: ".ljust(1 << 18, b"x")] * 4), "oversized header"),
    refused("ours: 1000 headers", ok(*[b"X: 1"] * 1001), "oversized header"),
    Row("limits: cookie 8192", ok(COOKIE + b"x" * 8192), has=((b"set-cookie", b"x" * 8192),)),
    refused("limits: cookie 8192", ok(COOKIE + b"x" * 8193), "oversized cookie"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fact)
async def test_what_comes_of_an_answer(row: Row) -> None:
    """The client gets the answer, or the code's page, and the log has the code in Heroku's words."""
    async with routed(answering(row.said), segment_bytes=0) as (started, client, _):
        answer = await client.ask(GET)
        record = fields(await started.line())
    assert answer.status == row.status
    assert (record.get("code", ""), record.get("desc", "")) == (row.code, row.desc)
    if row.code:
        assert row.code.encode() in answer.body
        return
    assert answer.body == row.body
    assert set(row.has) <= set(answer.headers.items())
    assert not set(row.lacks) & set(answer.headers)

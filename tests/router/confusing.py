"""Requests that are made to confuse: right ones, with what has confused servers before, and with bytes changed."""

import random

GOOD_HEADERS = (
    b"Accept: */*",
    b"Cookie: a=b; c=d",
    b"X-Forwarded-For: 6.6.6.6",
    b"X-Forwarded-Proto: https",
    b"Via: 1.0 fred",
    b"X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaa",
    b"Connection: keep-alive",
    b"Connection: close",
    b"Expect: 100-continue",
    b"TE: trailers",
    b"Trailer: X-Forwarded-For",
    b"X-Empty:",
    b"X-High: \xe4\xff",
)
ODD_HEADERS = (
    b"Connection: Upgrade, HTTP2-Settings",
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Upgrade: h2c",
    b"Upgrade: foo",
    b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Version: 13",
    b"Connection: Content-Length",
    b"Connection: Transfer-Encoding, Host",
    b"Connection: X-Forwarded-For",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer_Encoding: chunked",
    b"Content-Length: 0",
    b"Content-Length: +5",
    b"Content-Length: 5, 5",
    b"Content-Length: 0x5",
    b"Content_Length: 5",
    b"Content-Length : 5",
    b"\tContent-Length: 5",
    b" X-Folded: 1",
    b"Host: other",
    b"X: a\rTransfer-Encoding: chunked",
    b"X: a\nTransfer-Encoding: chunked",
    b"X: a\x00b",
    b"X\x00: a",
    b"Foo: bar\r\n\r\nGET /inner HTTP/1.1\r\nHost: app.localhost",
)
TARGETS = (
    b"/",
    b"/a?b=c",
    b"/a#b",
    b"//a/../b",
    b"http://app.localhost/x",
    b"http://app.localhost",
    b"http://me@app.localhost/",
    b"*",
    b"/a b",
    b"/%00",
    b"/\xff",
    b"/a\tb",
    b"a",
    b"/?" + b"x" * 3000,
)
METHODS = (b"GET", b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"CONNECT", b"get", b"G@T", b"PRI")
VERSIONS = (b"HTTP/1.1",) * 12 + (b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b"HTTP/1.1 ", b"")
INNER = b"GET /inner HTTP/1.1\r\nHost: app.localhost\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
BODIES = (b"", b"hello", INNER, b"0\r\n\r\n", b"0\r\n\r\n" + INNER, b"\r\n", b"x" * 3000)
BYTES = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"0",
    b"\x0b",
    b"\xff",
    b"#",
    b"@",
    b"\x7f",
)


def confusing(chance: random.Random) -> bytes:
    """Return what a client sends over one connection: one to three requests, some of them changed in a few bytes."""
    sent = b"".join(_request(chance) for _ in range(chance.choice((1, 1, 1, 2, 3))))
    for _ in range(chance.choice((0, 0, 0, 0, 0, 1, 1, 2, 5))):
        at = chance.randrange(len(sent))
        match chance.randrange(4):
            case 0:
                sent = sent[:at] + chance.choice(BYTES) + sent[at:]
            case 1:
                sent = sent[:at] + sent[at + chance.randrange(1, 4) :]
            case 2:
                sent = sent[:at] + chance.choice(BYTES) + sent[at + 1 :]
            case _:
                sent = sent[:at] + sent[max(0, at - chance.randrange(40)) : at] + sent[at:]
    return sent or b"\r\n"


def _request(chance: random.Random) -> bytes:
    """Return a request, whose framing is right in most cases."""
    line = b" ".join((chance.choice(METHODS), chance.choice(TARGETS), chance.choice(VERSIONS)))
    headers = [b"Host: app.localhost"] if chance.random() < 0.95 else []
    headers += chance.sample(GOOD_HEADERS, chance.randrange(4))
    headers += chance.sample(ODD_HEADERS, chance.choice((0, 0, 0, 0, 0, 1, 1, 2)))
    body = chance.choice(BODIES)
    framing = chance.randrange(6)
    if framing in (1, 2, 5):
        headers.append(b"Content-Length: %d" % (len(body) + chance.choice((0, 0, 0, 0, 1, -1))))
    if framing in (3, 4, 5):
        headers.append(chance.choice((b"Transfer-Encoding: chunked", b"transfer-encoding: Chunked")))
        body = _chunks(chance, body)
    if not framing:
        body = b""
    chance.shuffle(headers)
    return b"\r\n".join((line, *headers, b"", body))


def _chunks(chance: random.Random, body: bytes) -> bytes:
    """Return a body in chunks, with extensions and trailers that should reach nobody."""
    said = b""
    while body:
        size = chance.randrange(1, len(body) + 1)
        extension = chance.choice((b"", b"", b";a=b", b" ;a", b";\r\n", b";a\nb"))
        said += b"%x%b\r\n%b\r\n" % (size, extension, body[:size])
        body = body[size:]
    trailers = chance.choice(
        (b"", b"", b"X-Forwarded-For: 6.6.6.6\r\n", b"Content-Length: 5\r\n", INNER[:-2], b"X\r\n")
    )
    return said + chance.choice((b"0", b"0", b"00", b"0;a=b", b"0 ")) + b"\r\n" + trailers + b"\r\n"

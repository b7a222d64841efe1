"""A dyno's answers: what the router refuses of them, and how they go on to the client. Pure."""

import re
from dataclasses import dataclass

from scripts.router.bodies import Body, ChunkedBody, LengthBody, OpenBody
from scripts.router.codes import RequestFailed
from scripts.router.head_reader import Head
from scripts.router.heads import HOP_BY_HOP, LENGTH, Request

COOKIE_BYTES = 8192

STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")
"""A missing reason phrase is accepted, as by vegur."""


@dataclass(frozen=True)
class DynoAnswer:
    """An answer, by its head."""

    status: int
    reason: bytes
    version: bytes
    length: int | None
    """What Content-Length says; None where it says nothing, or nothing that counts."""
    chunked: bool
    head: Head

    @property
    def is_interim(self) -> bool:
        """Whether another answer follows."""
        return self.status < 200

    def has_body(self, method: bytes) -> bool:
        """Say whether a body follows, even an empty one, in answer to `method` (RFC 9112, section 6.3)."""
        return method != b"HEAD" and not self.is_interim and self.status not in (204, 304)

    def body(self, method: bytes) -> Body:
        """Return the body, before its first byte."""
        if not self.has_body(method):
            return LengthBody(0)
        if self.chunked:
            return ChunkedBody()
        return OpenBody() if self.length is None else LengthBody(self.length)

    @property
    def keeps_open(self) -> bool:
        """Whether the dyno keeps the connection open (RFC 9112, section 9.3)."""
        return self.version == b"1.1" and b"close" not in self.head.tokens(b"connection")


def read_answer(head: Head) -> DynoAnswer:
    """Return the answer that a head is of; RequestFailed for one that is not HTTP (H17) or is refused (H25)."""
    line = STATUS_LINE.fullmatch(head.line)
    if not line:
        raise RequestFailed("H17", cause="an illegal status line")
    version, status, reason = line.groups()
    if any(len(cookie) > COOKIE_BYTES for cookie in head.values(b"set-cookie")):
        raise RequestFailed("H25", restriction="oversized cookie")
    lengths = head.values(b"content-length")
    if len(lengths) > 1 or not all(map(LENGTH.fullmatch, lengths)):
        raise RequestFailed("H25", restriction="invalid content length")
    codings = head.values(b"transfer-encoding")
    if codings and (version == b"1.0" or len(codings) > 1 or codings[0].lower() != b"chunked"):
        raise RequestFailed("H17", cause="a Transfer-Encoding other than chunked, or not HTTP/1.1")
    length = int(lengths[0]) if lengths and not codings else None
    return DynoAnswer(int(status), reason or b"", version, length, bool(codings), head)


def client_head(answer: DynoAnswer, request: Request, via: bytes, *, keep: bool) -> bytes:
    """Return the answer's head as the client of `request` gets it: names, order and twins as the dyno wrote them.

    Its hops end here, Via is added. A body that ends with the dyno's connection goes on in chunks, to HTTP/1.1. `keep`
    says whether the client's connection stays open behind it.
    """
    head = answer.head
    apart = HOP_BY_HOP.union(head.tokens(b"connection"), (b"upgrade", b"via", b"transfer-encoding", b"content-length"))
    lines = [b"HTTP/1.1 %d %b" % (answer.status, answer.reason)]
    framed = not answer.is_interim and answer.status != 204
    chunked = request.version == b"1.1" and (answer.chunked or in_chunks(answer, request))
    for name, value in head.headers:
        lower = name.lower()
        if lower not in apart:
            lines.append(b"%b: %b" % (name, value))
        elif framed and lower == b"content-length" and answer.length is not None:
            lines.append(b"%b: %d" % (name, answer.length))
        elif framed and lower == b"transfer-encoding" and chunked:
            lines.append(b"%b: chunked" % name)
    if framed and chunked and not answer.chunked:
        lines.append(b"Transfer-Encoding: chunked")
    if answer.status == 101:
        lines += [b"Connection: Upgrade", b"Upgrade: websocket"]
    elif not answer.is_interim and not keep:
        lines.append(b"Connection: close")
    elif not answer.is_interim and request.version == b"1.0":
        lines.append(b"Connection: keep-alive")
    lines.append(b"Via: " + b", ".join((*head.values(b"via"), via)))
    return b"\r\n".join((*lines, b"", b""))


def in_chunks(answer: DynoAnswer, request: Request) -> bool:
    """Say whether the answer's body goes to the client in chunks."""
    return request.version == b"1.1" and answer.has_body(request.method) and answer.length is None


def ends_with_connection(answer: DynoAnswer, request: Request) -> bool:
    """Say whether the end of the answer's body is the end of the client's connection: HTTP/1.0 knows no chunks."""
    return request.version == b"1.0" and answer.has_body(request.method) and answer.length is None

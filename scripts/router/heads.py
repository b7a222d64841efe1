"""Requests as Heroku's router rewrites them for the dyno, and what it refuses. Pure.

To the dyno: Host, Connection, the client's headers, the router's own, Content-Length last; names capitalised. All of it
is written anew from what was read, so that the dyno meets one request, framed in one way (RFC 9112, section 11.2).
"""

import functools
import re
import uuid
from dataclasses import dataclass

from scripts.router.bodies import Body, ChunkedBody, LengthBody
from scripts.router.codes import RequestFailed
from scripts.router.head_reader import Head

HOP_BY_HOP = frozenset({b"connection", b"te", b"keep-alive", b"proxy-authorization"})
"""Headers that end at the router, as those do that Connection names; Transfer-Encoding passes."""

ADDED = (
    b"X-Request-Id",
    b"X-Forwarded-For",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Port",
    b"Via",
    b"Connect-Time",
    b"X-Request-Start",
    b"Total-Route-Time",
)
"""Headers that the router adds to a request, in their order; the client's own of these names are taken out."""

NOT_THE_CLIENTS = HOP_BY_HOP | {b"host", b"expect", b"content-length", b"upgrade", *(name.lower() for name in ADDED)}

METHOD_BYTES = 127
REQUEST_ID_CHARACTERS = range(20, 201)

REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/([0-9]\.[0-9])")
ABSOLUTE = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z\-._~%!$&'()*+,;=]+)(?::([0-9]*))?")
"""A host's name or address, and a port (RFC 9110, section 7.2): no user, nothing else."""
LENGTH = re.compile(rb"[0-9]{1,18}")


@dataclass(frozen=True)
class Profile:
    """What one of Heroku's routers does that another does not."""

    name: str
    via: bytes
    splits: bool
    """Heads reach the dyno in segments."""
    pools: bool
    """Connections to the dyno are kept, and used again."""


LEGACY = Profile("legacy", via=b"1.1 vegur", splits=True, pools=False)
ROUTER_2 = Profile("router-2", via=b"1.1 heroku-router", splits=False, pools=True)
PROFILES = {profile.name: profile for profile in (LEGACY, ROUTER_2)}


@dataclass(frozen=True)
class Request:
    """A request, by its head."""

    method: bytes
    target: bytes
    """Without its authority and its fragment, which do not go on."""
    version: bytes
    host: bytes
    """Where it goes: the target's authority, or else the Host header; empty where there is none."""
    length: int | None
    """The body's; None for one in chunks."""
    head: Head

    @property
    def body(self) -> Body:
        """The body, before its first byte."""
        return ChunkedBody() if self.length is None else LengthBody(self.length)

    @property
    def keeps_open(self) -> bool:
        """Whether the client wants to keep its connection (RFC 9112, section 9.3)."""
        options = self.head.tokens(b"connection")
        return b"close" not in options and (self.version == b"1.1" or b"keep-alive" in options)

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits to be told to send its body (RFC 9110, section 10.1.1)."""
        return self.version == b"1.1" and self.length != 0 and bool(self.head.values(b"expect"))

    @property
    def upgrades(self) -> bool:
        """Whether the client asks for a WebSocket (RFC 6455, section 4.1).

        Of nothing else that Upgrade may name is it known where the request ends and the new protocol begins; the same
        goes for a request with a body.
        """
        return (
            (self.method, self.version, self.length) == (b"GET", b"1.1", 0)
            and self.head.tokens(b"upgrade") == [b"websocket"]
            and b"upgrade" in self.head.tokens(b"connection")
        )


@dataclass(frozen=True)
class Stamp:
    """What the router knows of a request beside its head."""

    request_id: bytes
    client: bytes
    """The client's address."""
    port: int
    """The port that the request came in by."""
    start: int
    """When it came: milliseconds since the epoch."""
    connect: int
    """How long the connection to the dyno took, in milliseconds."""
    route: int
    """How long the request was with the router, in milliseconds."""


def read_request(head: Head) -> Request:
    """Return the request that a head is of; RequestFailed where it is not known what it asks or where it ends."""
    line = REQUEST_LINE.fullmatch(head.line)
    if not line:
        raise RequestFailed("H26", cause="an illegal request line")
    method, target, version = line.groups()
    if version not in (b"1.0", b"1.1"):
        raise RequestFailed("H26", cause=f"HTTP/{version.decode()} is not supported", status=505)
    if len(method) > METHOD_BYTES:
        raise RequestFailed("H26", cause=f"the method has more than {METHOD_BYTES} bytes")
    host = b"".join(head.values(b"host")[:1])
    if absolute := ABSOLUTE.match(target):
        host, target = absolute.groups()
        if not target.startswith(b"/"):
            target = b"*" if (method, target) == (b"OPTIONS", b"") else b"/" + target
    return Request(method, target.partition(b"#")[0], version, host, _length(head, version), head)


def _length(head: Head, version: bytes) -> int | None:
    """Return the length of a request's body, None for a chunked one; RequestFailed where that is not certain."""
    lengths = set(head.values(b"content-length"))
    if len(lengths) > 1:
        raise RequestFailed("H26", cause="conflicting Content-Length headers")
    if any(not LENGTH.fullmatch(length) for length in lengths):
        raise RequestFailed("H26", cause="an illegal Content-Length")
    if codings := head.values(b"transfer-encoding"):
        if version == b"1.0" or len(codings) > 1 or codings[0].lower() != b"chunked":
            raise RequestFailed("H26", cause="a Transfer-Encoding other than chunked, or not HTTP/1.1")
        return None
    return int(lengths.pop()) if lengths else 0


def check(request: Request) -> None:
    """Raise RequestFailed for a request that can be read, and that Heroku's router refuses."""
    if request.method == b"CONNECT":
        raise RequestFailed("H26", cause="CONNECT is not supported")
    if len(hosts := request.head.values(b"host")) != 1:
        raise RequestFailed("H26", cause="there must be one Host header")
    if not all(map(HOST.fullmatch, {request.host, *hosts})):
        raise RequestFailed("H26", cause="an illegal Host")
    if not request.target.startswith(b"/") and (request.method, request.target) != (b"OPTIONS", b"*"):
        raise RequestFailed("H26", cause="an illegal target")
    if any(value.lower() != b"100-continue" for value in request.head.values(b"expect")):
        raise RequestFailed("H26", cause="only 100-continue can be expected", status=417)


def host_name(request: Request) -> str:
    """Return the name that the request is routed by: its host in lower case, without the port; empty if none."""
    found = HOST.fullmatch(request.host)
    return (found[1] if found else request.host).decode("latin-1").lower()


def request_id(request: Request) -> bytes:
    """Return the client's X-Request-Id where its length is right, else a new one."""
    given = request.head.values(b"x-request-id")[:1]
    return given[0] if given and len(given[0]) in REQUEST_ID_CHARACTERS else str(uuid.uuid4()).encode()


def forwarded_for(request: Request, client: bytes) -> bytes:
    """Return who the request comes from: the addresses that it names already, and then the client's."""
    return b", ".join((*request.head.values(b"x-forwarded-for"), client))


def dyno_request(request: Request, stamp: Stamp, profile: Profile = LEGACY) -> bytes:
    """Return the request's head as the dyno gets it.

    Connection is `close` unless connections are kept, but `Upgrade` for a request that upgrades, for else no server
    would. Expect is the router's to answer. A chunked body has no Content-Length; a POST without a body says so.
    """
    head = request.head
    lines = [b"%b %b HTTP/1.1" % (request.method, request.target), b"Host: " + request.host]
    if request.upgrades:
        lines.append(b"Connection: Upgrade")
    elif not profile.pools:
        lines.append(b"Connection: close")
    options = head.tokens(b"connection")
    apart = NOT_THE_CLIENTS.union(options) if options else NOT_THE_CLIENTS
    for name, value in head.headers:
        lower = name.lower()
        if lower == b"transfer-encoding":
            lines.append(b"Transfer-Encoding: chunked")
        elif lower == b"upgrade" and request.upgrades:
            lines.append(b"Upgrade: websocket")
        elif lower not in apart:
            lines.append(b"%b: %b" % (capitalised(name), value))
    added = (
        stamp.request_id,
        forwarded_for(request, stamp.client),
        b"http",
        b"%d" % stamp.port,
        b", ".join((*head.values(b"via"), profile.via)),
        b"%d" % stamp.connect,
        b"%d" % stamp.start,
        b"%d" % stamp.route,
    )
    lines += [b"%b: %b" % header for header in zip(ADDED, added, strict=True)]
    if request.length or (request.length == 0 and (head.values(b"content-length") or request.method == b"POST")):
        lines.append(b"Content-Length: %d" % request.length)
    return b"\r\n".join((*lines, b"", b""))


@functools.lru_cache(maxsize=256)
def capitalised(name: bytes) -> bytes:
    """Return a header's name with each of its words capitalised."""
    return b"-".join(word.capitalize() for word in name.split(b"-"))

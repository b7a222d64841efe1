"""Heads as Heroku's legacy router rewrites them, in both directions. Pure.

To the dyno: Host, Connection, the client's headers, the router's own, Content-Length last; names capitalised. h11
writes the line and the headers out just as they are given here.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import h11

from scripts.router.codes import RequestFailed

Header = tuple[bytes, bytes]

VIA = b"1.1 vegur"

HOP_BY_HOP = frozenset({b"connection", b"te", b"keep-alive", b"proxy-authorization"})
"""Headers that end at the router; Transfer-Encoding and Upgrade pass."""

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

REQUEST_LINE_BYTES = 8192
REQUEST_ID_CHARACTERS = range(20, 201)


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


def check(request: h11.Request) -> None:
    """Raise RequestFailed for a head that h11 reads and Heroku's router refuses."""
    if request.http_version not in (b"1.0", b"1.1"):
        raise RequestFailed("H26", cause=f"HTTP/{request.http_version.decode()} is not supported")
    if request.method == b"CONNECT":
        raise RequestFailed("H26", cause="CONNECT is not supported")
    if len(request.method) + len(request.target) + len("  HTTP/1.1") > REQUEST_LINE_BYTES:
        raise RequestFailed("H26", cause=f"the request line has more than {REQUEST_LINE_BYTES} bytes")
    if len(values(request.headers, b"host")) != 1:
        raise RequestFailed("H26", cause="there must be one Host header")
    if any(value.lower() != b"100-continue" for value in values(request.headers, b"expect")):
        raise RequestFailed("H26", cause="only 100-continue can be expected", status=417)


def values(headers: Iterable[Header], name: bytes) -> list[bytes]:
    """Return the values of the headers called `name`, which is given in lower case."""
    return [value for found, value in headers if found.lower() == name]


def host_name(request: h11.Request) -> str:
    """Return the name that the request is routed by: the Host header in lower case, without its port; empty if none."""
    host = b"".join(values(request.headers, b"host")[:1]).decode("latin-1").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and (port.isdigit() or not port) else host


def request_id(request: h11.Request) -> bytes:
    """Return the client's X-Request-Id where its length is right, else a new one."""
    given = values(request.headers, b"x-request-id")[:1]
    return given[0] if given and len(given[0]) in REQUEST_ID_CHARACTERS else str(uuid.uuid4()).encode()


def forwarded_for(request: h11.Request, client: bytes) -> bytes:
    """Return who the request comes from: the addresses that it names already, and then the client's."""
    return b", ".join((*values(request.headers, b"x-forwarded-for"), client))


def upgrades(request: h11.Request) -> bool:
    """Say whether the client asks for another protocol on this connection (RFC 9110, section 7.8)."""
    options = b",".join(values(request.headers, b"connection")).lower().split(b",")
    return (
        request.http_version == b"1.1"
        and bool(values(request.headers, b"upgrade"))
        and b"upgrade" in (option.strip() for option in options)
    )


def dyno_request(request: h11.Request, stamp: Stamp) -> h11.Request:
    """Return the request as the dyno gets it.

    Connection is `close`, but `Upgrade` for a request that upgrades, for else no server would. Expect is the router's
    to answer. A chunked body has no Content-Length.
    """
    added = (
        stamp.request_id,
        forwarded_for(request, stamp.client),
        b"http",
        b"%d" % stamp.port,
        b", ".join((*values(request.headers, b"via"), VIA)),
        b"%d" % stamp.connect,
        b"%d" % stamp.start,
        b"%d" % stamp.route,
    )
    apart = HOP_BY_HOP | {b"host", b"expect", b"content-length"} | {name.lower() for name in ADDED}
    length = [] if values(request.headers, b"transfer-encoding") else values(request.headers, b"content-length")
    return h11.Request(
        method=request.method,
        target=request.target,
        headers=[
            (b"Host", values(request.headers, b"host")[0]),
            (b"Connection", b"Upgrade" if upgrades(request) else b"close"),
            *((capitalised(name), value) for name, value in request.headers if name not in apart),
            *zip(ADDED, added, strict=True),
            *((b"Content-Length", value) for value in length),
        ],
    )


def capitalised(name: bytes) -> bytes:
    """Return a header's name with each of its words capitalised."""
    return b"-".join(word.capitalize() for word in name.split(b"-"))


def client_headers(response: h11.Response | h11.InformationalResponse) -> list[Header]:
    """Return an answer's headers as the client gets them: as the dyno wrote them, without its hops, with Via.

    An answer that switches protocols has `Connection: Upgrade`, for its hops are the client's too.
    """
    apart = HOP_BY_HOP | {b"via"}
    return [
        *((name, value) for name, value in response.headers.raw_items() if name.lower() not in apart),
        *([(b"Connection", b"Upgrade")] if response.status_code == 101 else []),
        (b"Via", b", ".join((*values(response.headers, b"via"), VIA))),
    ]

"""What came back for a request. Pure.

How a connection ended is a fact of its own (`End`): reset, closed, garbled and timed out are never folded into one
empty answer. A long body is kept as its length and digest alone.
"""

import enum
import hashlib
from dataclasses import dataclass

import h11

ASKED_FOR = b"x-asked-for"
"""Field in which this project's app and controls say which URL they were asked for."""

KEPT_BYTES = 65536
"""Size up to which a body, or an answer in the cache of those that were read, is kept."""

KEPT_ANSWERS = 1024
"""How many answers the cache holds."""

HEAD_BYTES = 1 << 20
"""How long an answer's head may be; h11 would stop at 16 KiB."""


class Outcome(enum.StrEnum):
    """What a split request got, against the same request sent whole."""

    INTACT = "intact"
    """The very answer that the whole request got."""
    DROPPED = "dropped"
    """The connection closed or reset without a complete answer."""
    MISROUTED = "misrouted"
    """A complete answer to another URL than the one asked for."""
    REJECTED = "rejected"
    """A complete 4xx or 5xx."""
    HUNG = "hung"
    """Nothing within the time limit."""


class End(enum.StrEnum):
    """How the wait for an answer ended."""

    COMPLETE = "complete"
    CLOSED = "closed"
    RESET = "reset"
    GARBLED = "garbled"
    TIMED_OUT = "timed out"
    UNREAD = "unread"
    """The server did not read what it was sent."""


@dataclass(frozen=True)
class Digest:
    """A body that is too long to be kept."""

    length: int
    sha256: bytes


@dataclass(frozen=True)
class Answer:
    """An answer as far as it came; field names in lower case."""

    end: End
    status: int = 0
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes | Digest = b""

    @property
    def asked_for(self) -> bytes | None:
        """The URL that the server says it was asked for, where it says so."""
        return next(iter(self.values(ASKED_FOR)), None)

    @property
    def keeps_open(self) -> bool:
        """Whether the server said nothing of closing the connection after this answer."""
        return not any(b"close" in value.lower() for value in self.values(b"connection"))

    def values(self, name: bytes) -> tuple[bytes, ...]:
        """Return all values of the field `name` (in lower case), in their order."""
        return tuple(value for each, value in self.fields if each == name)


class Chunks:
    """Reads a chunked body (RFC 9112, section 7.1). h11 does it too, but takes 200 s for a page of one-byte chunks."""

    def __init__(self) -> None:
        """Begin behind the head."""
        self._rest = b""
        self._left = 0
        self._behind = self._trailers = False

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Take the next bytes; return what they add to the body, and whether that was its end.

        ValueError for what is no chunk.
        """
        rest, at = self._rest + data, 0
        found = []
        while True:
            if self._left:
                found.append(rest[at : at + self._left])
                at += len(found[-1])
                self._left -= len(found[-1])
                self._behind = True
            end = rest.find(b"\r\n", at)
            if self._left or end < 0:
                break
            line, at = rest[at:end], end + 2
            if self._trailers and not line:
                return b"".join(found), True
            if self._behind and line:
                raise ValueError("a chunk is longer than it says")
            if not self._behind and not self._trailers:
                self._left = int(line.partition(b";")[0], 16)
                self._trailers = not self._left
            self._behind = False
        self._rest = rest[at:]
        if self._left < 0 or len(self._rest) > KEPT_BYTES:
            raise ValueError("a chunk has no size")
        return b"".join(found), False


class AnswerReader:
    """Reads one answer to a GET from the bytes of a connection, in pieces of any size.

    `known` is a cache that the readers of one server share: bytes that were a complete answer once are one again.
    """

    def __init__(self, known: dict[bytes, Answer] | None = None) -> None:
        """Begin where the request has just been sent."""
        self._known = {} if known is None else known
        self._raw = b""
        self._connection: h11.Connection | None = None
        self._chunks: Chunks | None = None
        self._status = 0
        self._fields: tuple[tuple[bytes, bytes], ...] = ()
        self._body = bytearray()
        self._long: hashlib._Hash | None = None
        self._length = 0

    def feed(self, data: bytes) -> Answer | None:
        """Take the next bytes (b"" = the server closed); return the answer once its end is known."""
        if len(self._raw) <= KEPT_BYTES:
            self._raw += data
            if data and (known := self._known.get(self._raw)):
                return known
        try:
            answer = self._chunked(data) if self._chunks else self._read(self._h11(), data)
        except (h11.RemoteProtocolError, ValueError):
            return self.ended(End.GARBLED if data else End.CLOSED)
        if answer and answer.end is End.COMPLETE and data and len(self._raw) <= KEPT_BYTES:
            if len(self._known) >= KEPT_ANSWERS:
                self._known.clear()
            self._known[self._raw] = answer
        return answer

    def ended(self, end: End) -> Answer:
        """Return the answer as far as it came."""
        body = Digest(self._length, self._long.digest()) if self._long else bytes(self._body)
        return Answer(end, self._status, self._fields, body)

    def _h11(self) -> h11.Connection:
        """Return the parser, which the cache makes needless for most answers."""
        if self._connection is None:
            self._connection = h11.Connection(h11.CLIENT, HEAD_BYTES)
            self._connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
            self._connection.send(h11.EndOfMessage())
        return self._connection

    def _read(self, connection: h11.Connection, data: bytes) -> Answer | None:
        """Have the parser read; return the answer once its end is known."""
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                self._status, self._fields = event.status_code, tuple(event.headers)
                has_body = self._status not in (204, 304)  # RFC 9112, section 6.3
                if has_body and any(name == b"transfer-encoding" for name, _ in self._fields):
                    self._chunks = Chunks()
                    rest = connection.trailing_data[0]
                    return self._chunked(rest) if rest else None
            elif isinstance(event, h11.Data):
                self._add(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return self.ended(End.COMPLETE)
            elif isinstance(event, h11.ConnectionClosed):
                return self.ended(End.CLOSED)
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return None

    def _chunked(self, data: bytes) -> Answer | None:
        """Read on in a body of chunks; h11 lets no other coding through."""
        assert self._chunks
        body, ended = self._chunks.feed(data)
        self._add(body)
        return self.ended(End.COMPLETE if ended else End.CLOSED) if ended or not data else None

    def _add(self, data: bytes) -> None:
        """Take a piece of the body; from a length on, only its digest is kept."""
        self._length += len(data)
        if self._long is None:
            self._body += data
            if len(self._body) > KEPT_BYTES:
                self._long = hashlib.sha256(self._body)
                self._body.clear()
        else:
            self._long.update(data)

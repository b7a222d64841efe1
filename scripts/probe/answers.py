"""What came back for a request. Pure.

How a connection ended is a fact of its own (`End`): reset, closed, garbled and timed out are never folded into one
empty answer. A long body is kept as its length and digest alone.
"""

import enum
import hashlib
from dataclasses import dataclass

import h11

from scripts.probe.framing import Chunks, Frames

ASKED_FOR = b"x-asked-for"
"""Field in which this project's app and controls say which URL they were asked for."""

KEPT_BYTES = 65536
"""Size up to which a body is kept."""

HEAD_BYTES = 1 << 20
"""How long an answer's head may be; h11 would stop at 16 KiB."""


SWITCHING = 101
"""The status that accepts a WebSocket handshake (RFC 6455, section 4.2.2)."""


@dataclass(frozen=True)
class Asked:
    """What must be known of a request to read its answer."""

    method: str = "GET"
    upgrade: bool = False
    """It is a WebSocket handshake."""

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields that make h11 expect the answer."""
        return [("Host", "x"), *([("Upgrade", "websocket"), ("Connection", "Upgrade")] if self.upgrade else [])]


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
    """No answer within the time limit, or none though the server had read it all and then answered later requests."""


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
        """The URL that the server says it was asked for, where it does: in the field, or in a WebSocket's message."""
        said = self.body if self.status == SWITCHING and self.body and isinstance(self.body, bytes) else None
        return next(iter(self.values(ASKED_FOR)), said)

    @property
    def keeps_open(self) -> bool:
        """Whether the server said nothing of closing the connection after this answer."""
        return not any(b"close" in value.lower() for value in self.values(b"connection"))

    def values(self, name: bytes) -> tuple[bytes, ...]:
        """Return all values of the field `name` (in lower case), in their order."""
        return tuple(value for each, value in self.fields if each == name)


class AnswerReader:
    """Reads one answer from the bytes of a connection, in pieces of any size.

    What counts of a WebSocket handshake is that it is accepted, and the first message: that is the answer's body.
    """

    def __init__(self, asked: Asked | None = None) -> None:
        """Begin where the request has just been sent."""
        self.rest = b""
        """What came behind a complete answer: the next one's bytes."""
        asked = asked or Asked()
        self._connection = h11.Connection(h11.CLIENT, HEAD_BYTES)
        self._connection.send(h11.Request(method=asked.method, target="/", headers=asked.fields))
        self._connection.send(h11.EndOfMessage())
        self._framing: Chunks | Frames | None = None
        self._status = 0
        self._fields: tuple[tuple[bytes, bytes], ...] = ()
        self._body = bytearray()
        self._long: hashlib._Hash | None = None
        self._length = 0
        self._bodiless = asked.method == "HEAD"

    def feed(self, data: bytes) -> Answer | None:
        """Take the next bytes (b"" = the server closed); return the answer once its end is known."""
        try:
            if self._framing is None:
                return self._read(data)
            return self._on(data) if data else self.ended(End.CLOSED)
        except (h11.RemoteProtocolError, ValueError):
            return self.ended(End.GARBLED if data else End.CLOSED)

    def ended(self, end: End) -> Answer:
        """Return the answer as far as it came."""
        body = Digest(self._length, self._long.digest()) if self._long else bytes(self._body)
        return Answer(end, self._status, self._fields, body)

    def _read(self, data: bytes) -> Answer | None:
        """Have h11 read; return the answer once its end is known."""
        connection = self._connection
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.InformationalResponse) and event.status_code == SWITCHING:
                self._status, self._fields = event.status_code, tuple(event.headers)
                self._framing = Frames()
                return self._on(connection.trailing_data[0])
            if isinstance(event, h11.Response):
                self._status, self._fields = event.status_code, tuple(event.headers)
                has_body = not self._bodiless and self._status not in (204, 304)  # RFC 9112, section 6.3
                if has_body and any(name == b"transfer-encoding" for name, _ in self._fields):
                    self._framing = Chunks()
                    return self._on(connection.trailing_data[0])
            elif isinstance(event, h11.Data):
                self._add(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.rest = connection.trailing_data[0]
                return self.ended(End.COMPLETE)
            elif isinstance(event, h11.ConnectionClosed):
                return self.ended(End.CLOSED)
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return None

    def _on(self, data: bytes) -> Answer | None:
        """Read on in a body of chunks (h11 lets no other coding through), or in the frames behind a handshake."""
        assert self._framing
        body, ended = self._framing.feed(data)
        self._add(body)
        if ended:
            self.rest = self._framing.rest
        return self.ended(End.COMPLETE) if ended else None

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

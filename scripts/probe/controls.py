"""The probe's controls: small servers whose outcomes are known before they are measured, for each case.

They are four, by how they handle what comes in pieces (`Handling`). Each records how many bytes each of its reads
brought. A measurement that does not find what is known here, or segments that came in one read, voids its case.
"""

import asyncio
import base64
import enum
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from anyio.from_thread import start_blocking_portal

from scripts.wire.receive_queue import Address

HEAD_END = b"\r\n\r\n"

BACKLOG = 128

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)

CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)

CLOSE = re.compile(rb" HTTP/1\.0\r\n|\r\nconnection: *close\r\n", re.IGNORECASE)

WEBSOCKET_KEY = re.compile(rb"\r\nsec-websocket-key: *([^\r]+)", re.IGNORECASE)

WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What a server adds to the key (RFC 6455, section 1.3)."""

URL = re.compile(rb"/|http://[^/]+/")
"""What a control takes for the beginning of a URL: the path, or the absolute form's."""


class Handling(enum.StrEnum):
    """What a control does with what comes in pieces."""

    PIECEWISE = "piecewise"
    """It takes each piece of a URL that a read brings for a URL, as uvicorn did with httptools before 0.17.5."""
    JOINED = "joined"
    """It waits for the whole URL."""
    LINGERING = "lingering"
    """It does that, too, and never closes a connection: an answer's end is to be read from the answer."""
    FIRST_ONLY = "first-only"
    """It does that, and is deaf from then on when anything came behind a request in one read with its end."""


def url_piece(head: bytes, before: int) -> bytes | None:
    """Return what the URL has behind the first `before` bytes of `head`, which may still lack its end.

    None where nothing of the URL, nor the space that ends it, lies there.
    """
    start = head.find(b" ") + 1
    if not start or len(head) == start:
        return None
    end = head.find(b" ", start)
    end = len(head) if end < 0 else end
    return head[max(start, before) : end] if before <= end else None


def request_length(data: bytes) -> int | None:
    """Return how many bytes the first request in `data` has, or None where its end has not come."""
    end = data.find(HEAD_END) + len(HEAD_END)
    if end < len(HEAD_END):
        return None
    head = data[:end]
    if CHUNKED.search(head):
        last = data.find(b"\r\n0\r\n\r\n", end)
        return None if last < 0 else last + len(b"\r\n0\r\n\r\n")
    length = LENGTH.search(head)
    whole = end + (int(length[1]) if length else 0)
    return whole if len(data) >= whole else None


def answer(request: bytes, url: bytes) -> bytes:
    """Return the answer to a whole request, which says what URL it was taken to ask for."""
    head, _, body = request.partition(HEAD_END)
    if key := WEBSOCKET_KEY.search(head):
        accept = base64.b64encode(hashlib.sha1(key[1] + WEBSOCKET_GUID).digest())  # noqa: S324 - RFC 6455 has it so
        fields = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s" % accept
        return b"HTTP/1.1 101 Switching Protocols\r\n%s\r\n\r\n\x81%c%s" % (fields, len(url), url)
    said = b"%s %s %s" % (head.partition(b" ")[0], url, body)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Asked-For: %s\r\n\r\n%s" % (len(said), url, said)


class ControlProtocol(asyncio.Protocol):
    """One connection to a control."""

    def __init__(self, control: "Control") -> None:
        """Serve as `control` does, and note the sizes of the reads with it."""
        self._control = control
        self._reads: list[int] = []
        self._data = b""
        self._url = b""
        self._deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back to the client."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._control.reads.append(self._reads)
        self._control.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the way back."""
        self._control.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Take what one read brought."""
        self._reads.append(len(data))
        before = len(self._data)
        self._data += data
        while self._data and not self._deaf and self._one(before):
            before = 0

    def _one(self, before: int) -> bool:
        """Take the first request of what has come, whose first `before` bytes earlier reads brought; was it whole?."""
        handling = self._control.handling
        by_piece = handling is Handling.PIECEWISE
        piece = url_piece(self._data, before if by_piece else 0)
        if piece is not None:
            self._url = piece
            if not URL.match(piece) and (by_piece or self._data.count(b" ") > 1):
                self._transport.close()
                return False
        length = request_length(self._data)
        if length is None:
            return False
        request, self._data = self._data[:length], self._data[length:]
        self._transport.write(answer(request, self._url))
        if CLOSE.search(request) and handling is not Handling.LINGERING:
            self._transport.close()
        self._deaf = handling is Handling.FIRST_ONLY and bool(self._data)
        return True


class Control:
    """A control and what its reads brought; `running` serves it."""

    def __init__(self, handling: Handling) -> None:
        """Be a control of this kind."""
        self.handling = handling
        self.reads: list[list[int]] = []
        """The sizes of each connection's reads, in bytes."""
        self.open: set[asyncio.Transport] = set()
        self.address: Address = ("", 0)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Control"]:
        """Serve on any free port of loopback, and close every connection at the end."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: ControlProtocol(self), "127.0.0.1", 0, backlog=BACKLOG)
        self.address = server.sockets[0].getsockname()[:2]
        try:
            yield self
        finally:
            server.close()
            for transport in tuple(self.open):
                transport.abort()
            while self.open:  # each transport tells its protocol in a later turn of the loop
                await asyncio.sleep(0)


@contextmanager
def running(handling: Handling) -> Iterator[Control]:
    """Yield a control that serves from a thread of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Control(handling).serving()) as control,
    ):
        yield control

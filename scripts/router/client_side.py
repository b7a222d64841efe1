"""The router's connection with a client: requests come out of it, answers go into it.

What comes is read ahead, a little, whatever else goes on: so it is known at once when the client goes away. A client
that closes its sending side counts as gone, as it does for Heroku's router.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

from scripts.router.bodies import Body, LengthBody, chunk
from scripts.router.codes import RequestFailed
from scripts.router.dyno_answers import DynoAnswer, client_head, ends_with_connection, in_chunks
from scripts.router.head_reader import Header, HeadReader, Malformed, TooLong
from scripts.router.heads import Request, read_request
from scripts.router.pages import Page
from scripts.router.wakeup import Wakeup

AHEAD_BYTES = 131072
"""How much may lie here that nobody has asked for yet; the rest stays with the kernel, and so with the client."""

EMPTY_LINES = 5
"""How many empty lines may stand before a request line (RFC 9112, section 2.2: at least one)."""

LINGER_SECONDS = 2.0
"""How long a client that still sends may take to read the answer before its connection is closed."""


class ClientConnection(asyncio.Protocol):
    """One client's connection, for all its requests."""

    _transport: asyncio.Transport | None = None

    def __init__(self, address: str, write_seconds: float) -> None:
        """Serve the client at `address`, which may leave what it is sent unread for `write_seconds`."""
        self.address = address
        self.gone = False
        """The client has closed its connection."""
        self.on_gone: Callable[[], object] = lambda: None
        """Called once when the connection can be used no more."""
        self.idle_since: float | None = asyncio.get_running_loop().time()
        """Since when no request is under way, by the loop's clock; None while one is."""
        self._seconds = write_seconds
        self._buffer = bytearray()
        self._came, self._writable, self._closed = Wakeup(), Wakeup(), Wakeup()
        self._is_full = self._is_closed = self._aborted = self._ignores = False
        self._request: Request | None = None
        self._body: Body = LengthBody(0)
        self._answer: DynoAnswer | None = None
        self._chunked = self._keeps_open = self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take in what came, and no more for now when it is much."""
        if self._ignores:
            return
        self._buffer += data
        if len(self._buffer) >= AHEAD_BYTES:
            self._wire.pause_reading()
        self._came.set()

    def eof_received(self) -> bool:
        """Count the client as gone; what is on its way to it still goes."""
        self._leave()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        """Note the connection's end."""
        self._is_closed = True
        self._leave()
        self._writable.set()
        self._closed.set()

    def pause_writing(self) -> None:
        """Note that the client has too much to read."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on writing."""
        self._is_full = False
        self._writable.set()

    @property
    def _wire(self) -> asyncio.Transport:
        assert self._transport
        return self._transport

    def _leave(self) -> None:
        if not self.gone:
            self.gone = not self._aborted
            self._came.set()
            self._closed.set()
            leave, self.on_gone = self.on_gone, lambda: None
            leave()

    @property
    def can_be_answered(self) -> bool:
        """Whether an answer to the last request can still begin."""
        return not self.gone and self._answer is None

    @property
    def is_answered(self) -> bool:
        """Whether the answer to the last request has been sent to its end."""
        return self._answered

    async def request(self, idle: float) -> Request | None:
        """Return the next request's head, or None when none has begun within `idle` seconds.

        RequestFailed for one that cannot be read, and for one that is not whole by then.
        """
        if self._buffer:
            await asyncio.sleep(0)  # requests that all came at once are no reason to keep others waiting
        reader = HeadReader("request line", empty_lines=EMPTY_LINES)
        self._request, self._body, self._answer, self._answered = None, LengthBody(0), None, False
        loop = asyncio.get_running_loop()
        self.idle_since = loop.time()
        end = self.idle_since + idle
        try:
            while not (head := reader.read(self._buffer)):
                self._wire.resume_reading()
                await self._came.wait(max(0.0, end - loop.time()))
        except TimeoutError:
            if not (self._buffer or reader.begun):
                return None
            raise RequestFailed("H26", cause="the head came too slowly", status=408) from None
        except Malformed as error:
            is_long_line = isinstance(error, TooLong) and error.what == "request line"
            raise RequestFailed("H26", cause=str(error), status=414 if is_long_line else None) from None
        self.idle_since = None
        self._request = read_request(head)
        self._body = self._request.body
        return self._request

    @property
    def is_sending(self) -> bool:
        """Whether the last request has not been read to its end."""
        return self._request is None or not self._body.over

    async def body(self, seconds: float) -> bytes:
        """Return the next piece of the request's body, none at its end.

        RequestFailed for one that cannot be read, and when no more of it comes for `seconds`.
        """
        while True:
            try:
                data = self._body.read(self._buffer)
                if data or self._body.over:
                    if self._buffer:
                        await asyncio.sleep(0)
                    return data
                self._wire.resume_reading()
                await self._came.wait(seconds)
            except Malformed as error:
                raise RequestFailed("H26", cause=str(error)) from None
            except TimeoutError:
                raise RequestFailed("H28") from None

    async def receive(self) -> bytes:
        """Return the next bytes as they came, after a request that switched protocols."""
        while not self._buffer:
            self._wire.resume_reading()
            await self._came.wait(None)
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    async def send_continue(self) -> None:
        """Tell a client that waits for it to send its body, unless that has begun or is wanted no more."""
        if self._request and self._request.expects_continue and not self._buffer and self._answer is None:
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def begin(self, answer: DynoAnswer, via: bytes) -> bytes:
        """Return the head of an answer as it goes to this client; an interim one only to HTTP/1.1."""
        request = self._request
        assert request
        if answer.is_interim and answer.status != 101:
            return client_head(answer, request, via, keep=True) if request.version == b"1.1" else b""
        self._answer = answer
        switches = answer.status == 101
        self._answered = switches
        self._chunked = in_chunks(answer, request)
        self._keeps_open = request.keeps_open and not switches and not ends_with_connection(answer, request)
        return client_head(answer, request, via, keep=self._keeps_open)

    def piece(self, data: bytes) -> bytes:
        """Return a piece of the answer's body as it goes to this client."""
        return chunk(data) if self._chunked and data else data

    def end(self, trailers: list[Header]) -> bytes:
        """Return the end of the answer's body as it goes to this client."""
        self._answered = True
        if not self._chunked:
            return b""
        return b"\r\n".join((b"0", *(b"%b: %b" % trailer for trailer in trailers), b"", b""))

    async def write(self, data: bytes) -> None:
        """Send bytes as they are, and wait while the client has too much to read.

        RequestFailed when it is gone (H27), and when it reads nothing in time (H28).
        """
        if not self._is_closed:
            self._wire.write(data)
        try:
            while self._is_full and not self._is_closed:
                await self._writable.wait(self._seconds)
        except TimeoutError:
            raise RequestFailed("H28") from None
        if self._is_closed:
            raise RequestFailed("H27")

    async def send_page(self, page: Page) -> None:
        """Send an answer of the router's own; one to HEAD goes without its body."""
        request = self._request
        await self._skip_body()
        body = page.html()
        self._keeps_open = request is not None and request.keeps_open and not self.is_sending
        options = [] if self._keeps_open else [(b"Connection", b"close")]
        if self._keeps_open and request and request.version == b"1.0":
            options = [(b"Connection", b"keep-alive")]
        lines = [b"%b: %b" % header for header in (*page.headers(body), *options)]
        head = b"\r\n".join((b"HTTP/1.1 %d %b" % (page.status, page.reason.encode()), *lines, b"", b""))
        self._answered = True
        await self.write(head if request and request.method == b"HEAD" else head + body)

    async def _skip_body(self) -> None:
        """Throw away what has come of the request's body."""
        left = len(self._buffer)
        with contextlib.suppress(Malformed):
            while left > 0 and self._request and not self._body.over:
                before = len(self._buffer)
                self._body.read(self._buffer)
                left -= before - len(self._buffer) or left
                await asyncio.sleep(0)

    def leave_http(self) -> bytes:
        """Return what came after the request that switched protocols: it belongs to the new one."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    async def next_cycle(self) -> bool:
        """Make ready for the next request on this connection; say whether there can be one."""
        await self._skip_body()
        return self._answered and self._keeps_open and not self.is_sending and not self.gone

    async def finish(self) -> None:
        """End the connection after its last answer.

        A client that is still sending is given time to read the answer: to close at once would reset the connection,
        and with it what it has not read (RFC 9112, section 9.6).
        """
        if self._is_closed or self.gone or self._aborted or not self.is_sending:
            return
        self._ignores = True
        self._buffer.clear()
        self._wire.resume_reading()
        with contextlib.suppress(OSError, TimeoutError):
            self._wire.write_eof()
            await self._closed.wait(LINGER_SECONDS)

    def abort(self) -> None:
        """Reset the connection, so that even an answer that ends with the connection is seen to be broken off."""
        self._aborted = True
        if self._transport is None:
            self._leave()
            return
        with contextlib.suppress(OSError):
            no_linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        self._transport.abort()

    async def close(self) -> None:
        """Close the connection, with what is still to be sent if the client takes it in time."""
        self.on_gone = lambda: None
        if self._transport is None:
            return
        self._transport.close()
        try:
            while not self._is_closed:
                await self._closed.wait(LINGER_SECONDS if self.gone else self._seconds)
        except TimeoutError:
            self._transport.abort()

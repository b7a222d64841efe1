"""The router's connection with a client: requests come out of it as h11's events, answers go into it.

A task of its own reads ahead, a little, whatever else goes on: so it is known at once when the client goes away. A
client that closes its sending side counts as gone, as it does for Heroku's router.
"""

import asyncio
import contextlib
import socket
import struct

import h11

from scripts.router.codes import RequestFailed
from scripts.router.pages import Page

PIECE_BYTES = 65536
AHEAD_BYTES = 2 * PIECE_BYTES
"""How much may lie here that nobody has asked for yet; the rest stays with the kernel, and so with the client."""

HEAD_BYTES = 1 << 20
"""How long a head may grow before it is refused; h11 would stop at 16 KiB, below what Heroku's router takes."""

LINGER_SECONDS = 2.0
"""How long a client that still sends may take to read the answer before its connection is closed."""

Event = h11.Data | h11.EndOfMessage


class ClientConnection:
    """One client's connection, for all its requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve over these streams."""
        self._reader = reader
        self._writer = writer
        self._h11 = h11.Connection(h11.SERVER, HEAD_BYTES)
        self._ahead = bytearray()
        self._came = asyncio.Event()
        self._room = asyncio.Event()
        self.address = str(writer.get_extra_info("peername")[0])
        self._aborted = False
        self.gone = False
        """The client has closed its connection."""

    @property
    def can_be_answered(self) -> bool:
        """Whether an answer to the last request can still begin."""
        return not self.gone and self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    @property
    def is_answered(self) -> bool:
        """Whether the answer to the last request has been sent to its end."""
        return self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE, h11.SEND_BODY, h11.ERROR)

    @property
    def _is_sending(self) -> bool:
        """Whether the last request is not read to its end."""
        return self._h11.their_state in (h11.SEND_BODY, h11.ERROR)

    async def watch(self) -> None:
        """Read ahead until the client is gone."""
        with contextlib.suppress(OSError):
            while data := await self._reader.read(PIECE_BYTES):
                self._ahead += data
                self._came.set()
                while len(self._ahead) >= AHEAD_BYTES:
                    self._room.clear()
                    await self._room.wait()
        self.gone = not self._aborted

    async def receive(self) -> bytes:
        """Return the next bytes as they came; what h11 has not used of the earlier ones is not among them."""
        while not self._ahead:
            self._came.clear()
            await self._came.wait()
        return self._take()

    def _take(self) -> bytes:
        """Return what has been read ahead."""
        data = bytes(self._ahead)
        self._ahead.clear()
        self._room.set()
        return data

    async def request(self, idle: float) -> h11.Request | None:
        """Return the next request's head, or None when none has come whole within `idle` seconds.

        RequestFailed for one that cannot be read.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(idle):
                event = await self._next_event()
                assert isinstance(event, h11.Request)
                return event
        return None

    async def body(self) -> Event:
        """Return the next piece of the request's body, or its end; RequestFailed for one that cannot be read."""
        event = await self._next_event()
        assert isinstance(event, Event)
        return event

    async def _next_event(self) -> h11.Event:
        try:
            while (event := self._h11.next_event()) is h11.NEED_DATA:
                self._h11.receive_data(await self.receive())
        except h11.RemoteProtocolError as error:
            raise RequestFailed("H26", cause=str(error)) from None
        assert isinstance(event, h11.Event)
        return event

    async def send(self, event: h11.InformationalResponse | h11.Response | Event) -> None:
        """Send a piece of the answer, and wait while the client has too much to read; RequestFailed when it is gone.

        h11 frames the body as this client can read it. An HTTP/1.0 client gets no answer but the last, and no trailers.
        """
        if self._h11.their_http_version == b"1.0":
            if isinstance(event, h11.InformationalResponse):
                return
            if isinstance(event, h11.EndOfMessage):
                event = h11.EndOfMessage()
        await self.write(self._h11.send(event))

    async def write(self, data: bytes) -> None:
        """Send bytes as they are; RequestFailed when the client is gone."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            raise RequestFailed("H27") from None

    async def send_page(self, page: Page, *, with_body: bool) -> None:
        """Send an answer of the router's own; one to HEAD goes without its body."""
        self._skip_body()
        body = page.html()
        headers = page.headers(body) + ([(b"Connection", b"close")] if self._is_sending else [])
        await self.send(h11.Response(status_code=page.status, headers=headers, reason=page.reason.encode()))
        if with_body:
            await self.send(h11.Data(data=body))
        await self.send(h11.EndOfMessage())

    def _skip_body(self) -> None:
        """Throw away what has come of the request's body."""
        with contextlib.suppress(h11.RemoteProtocolError):
            while self._h11.their_state is h11.SEND_BODY:
                if self._h11.next_event() is h11.NEED_DATA:
                    if not self._ahead:
                        return
                    self._h11.receive_data(self._take())

    async def send_continue(self) -> None:
        """Tell a client that waits for it to send its body (RFC 9110, section 10.1.1)."""
        if self._h11.they_are_waiting_for_100_continue:
            await self.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))

    def leave_http(self) -> bytes:
        """Return what came after the request that switched protocols: it belongs to the new one."""
        return self._h11.trailing_data[0]

    def next_cycle(self) -> bool:
        """Make ready for the next request on this connection; say whether there can be one."""
        self._skip_body()
        if self._h11.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            return False
        self._h11.start_next_cycle()
        return True

    async def finish(self) -> None:
        """End the connection after its last answer.

        A client that is still sending is given time to read the answer: to close at once would reset the connection,
        and with it what it has not read (RFC 9112, section 9.6).
        """
        if not self._is_sending:
            return
        with contextlib.suppress(OSError):
            self._writer.write_eof()
            async with asyncio.timeout(LINGER_SECONDS):
                while True:
                    await self.receive()

    def abort(self) -> None:
        """Reset the connection, so that even an answer that ends with the connection is seen to be broken off."""
        self._aborted = True
        with contextlib.suppress(OSError):
            no_linger = struct.pack("ii", 1, 0)
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection, with what is still to be sent if the client takes it soon."""
        self._writer.close()
        with contextlib.suppress(OSError):
            try:
                async with asyncio.timeout(LINGER_SECONDS):
                    await self._writer.wait_closed()
            except TimeoutError:
                self._writer.transport.abort()
                await self._writer.wait_closed()

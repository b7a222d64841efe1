"""The router's connection to a dyno: one for each request, over a plain socket.

A plain socket, for asyncio's streams throw away what the dyno has answered when writing to it fails, and that answer
is the truth. The head goes out in segments, and each has been read by the dyno before the next one leaves.
"""

import asyncio
import socket

import h11

from scripts.router.codes import RequestFailed
from scripts.wire.receive_queue import Address, Reading, ReceiveQueue
from scripts.wire.splitting import segment_offsets, split

PIECE_BYTES = 65536

HEAD_BYTES = 1 << 20
"""How long an answer's head may grow: the 1 MB that Heroku's router buffers of an answer."""

EAGER_POLLS = 500
"""How often the kernel is asked at once whether a segment is read. A dyno that is not busy reads it within these."""
POLL_SECONDS = 0.001
"""How long to wait between further questions: a busy dyno needs the processor more than the router does."""

BLIND_SECONDS = 0.02
"""What lies between two segments where the kernel cannot be asked: no proof, but time enough for an idle dyno."""


class DynoClosed(Exception):
    """The dyno reads no more; what it answered is still to be had."""


class DynoConnection:
    """One request's connection to a dyno. Sending and receiving may go on at once, each in one task."""

    def __init__(self, connected: socket.socket, queue: ReceiveQueue | None) -> None:
        """Talk over this socket, and ask `queue` what the dyno has read."""
        self._loop = asyncio.get_running_loop()
        self._socket = connected
        self._server: Address = connected.getpeername()[:2]
        self._client: Address = connected.getsockname()[:2]
        self._queue = queue if queue and queue.sees(connected) else None
        self._sent = 0
        self._apart = False
        self._closed = False
        self._h11 = h11.Connection(h11.CLIENT, HEAD_BYTES)
        self.received = 0
        """Bytes that came from the dyno."""

    @classmethod
    async def open(cls, address: Address, seconds: float, queue: ReceiveQueue | None) -> "DynoConnection":
        """Connect to the dyno at `address` within `seconds`; RequestFailed when that is refused or takes too long."""
        connecting = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        try:
            connecting.setblocking(False)
            # Nagle's algorithm would hold a segment back until the one before is acknowledged, read or not.
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_connect(connecting, address)
            return cls(connecting, queue)
        except BaseException as error:
            connecting.close()
            if isinstance(error, TimeoutError):
                raise RequestFailed("H19") from None
            if isinstance(error, ConnectionError):
                raise RequestFailed("H21") from None
            raise

    def close(self) -> None:
        """Close the connection; no task may be using it any more."""
        self._socket.close()

    async def send_head(self, request: h11.Request, segment_bytes: int) -> None:
        """Send the request's head in segments of `segment_bytes` (0: whole), each read before the next one leaves.

        DynoClosed when the dyno reads no more of it.
        """
        head = self._h11.send(request)
        for number, segment in enumerate(split(head, segment_offsets(len(head), segment_bytes))):
            if number:
                await self._wait_read()
            await self.write(segment)
        self._apart = segment_bytes > 0

    async def send(self, event: h11.Data | h11.EndOfMessage) -> None:
        """Send a piece of the request's body, or its end; DynoClosed when the dyno reads no more.

        The body does not mix with the head's last segment.
        """
        if self._apart and isinstance(event, h11.Data):
            await self._wait_read()
            self._apart = False
        await self.write(self._h11.send(event))

    async def write(self, data: bytes) -> None:
        """Send bytes as they are; DynoClosed when the dyno reads no more."""
        try:
            await self._loop.sock_sendall(self._socket, data)
        except ConnectionError:
            raise DynoClosed from None
        self._sent += len(data)

    async def _wait_read(self) -> None:
        """Return when the dyno has read all that was sent; DynoClosed when it will not."""
        if self._queue is None:
            await asyncio.sleep(BLIND_SECONDS)
            return
        polls = 0
        while (reading := self._queue.reading(self._server, self._client, self._sent)) is Reading.WAITING:
            await asyncio.sleep(0 if polls < EAGER_POLLS else POLL_SECONDS)
            polls += 1
        if reading is Reading.GONE:
            raise DynoClosed

    async def receive(self) -> bytes:
        """Return the next bytes as they came, none at the end; RequestFailed when the dyno breaks off."""
        try:
            data = await self._loop.sock_recv(self._socket, PIECE_BYTES)
        except ConnectionError:
            raise self._broken_off() from None
        self.received += len(data)
        return data

    async def answer(self) -> h11.Event:
        """Return the next event of the answer; RequestFailed when the dyno breaks off, or answers what is not HTTP.

        The end of an answer is known by its length: old uvicorns keep the connection open though asked to close it.
        """
        try:
            while (event := self._h11.next_event()) is h11.NEED_DATA:
                data = await self.receive()
                self._closed = not data
                self._h11.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise self._broken_off() if self._closed else RequestFailed("H17", cause=str(error)) from None
        assert isinstance(event, h11.Event)
        return event

    def leave_http(self) -> bytes:
        """Return what came after the answer that switched protocols: it belongs to the new one."""
        return self._h11.trailing_data[0]

    def _broken_off(self) -> RequestFailed:
        """Tell an answer that broke off from none at all."""
        return RequestFailed("H18" if self.received else "H13")

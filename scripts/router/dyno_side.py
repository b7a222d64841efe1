"""The router's connection to a dyno, over a plain socket.

A plain socket, for asyncio's transports throw away what the dyno has answered when writing to it fails, and that answer
is the truth. The head goes out in segments, and each has been read by the dyno before the next one leaves.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

from scripts.router.bodies import Body, LengthBody, OpenBody
from scripts.router.codes import RequestFailed
from scripts.router.dyno_answers import DynoAnswer, read_answer
from scripts.router.head_reader import HEAD_BYTES, HeadReader, Malformed, TooLong
from scripts.router.wakeup import Wakeup
from scripts.wire.receive_queue import Address, Reading, ReceiveQueue
from scripts.wire.splitting import segment_offsets, split

PIECE_BYTES = 65536

HEADER_BYTES = HEAD_BYTES // 2
"""How long a header line of an answer may be."""

EAGER_POLLS = 500
"""How often the kernel is asked at once whether a segment is read. A dyno that is not busy reads it within these."""
POLL_SECONDS = 0.001
"""How long to wait between further questions: a busy dyno needs the processor more than the router does."""

BLIND_SECONDS = 0.02
"""What lies between two segments where the kernel cannot be asked: no proof, but time enough for an idle dyno."""


class DynoClosed(Exception):
    """The dyno reads no more; what it answered is still to be had."""


class DynoConnection:
    """A connection to a dyno. Sending and receiving may go on at once, each in one task."""

    def __init__(self, connected: socket.socket, queue: ReceiveQueue | None) -> None:
        """Talk over this socket, and ask `queue` what the dyno has read."""
        self._loop = asyncio.get_running_loop()
        self._socket = connected
        self._queue = queue
        self._ends: tuple[Address, Address] | None = None
        """The addresses of the dyno's end and of this one, once the kernel is asked."""
        self._sent = 0
        self._apart = False
        self._incoming = bytearray()
        self._came = Wakeup()
        self._closed = False
        self._body: Body = LengthBody(0)
        self.received = 0
        """Bytes that came from the dyno in answer to the present request."""
        self.on_word: Callable[[], object] | None = None
        """Called, where it is set, when the dyno says something or closes."""
        self._is_read = True
        self._loop.add_reader(connected.fileno(), self._readable)

    @classmethod
    async def open(cls, address: Address, seconds: float, queue: ReceiveQueue | None) -> "DynoConnection":
        """Connect to the dyno at `address` within `seconds`.

        RequestFailed when that is refused, takes too long, or this process has no file descriptor left.
        """
        try:
            connecting = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        except OSError as error:
            raise RequestFailed("H99", cause=f"the router has no socket left: {error.strerror}") from None
        try:
            connecting.setblocking(False)
            # Nagle's algorithm would hold a segment back until the one before is acknowledged, read or not.
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await _connect(connecting, address, seconds)
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
        self._pause()
        self._socket.close()

    @property
    def is_idle(self) -> bool:
        """Whether another request may be sent: the answer is over, and the dyno has neither closed nor said more."""
        return self._body.over and not self._closed and not self._incoming

    def _readable(self) -> None:
        """Take in what came, and no more for now when it is much."""
        try:
            data = self._socket.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._incoming += data
        self.received += len(data)
        self._closed = not data
        if self._closed or len(self._incoming) >= PIECE_BYTES:
            self._pause()
        self._came.set()
        if self.on_word:
            self.on_word()

    def _pause(self) -> None:
        if self._is_read:
            self._loop.remove_reader(self._socket.fileno())
            self._is_read = False

    async def _more(self, seconds: float | None) -> bool:
        """Wait until more has come; say whether it has, for the dyno may have closed. TimeoutError after `seconds`."""
        if not self._closed:
            if not self._is_read:
                self._loop.add_reader(self._socket.fileno(), self._readable)
                self._is_read = True
            await self._came.wait(seconds)
        return not self._closed

    async def send_head(self, head: bytes, segment_bytes: int, seconds: float) -> None:
        """Send the request's head in segments of `segment_bytes` (0: whole), each read before the next one leaves.

        DynoClosed when the dyno reads no more of it; RequestFailed (H12) when it takes longer than `seconds`.
        """
        self.received = 0
        if not 0 < segment_bytes < len(head):
            await self.write(head, seconds, "H12")
        else:
            try:
                async with asyncio.timeout(seconds):
                    for number, segment in enumerate(split(head, segment_offsets(len(head), segment_bytes))):
                        if number:
                            await self._wait_read()
                        await self.write(segment)
            except TimeoutError:
                raise RequestFailed("H12") from None
        self._apart = segment_bytes > 0

    async def send_body(self, data: bytes, seconds: float) -> None:
        """Send a piece of the request's body as it is; DynoClosed when the dyno reads no more, H15 if not in time.

        The body does not mix with the head's last segment.
        """
        if self._apart:
            try:
                async with asyncio.timeout(seconds):
                    await self._wait_read()
            except TimeoutError:
                raise RequestFailed("H15") from None
            self._apart = False
        await self.write(data, seconds, "H15")

    async def write(self, data: bytes, seconds: float | None = None, code: str = "H15") -> None:
        """Send bytes as they are; DynoClosed when the dyno reads no more, RequestFailed if not in `seconds`."""
        try:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            if sent < len(data):
                async with asyncio.timeout(seconds):
                    await self._loop.sock_sendall(self._socket, memoryview(data)[sent:])
        except ConnectionError:
            raise DynoClosed from None
        except TimeoutError:
            raise RequestFailed(code) from None
        self._sent += len(data)

    async def _wait_read(self) -> None:
        """Return when the dyno has read all that was sent; DynoClosed when it will not."""
        if self._queue and not self._ends:
            try:
                self._ends = self._socket.getpeername()[:2], self._socket.getsockname()[:2]
            except OSError:
                raise DynoClosed from None
            if not await self._is_seen(self._queue):
                self._queue = None
        if self._queue is None or self._ends is None:
            await asyncio.sleep(BLIND_SECONDS)
            return
        server, client = self._ends
        polls = 0
        while (reading := self._queue.reading(server, client, self._sent)) is Reading.WAITING:
            await asyncio.sleep(0 if polls < EAGER_POLLS else POLL_SECONDS)
            polls += 1
        if reading is Reading.GONE:
            raise DynoClosed

    async def _is_seen(self, queue: ReceiveQueue) -> bool:
        """Say whether the kernel knows the dyno's end, which it may make a moment after this one."""
        until = self._loop.time() + BLIND_SECONDS
        while not (seen := queue.sees(self._socket)) and self._loop.time() < until:
            await asyncio.sleep(POLL_SECONDS)
        return seen

    async def first_byte(self, sending: "asyncio.Task[None] | None", seconds: float) -> None:
        """Wait for the first byte of the answer; RequestFailed (H12) when none comes for `seconds`.

        Its time runs from the moment that the request has been sent, by `sending` where that is a task still.
        """
        try:
            if sending and not sending.done():
                sending.add_done_callback(lambda _: self._came.set())
                while not (self._incoming or self._closed or sending.done()):
                    await self._more(None)
            if self._incoming or self._closed:
                return
            if sending:
                sending.result()
            await self._more(seconds)
        except TimeoutError:
            raise RequestFailed("H12") from None

    async def answer(self, method: bytes, seconds: float) -> DynoAnswer:
        """Return the head of the next answer, which may be an interim one, to a request of `method`.

        RequestFailed when the dyno breaks off (H13, H18), falls silent for `seconds` (H15), or answers what is not HTTP
        (H17) or is refused (H25).
        """
        reader = HeadReader("status line", line_bytes=HEADER_BYTES)
        try:
            while not (head := reader.read(self._incoming)):
                if not await self._more(seconds):
                    raise RequestFailed("H18" if self.received else "H13")
        except TimeoutError:
            raise RequestFailed("H15") from None
        except TooLong as error:
            raise RequestFailed("H25", restriction=f"oversized {error.what}") from None
        except Malformed as error:
            raise RequestFailed("H17", cause=str(error)) from None
        answer = read_answer(head)
        self._body = answer.body(method)
        return answer

    def piece(self) -> bytes:
        """Return what has come of the answer's body; RequestFailed when it breaks off or cannot be read."""
        try:
            data = self._body.read(self._incoming)
            if not data and not self._body.over and not self._closed:
                self._readable()  # a server's head and body often leave apart, and arrive together by now
                data = self._body.read(self._incoming)
        except Malformed as error:
            raise RequestFailed("H17", cause=str(error)) from None
        if self._closed and not data and not self._body.over:
            if not isinstance(self._body, OpenBody):
                raise RequestFailed("H18")
            self._body.over = True
        return data

    @property
    def body(self) -> Body:
        """The answer's body. Its end is known by its length: old uvicorns keep the connection open."""
        return self._body

    async def more(self, seconds: float) -> None:
        """Wait for more of the answer's body; RequestFailed (H15) when none comes for `seconds`."""
        try:
            await self._more(seconds)
        except TimeoutError:
            raise RequestFailed("H15") from None

    async def receive(self) -> bytes:
        """Return the next bytes as they came, none at the end, after an answer that switched protocols."""
        if not self._incoming:
            await self._more(None)
        data = bytes(self._incoming)
        self._incoming.clear()
        return data


async def _connect(connecting: socket.socket, address: Address, seconds: float) -> None:
    """Connect a socket. On this machine that is over at once, though the kernel says that it is under way."""
    if connecting.connect_ex(address) in (0, errno.EINPROGRESS):
        try:
            connecting.getpeername()
        except OSError:
            pass
        else:
            return
    async with asyncio.timeout(seconds):
        try:
            await asyncio.get_running_loop().sock_connect(connecting, address)
        except OSError as error:
            if error.errno != errno.EISCONN:
                raise

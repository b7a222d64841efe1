"""A router between clients and dynos that speak in bytes, as each test says."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import h11
import pytest

from scripts.router.router import DynoState, RoutedDyno, Router, RouterTimes

ASYNC = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]
"""What a module of asynchronous tests is marked with."""

HOST = "app.localhost"
GET = b"GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENCE_SECONDS = 30.0


class Talk:
    """One connection that a dyno got."""

    def __init__(self, connection: socket.socket) -> None:
        """Talk over an accepted connection."""
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self.reads: list[bytes] = []
        """What each read brought."""

    @property
    def received(self) -> bytes:
        """All that was read."""
        return b"".join(self.reads)

    async def read(self) -> bytes:
        """Read once; nothing means that the router has closed."""
        data = await self._loop.sock_recv(self._socket, 1 << 20)
        if data:
            self.reads.append(data)
        return data

    async def read_until(self, end: bytes = b"\r\n\r\n") -> bytes:
        """Read until what was read holds `end`; return all."""
        while end not in self.received:
            assert await self.read(), f"the router closed after {self.received!r}"
        return self.received

    async def closed(self) -> None:
        """Wait until the router has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.read():
                pass

    async def send(self, data: bytes) -> None:
        """Answer with `data`."""
        await self._loop.sock_sendall(self._socket, data)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def reset(self) -> None:
        """Close the connection with a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


Script = Callable[[Talk], Awaitable[None]]


@dataclass
class ScriptedDyno:
    """A dyno that does with each connection what its test says, and closes it then."""

    address: tuple[str, int]
    talks: list[Talk]

    @property
    def up(self) -> RoutedDyno:
        """What the router is told."""
        return RoutedDyno(state=DynoState.UP, address=self.address)


@contextlib.asynccontextmanager
async def dyno(script: Script) -> AsyncIterator[ScriptedDyno]:
    """Listen as a dyno; an error of the script is the test's."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        scripted = ScriptedDyno(listener.getsockname(), [])

        async def run(talk: Talk) -> None:
            try:
                await script(talk)
            finally:
                talk.close()

        async def listen() -> None:
            async with asyncio.TaskGroup() as group:
                while True:
                    connection, _ = await loop.sock_accept(listener)
                    connection.setblocking(False)
                    scripted.talks.append(Talk(connection))
                    group.create_task(run(scripted.talks[-1]))

        listening = asyncio.create_task(listen())
        try:
            yield scripted
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening


def answering(answer: bytes) -> Script:
    """Return a script that reads a head, answers, and leaves the end to the router."""

    async def script(talk: Talk) -> None:
        while b"\r\n\r\n" not in talk.received:
            if not await talk.read():
                return
        await talk.send(answer)
        await talk.closed()

    return script


@dataclass
class Answer:
    """What a client got."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    informational: list[int]


class Client:
    """A connection to the router."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk over these streams."""
        self.reader = reader
        self.writer = writer
        self._early = b""

    async def send(self, data: bytes) -> None:
        """Send `data`."""
        self.writer.write(data)
        await self.writer.drain()

    async def begun(self) -> None:
        """Wait for the first byte of an answer."""
        self._early += await self.reader.readexactly(1)

    async def answer(self, method: str = "GET") -> Answer:
        """Read the answer to a request of `method`; h11.RemoteProtocolError or ConnectionError where it breaks off."""
        parser = h11.Connection(h11.CLIENT, 1 << 20)
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        parser.send(h11.EndOfMessage())
        if self._early:
            parser.receive_data(self._early)
        answer = Answer(0, {}, b"", [])
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                parser.receive_data(await self.reader.read(65536))
            elif isinstance(event, h11.InformationalResponse):
                answer.informational.append(event.status_code)
            elif isinstance(event, h11.Response):
                answer.status, answer.headers = event.status_code, dict(event.headers)
            elif isinstance(event, h11.Data):
                answer.body += event.data
        self._early = parser.trailing_data[0]
        return answer

    async def ask(self, request: bytes = GET) -> Answer:
        """Send a request whole and return its answer."""
        await self.send(request)
        return await self.answer(request.split(b" ")[0].decode())

    async def is_closed(self) -> bool:
        """Read to the end; whether the router closed without another byte."""
        try:
            return not await self.reader.read(1)
        except ConnectionError:
            return True

    async def close(self) -> None:
        """Close the connection."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class Bench:
    """A started router and what it logged."""

    def __init__(self, *, segment_bytes: int, times: RouterTimes) -> None:
        """Hold a router with these settings."""
        self.router = Router(segment_bytes=segment_bytes, times=times, log=self._logged)
        self.log: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    def _logged(self, app: str, line: str) -> None:
        self.log.append((app, line))
        self._changed.set()

    async def line(self, number: int = 0) -> str:
        """Wait for a line of the log, counted from 0."""
        while len(self.log) <= number:
            self._changed.clear()
            await self._changed.wait()
        return self.log[number][1]

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """Connect to the router."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.router.port))
        try:
            yield client
        finally:
            await client.close()


@contextlib.asynccontextmanager
async def bench(
    target: RoutedDyno | None = None, *, segment_bytes: int = 1460, times: RouterTimes | None = None
) -> AsyncIterator[Bench]:
    """Start a router, with a route from app.localhost to `target` if there is one; bound the test's time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        started = Bench(segment_bytes=segment_bytes, times=times or RouterTimes())
        await started.router.start(0)
        try:
            if target:
                started.router.route(HOST, "app", target)
            yield started
        finally:
            await started.router.close()


@contextlib.asynccontextmanager
async def routed(
    script: Script, *, segment_bytes: int = 1460, times: RouterTimes | None = None
) -> AsyncIterator[tuple[Bench, Client, ScriptedDyno]]:
    """Start a dyno, a router in front of it, and a client connected to that."""
    async with (
        dyno(script) as scripted,
        bench(scripted.up, segment_bytes=segment_bytes, times=times) as started,
        started.client() as client,
    ):
        yield started, client, scripted


def fields(line: str) -> dict[str, str]:
    """Return the fields of a log line, without their quotes."""
    found: dict[str, str] = {}
    while line:
        name, _, rest = line.partition("=")
        if rest.startswith('"'):
            value, _, line = rest[1:].partition('"')
            line = line.removeprefix(" ")
        else:
            value, _, line = rest.partition(" ")
        assert name not in found
        found[name] = value
    return found

"""Requests made to confuse: what reaches the dyno of them is one request to everybody who reads it.

Ten seconds of them, a minute where CI=true, FUZZ_SECONDS otherwise. A failure shows the bytes; FUZZ_SEED repeats a run.
"""

import asyncio
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from scripts.router.router import DynoState, RoutedDyno, Router, RouterTimes
from tests.app.server import ENVIRONMENTS
from tests.router.confusing import confusing
from tests.router.router_bench import HOST, OK
from tests.router.test_request_table import is_whole

SECONDS = float(os.environ.get("FUZZ_SECONDS") or (60 if os.environ.get("CI") == "true" else 10))
SEED = int(os.environ.get("FUZZ_SEED") or random.randrange(1 << 32))
CLIENTS = 48
BATCH = 2000
SHORT = RouterTimes(first_byte=0.2, rolling=0.03, client_idle=0.03)


class CapturingDyno(asyncio.Protocol):
    """Answers a request that is whole, and keeps all that came."""

    def __init__(self, captured: list[bytes]) -> None:
        """Add to `captured` what came, when the connection ends."""
        self._captured = captured
        self._came = b""
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        self._came += data
        if not self._answered and is_whole(self._came):
            self._answered = True
            self._transport.write(OK)

    def connection_lost(self, _: Exception | None) -> None:
        """Hand over what came."""
        self._captured.append(self._came)


async def send(port: int, data: bytes) -> None:
    """Send a request and read until the router closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        while await reader.read(65536):
            pass
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()


def judge(captured: list[bytes], python: Path) -> None:
    """Hold what the dyno got against each reader: one request, and the same one to all."""
    lines = "\n".join(data.hex() for data in captured)
    command = [python, Path(__file__).with_name("readers.py")]
    said = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    for data, line in zip(captured, said, strict=True):
        found = json.loads(line)
        if any(word in str(found["httptools"]) for word in ("InvalidMethod", "Connection Preface")):
            # It knows a list of methods, and refuses all others.
            assert not found["HttpToolsProtocol"], (SEED, data, found)
            del found["httptools"], found["HttpToolsProtocol"]
        readings = list(found.values())
        assert all(len(seen) <= 1 and isinstance(seen[0], list) for seen in readings if seen), (SEED, data, found)
        if is_whole(data):
            assert [seen == readings[0] and len(seen) == 1 for seen in readings] == [True] * len(readings), (
                SEED,
                data,
                found,
            )
            head = data.lower().partition(b"\r\n\r\n")[0]
            assert head.count(b"\r\nx-forwarded-for: ") == 1, (SEED, data)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_reaches_the_dyno_is_one_request_to_all_who_read_it() -> None:
    """h11, httptools and both of uvicorn's protocols see one request, the same; and the router never fails itself."""
    chance, loop = random.Random(SEED), asyncio.get_running_loop()
    python = ENVIRONMENTS["current"].programs / "python"
    captured: list[bytes] = []
    log: list[str] = []
    counts = {"sent": 0, "to the dyno": 0}
    dyno = await loop.create_server(lambda: CapturingDyno(captured), "127.0.0.1", 0)
    router = Router(segment_bytes=0, times=SHORT, log=lambda _, line: log.append(line))
    await router.start(0)
    router.route(HOST, "app", RoutedDyno(state=DynoState.UP, address=dyno.sockets[0].getsockname()))
    until = loop.time() + SECONDS

    async def client() -> None:
        while loop.time() < until:
            counts["sent"] += 1
            await send(router.port, confusing(chance))

    async def judging() -> None:
        while captured:
            batch = captured[:BATCH]
            del captured[:BATCH]
            counts["to the dyno"] += len(batch)
            await asyncio.to_thread(judge, batch, python)

    clients = [asyncio.create_task(client()) for _ in range(CLIENTS)]
    try:
        while not all(task.done() for task in clients):
            await asyncio.wait(clients, timeout=2)
            await judging()
            assert not [line for line in log if "code=H99" in line]
            log.clear()
        await asyncio.gather(*clients)
    finally:
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await router.close()
        dyno.close()
        await dyno.wait_closed()
    await judging()
    print(counts)  # noqa: T201 - shown where the run is watched, with -s
    assert counts["to the dyno"] > counts["sent"] / 20

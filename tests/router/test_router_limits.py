"""What one side cannot do to the others: hold up the loop, fill the log, take all descriptors, wait for ever."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.router.bodies import ChunkedBody
from scripts.router.codes import FIELD_CHARACTERS, RequestLog
from scripts.router.head_reader import HeadReader, TooLong
from scripts.router.heads import Stamp, check, dyno_request, read_request
from scripts.router.router import RouterTimes
from tests.app.server import PROJECT
from tests.router.router_bench import GET, OK, Talk, answering, bench, fields, routed

ANYIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])
HOLD_SECONDS = 0.02
STAMP = Stamp(request_id=b"0" * 36, client=b"127.0.0.1", port=8344, start=1700000000000, connect=1, route=2)


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor time of some work: the least of five, for others work here too."""
    times = []
    for _ in range(5):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def test_a_megabyte_of_tiny_lines_holds_nobody_up() -> None:
    """Such a head is refused within the time that others may have to wait."""
    head = b"GET / HTTP/1.1\r\n" + b"a:\r\n" * (1 << 18)

    def refuse() -> None:
        with pytest.raises(TooLong):
            HeadReader("request line").read(bytearray(head))

    assert seconds_of(refuse) < HOLD_SECONDS


def test_the_largest_head_that_is_taken_holds_nobody_up() -> None:
    """A thousand headers are read, checked, logged and written anew within the time that others may have to wait."""
    names = b"".join(b"x-%d: %s\r\n" % (number, b"x" * 900) for number in range(999))
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + names + b"\r\n"

    def carry() -> None:
        found = HeadReader("request line").read(bytearray(head))
        assert found
        request = read_request(found)
        check(request)
        assert len(dyno_request(request, STAMP)) > len(head)

    assert seconds_of(carry) < HOLD_SECONDS


def test_a_flood_of_tiny_chunks_holds_nobody_up() -> None:
    """Chunks of one byte are read in turns, each within the time that others may have to wait."""
    body, buffer = ChunkedBody(), bytearray(b"1\r\nx\r\n" * 50000)
    assert seconds_of(lambda: body.read(buffer)) < HOLD_SECONDS
    assert len(buffer) > 1 << 17


@pytest.mark.parametrize("character", ["x", "\xff", '"', "\N{GRINNING FACE}"])
def test_a_long_field_of_the_log_is_bounded_and_says_so(character: str) -> None:
    """Each field shows its beginning and how much is left out, however it has to be written."""
    record = RequestLog(path=character * 100_000, host=character * 100_000, fwd=character * 100_000)
    found = fields(record.line())
    for name in ("path", "host", "fwd"):
        shown, _, rest = found[name].partition("...")
        assert len(shown) <= FIELD_CHARACTERS
        left = int(rest.removeprefix("[+").removesuffix("]"))
        assert 100_000 - FIELD_CHARACTERS <= left < 100_000


def test_a_field_is_not_cut_within_a_character() -> None:
    """What is written as several characters is there whole or not at all."""
    found = fields(RequestLog(path="x" * (FIELD_CHARACTERS - 1) + "\xff").line())["path"]
    assert found == "x" * (FIELD_CHARACTERS - 1) + "...[+1]"


@pytest.mark.anyio
@ANYIO
async def test_a_client_that_reads_no_pages_is_ended() -> None:
    """Pages of the router's own wait for their reader no longer than anything else does."""
    async with routed(answering(OK), times=RouterTimes(rolling=0.2)) as (started, client, _):
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        with contextlib.suppress(ConnectionError):
            while not client.writer.transport.is_closing():
                await client.send(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n" * 100)
        async with started.client() as other:
            assert (await other.ask()).status == 200


@pytest.mark.anyio
@ANYIO
async def test_a_head_of_the_dyno_may_take_its_time() -> None:
    """Once it has begun, a head comes on the rolling limit: it outlives the limit of its first byte."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        loop = asyncio.get_running_loop()
        end = loop.time() + 0.4
        await talk.send(b"HTTP/1.1 200 OK\r\nX: ")
        while loop.time() < end:
            await talk.send(b"x")
            await asyncio.sleep(0.01)
        await talk.send(b"\r\nContent-Length: 2\r\n\r\nok")

    async with routed(script, times=RouterTimes(first_byte=0.2, rolling=5)) as (_, client, _):
        assert (await client.ask()).body == b"ok"


@pytest.mark.anyio
@ANYIO
async def test_a_head_of_the_dyno_that_stops_is_not_waited_for() -> None:
    """A head that does not go on in time ends with H15."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(b"HTTP/1.1 200 OK\r\nX: ")
        await talk.closed()

    async with routed(script, times=RouterTimes(rolling=0.1)) as (started, client, _):
        assert (await client.ask()).status == 503
        assert fields(await started.line())["code"] == "H15"


@pytest.mark.anyio
@ANYIO
async def test_a_switch_of_protocols_waits_for_the_whole_request() -> None:
    """A dyno that switches before it has read the head gets the rest of it before anything else."""
    head = b"GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

    async def script(talk: Talk) -> None:
        await talk.read()
        await talk.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        await talk.read_until(b"later")

    async with routed(script, segment_bytes=10) as (_, client, scripted):
        await client.send(head)
        await client.send(b"later")
        await client.reader.readuntil(b"\r\n\r\n")
        await client.is_closed()
        assert scripted.talks[0].received.endswith(b"\r\n\r\nlater")
        assert [len(read) for read in scripted.talks[0].reads[:5]] == [10] * 5


@pytest.mark.anyio
@ANYIO
async def test_an_old_client_may_keep_its_connection() -> None:
    """HTTP/1.0 with keep-alive goes on, after an answer with a length and after a page, and is told so."""
    keep = b"GET / HTTP/1.0\r\nHost: %s\r\nConnection: Keep-Alive\r\n\r\n"
    async with routed(answering(OK)) as (_, client, _):
        for host, status in ((b"app.localhost", 200), (b"nobody", 404), (b"app.localhost", 200)):
            answer = await client.ask(keep % host)
            assert (answer.status, answer.headers[b"connection"]) == (status, b"keep-alive")
        assert (await client.ask(GET.replace(b"1.1", b"1.0"))).headers[b"connection"] == b"close"
        assert await client.is_closed()


@pytest.mark.anyio
@ANYIO
async def test_a_refusal_stands_alone() -> None:
    """What follows a request that cannot be read is not read: HTTP/2's preface gets one answer."""
    async with bench() as started, started.client() as client:
        await client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + GET)
        said = await client.reader.read()
    assert said.count(b"HTTP/1.1 505 ") == said.count(b"HTTP/1.1 ") == 1


def test_more_clients_than_descriptors_cost_one_line(tmp_path: Path) -> None:
    """With 64 descriptors, each of 80 clients that stay is answered, and the log says what happened in one line."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    with socket.create_server(("127.0.0.1", 0)) as nobody, contextlib.ExitStack() as held:
        command = [sys.executable, "-m", "tests.router.throughput", str(tmp_path), str(nobody.getsockname()[1])]
        router = held.enter_context(
            subprocess.Popen(
                command,
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                preexec_fn=limited,  # noqa: PLW1509 - no thread runs here
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        held.callback(router.kill)
        assert router.stdout
        assert router.stderr
        port = int(router.stdout.readline())
        clients = [held.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(80)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
        for client in clients:
            assert client.recv(12) == b"HTTP/1.1 404"
        router.send_signal(signal.SIGTERM)
        lines = router.stderr.read().decode().splitlines()
    assert len([line for line in lines if "file descriptors" in line]) == 1
    assert not [line for line in lines if "Traceback" in line]

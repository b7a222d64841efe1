"""What a dyno gets from the router: the head in segments, each read by itself, and the body behind it."""

import asyncio
import logging
import re

import pytest

from scripts.router import router as router_module
from scripts.router.router import RouterTimes
from tests.router.router_bench import ASYNC, GET, OK, Talk, answering, bench, dyno, fields, routed

pytestmark = ASYNC


def get_with_head_of(client_bytes: int) -> bytes:
    """Return a GET whose head has so many bytes."""
    line = b"GET /%s HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
    return line % (b"x" * (client_bytes - len(line % b"")))


def post(body: bytes, *headers: bytes) -> bytes:
    """Return a POST with these header lines."""
    lines = b"".join(b"%s\r\n" % line for line in headers)
    return b"POST / HTTP/1.1\r\nHost: app.localhost\r\n%s\r\n%s" % (lines, body)


@pytest.mark.parametrize("segment_bytes", [1, 7, 1459, 1460, 1461, 4096])
async def test_each_segment_of_a_head_is_read_by_itself(segment_bytes: int) -> None:
    """Every read of the dyno brings one segment: all of the given size but the last."""
    async with routed(answering(OK), segment_bytes=segment_bytes) as (_, client, scripted):
        await client.ask(get_with_head_of(4000))
        sizes = [len(read) for read in scripted.talks[0].reads]
        assert sum(sizes) > 4000
        assert set(sizes[:-1]) == {segment_bytes}
        assert 0 < sizes[-1] <= segment_bytes


async def test_a_segment_waits_for_a_dyno_that_is_slow_to_read() -> None:
    """As long as the dyno has not read a segment, no other leaves."""
    turns = asyncio.Semaphore(0)

    async def script(talk: Talk) -> None:
        while not talk.received.endswith(b"\r\n\r\n"):
            await turns.acquire()
            await talk.read()
        await talk.send(OK)

    async with routed(script, segment_bytes=1000) as (started, client, scripted):
        asking = asyncio.create_task(client.ask(get_with_head_of(2500)))
        async with started.client() as other:
            await other.send(b"GET / HTTP/1.1\r\nHost: unknown\r\n\r\n")
            for _ in range(20):
                await other.answer()  # the router has gone round its loop
                turns.release()
                await other.send(b"GET / HTTP/1.1\r\nHost: unknown\r\n\r\n")
        assert (await asking).status == 200
        assert {len(read) for read in scripted.talks[0].reads[:-1]} == {1000}


async def test_segments_of_size_0_are_no_segments() -> None:
    """With 0 the head leaves whole."""
    async with routed(answering(OK), segment_bytes=0) as (_, client, scripted):
        await client.ask(get_with_head_of(8000))
        assert len(scripted.talks[0].reads) == 1


async def test_the_segment_size_may_change_while_the_router_runs() -> None:
    """The next request is split by the new size."""
    async with routed(answering(OK), segment_bytes=0) as (started, client, scripted):
        await client.ask()
        started.router.segment_bytes = 100
        await client.ask()
        assert [len(talk.reads[0]) == 100 for talk in scripted.talks] == [False, True]


async def test_without_the_kernels_word_segments_are_paused_between(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the kernel cannot be asked, segments still arrive apart, and the log says once on what that stands."""
    monkeypatch.setattr(router_module, "open_receive_queue", lambda: None)
    with caplog.at_level(logging.WARNING, logger="scripts.router.router"):
        async with routed(answering(OK), segment_bytes=1460) as (_, client, scripted):
            await client.ask(get_with_head_of(4000))
            await client.ask(get_with_head_of(4000))
    assert [len(read) for read in scripted.talks[0].reads[:2]] == [1460, 1460]
    assert len([record for record in caplog.records if "segments go" in record.message]) == 1


async def test_a_body_does_not_mix_with_the_heads_last_segment() -> None:
    """The dyno reads the whole head before the first byte of the body leaves, and the body is not split."""

    async def script(talk: Talk) -> None:
        await talk.read_until(b"BODY")
        await talk.send(OK)

    body = b"x" * 3000 + b"BODY"
    async with routed(script, segment_bytes=100) as (_, client, scripted):
        await client.ask(post(body, b"Content-Length: %d" % len(body)))
        reads = scripted.talks[0].reads
        head = next(number for number, read in enumerate(reads) if read.endswith(b"\r\n\r\n"))
        assert b"".join(reads[head + 1 :]) == body


async def test_the_dyno_gets_what_the_router_knows() -> None:
    """Request id, client, port and times are in the head."""
    async with routed(answering(OK)) as (started, client, scripted):
        await client.ask()
        port = started.router.port
        record = fields(await started.line())
    head = scripted.talks[0].received.decode()
    assert head.startswith("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\nX-Request-Id: ")
    assert f"X-Request-Id: {record['request_id']}\r\n" in head
    assert "X-Forwarded-For: 127.0.0.1\r\n" in head
    assert f"X-Forwarded-Port: {port}\r\n" in head
    assert re.search(r"Connect-Time: \d+\r\nX-Request-Start: \d{13}\r\nTotal-Route-Time: \d+\r\n\r\n\Z", head)


async def test_a_request_that_comes_byte_by_byte_is_sent_on_whole() -> None:
    """How the client's bytes arrive makes no difference to the dyno."""
    async with routed(answering(OK)) as (_, client, scripted):
        for number in range(len(GET)):
            await client.send(GET[number : number + 1])
            await asyncio.sleep(0)
        assert (await client.answer()).body == b"ok"
        assert len(scripted.talks[0].reads) == 1


async def test_requests_one_after_the_other_share_the_clients_connection() -> None:
    """The client's connection is kept open; the dyno gets one for each request."""
    async with routed(answering(OK)) as (_, client, scripted):
        for _ in range(3):
            assert (await client.ask()).body == b"ok"
        assert len(scripted.talks) == 3


async def test_pipelined_requests_are_answered_in_order() -> None:
    """Requests that come at once are each answered, one after the other."""

    async def script(talk: Talk) -> None:
        target = (await talk.read_until()).split(b" ")[1]
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target))

    async with routed(script) as (_, client, _):
        await client.send(b"".join(GET.replace(b"/ ", b"/%d " % number) for number in range(20)))
        assert [(await client.answer()).body for _ in range(20)] == [b"/%d" % number for number in range(20)]


async def test_a_chunked_body_arrives_chunked() -> None:
    """A body of unknown length goes on as it comes, but for its trailers: they could become headers of the request."""

    async def script(talk: Talk) -> None:
        await talk.read_until(b"\r\n0\r\n\r\n")
        await talk.send(OK)

    async with routed(script) as (_, client, scripted):
        await client.send(post(b"", b"Transfer-Encoding: chunked"))
        for piece in (b"5\r\nhel", b"lo\r\n6\r\n world\r\n", b"0\r\nX-Trailer: 1\r\n\r\n"):
            await client.send(piece)
        assert (await client.answer()).body == b"ok"
        head, _, body = scripted.talks[0].received.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked\r\n" in head
    assert b"".join(re.findall(rb"[0-9a-f]+\r\n([a-z ]+)\r\n", body)) == b"hello world"
    assert b"trailer" not in body.lower()


async def test_a_large_body_waits_with_the_client_while_the_dyno_is_slow() -> None:
    """The router holds a bounded part of an upload: a client gets ahead of the dyno by no more than that."""
    total = 64 << 20
    sent = 0
    leads = []

    async def script(talk: Talk) -> None:
        await talk.read_until()
        while (received := sum(map(len, talk.reads))) < total:
            leads.append(sent - received)
            await talk.read()
            for _ in range(100):
                await asyncio.sleep(0)  # a hundred turns of the loop for the client and the router
        await talk.send(OK)

    async with routed(script) as (_, client, _):
        client.writer.transport.set_write_buffer_limits(high=0)
        await client.send(post(b"", b"Content-Length: %d" % total))
        for _ in range(total >> 20):
            await client.send(bytes(1 << 20))
            sent += 1 << 20
        assert (await client.answer()).status == 200
    assert max(leads) < total / 2


async def test_a_client_that_waits_to_be_told_is_told() -> None:
    """Expect: 100-continue is answered by the router and not passed on."""

    async def script(talk: Talk) -> None:
        await talk.read_until(b"BODY")
        await talk.send(OK)

    async with routed(script) as (_, client, scripted):
        await client.send(post(b"", b"Content-Length: 4", b"Expect: 100-continue"))
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"BODY")
        assert (await client.answer()).status == 200
        assert b"expect" not in scripted.talks[0].received.lower()


async def test_the_dynos_connection_ends_when_the_client_goes_away() -> None:
    """A dyno learns at once that nobody waits for its answer, and the log says H27."""
    asked = asyncio.Event()
    left = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.read_until()
        asked.set()
        await talk.closed()
        left.set()

    async with dyno(script) as scripted, bench(scripted.up) as started:
        async with started.client() as client:
            await client.send(GET)
            await asked.wait()
        await left.wait()
        line = await started.line()
        assert line.startswith('sock=client at=warning code=H27 desc="Client Request Interrupted"')
        assert fields(line)["status"] == "499"


async def test_a_client_that_goes_away_amid_its_body_ends_the_dynos_connection() -> None:
    """A body that will not come to its end is not waited for."""
    begun = asyncio.Event()
    left = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.read_until(b"BEGIN")
        begun.set()
        await talk.closed()
        left.set()

    async with dyno(script) as scripted, bench(scripted.up) as started:
        async with started.client() as client:
            await client.send(post(b"BEGIN", b"Content-Length: 1000"))
            await begun.wait()
        await left.wait()
        assert fields(await started.line())["code"] == "H27"


async def test_a_client_that_falls_silent_amid_its_body_is_dropped() -> None:
    """A body that does not go on in time ends the request with H28."""

    async def script(talk: Talk) -> None:
        await talk.closed()

    async with routed(script, times=RouterTimes(rolling=0.1)) as (started, client, _):
        await client.send(post(b"BEGIN", b"Content-Length: 1000"))
        assert await client.is_closed()
        assert fields(await started.line())["code"] == "H28"


async def test_an_idle_client_is_closed() -> None:
    """A connection on which no head begins ends after its time, without a word and without a line in the log."""
    async with routed(answering(OK), times=RouterTimes(client_idle=0.1)) as (started, client, _):
        assert await client.is_closed()
        assert not started.log


async def test_a_head_that_comes_too_slowly_is_refused() -> None:
    """A head that has begun and is not whole in time gets 408."""
    async with routed(answering(OK), times=RouterTimes(client_idle=0.1)) as (_, client, scripted):
        await client.send(GET[:20])
        assert (await client.answer()).status == 408
        assert await client.is_closed()
        assert not scripted.talks

"""Heroku's Router 2.0: connections to the dyno are kept, heads go whole, and it calls itself by its own name."""

import asyncio

import pytest

from scripts.router.pool import Pool
from scripts.router.router import PROFILES
from tests.router.router_bench import ASYNC, GET, OK, Bench, Talk, bench, dyno, fields, routed

pytestmark = ASYNC

POST = b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4\r\n\r\nbody"


async def keeping(talk: Talk) -> None:
    """Answer request after request."""
    while await talk.read():
        await talk.send(OK)


def as_router_2(started: Bench) -> None:
    """Make a router one of the new kind."""
    started.router.profile = PROFILES["router-2"]


async def test_requests_share_a_connection_to_the_dyno() -> None:
    """One request after the other goes over the same connection, also of two clients, and each is answered."""
    async with routed(keeping) as (started, client, scripted), started.client() as other:
        as_router_2(started)
        for asking in (client, other, client):
            assert (await asking.ask()).body == b"ok"
        assert len(scripted.talks) == 1
        assert {fields(await started.line(number))["bytes"] for number in range(3)} == {str(len(OK))}


async def test_the_head_goes_whole_and_does_not_ask_to_close() -> None:
    """No segments, whatever their size; no Connection; the new router's Via, both ways."""
    async with routed(keeping, segment_bytes=10) as (started, client, scripted):
        as_router_2(started)
        assert (await client.ask()).headers[b"via"] == b"1.1 heroku-router"
        (head,) = scripted.talks[0].reads
    assert b"\r\nVia: 1.1 heroku-router\r\n" in head
    assert b"\r\nConnection:" not in head


async def test_requests_at_once_have_a_connection_each() -> None:
    """A connection carries one request at a time: none is pipelined."""
    go_on = asyncio.Event()

    async def script(talk: Talk) -> None:
        while await talk.read():
            await go_on.wait()
            await talk.send(OK)

    async with routed(script) as (started, client, scripted), started.client() as other:
        as_router_2(started)
        await client.send(GET)
        await other.send(GET)
        while [talk.received.count(b"GET") for talk in scripted.talks] != [1, 1]:
            await asyncio.sleep(0)
        go_on.set()
        assert [(await one.answer()).body for one in (client, other)] == [b"ok", b"ok"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
    ],
    ids=["close", "HTTP/1.0", "more than an answer"],
)
async def test_a_connection_that_is_not_to_be_trusted_is_not_kept(answer: bytes) -> None:
    """A dyno that closes, speaks HTTP/1.0 or says too much gets the next request over a new connection."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(answer)
        await talk.closed()

    async with routed(script) as (started, client, scripted):
        as_router_2(started)
        for number in (1, 2):
            assert (await client.ask()).body == b"ok"
            assert len(scripted.talks) == number


async def test_a_connection_with_a_body_half_sent_is_not_kept() -> None:
    """A dyno that answers before it has the whole body would take the rest of it for a request."""
    async with routed(keeping) as (started, client, scripted):
        as_router_2(started)
        await client.send(POST[:-2])
        assert (await client.answer()).status == 200
        async with started.client() as other:
            assert (await other.ask()).body == b"ok"
        assert len(scripted.talks) == 2


async def test_a_connection_that_the_dyno_closes_is_not_used() -> None:
    """The end of a kept connection is seen while it is idle, and costs no request."""
    left = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(OK)
        talk.close()
        left.set()

    async with routed(script) as (started, client, scripted):
        as_router_2(started)
        for number in (1, 2, 3):
            left.clear()
            assert (await client.ask()).body == b"ok"
            await left.wait()
            await client.ask(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")  # the router has gone round its loop
            assert len(scripted.talks) == number


async def test_a_kept_connection_ends_with_its_time() -> None:
    """One that nobody uses is closed."""
    ended = asyncio.Event()

    async def script(talk: Talk) -> None:
        await keeping(talk)
        ended.set()

    async with dyno(script) as scripted, bench(scripted.up) as started, started.client() as client:
        as_router_2(started)
        started.router.pool = Pool(idle=0.05)
        await client.ask()
        await ended.wait()


async def test_a_dyno_that_is_drained_is_left() -> None:
    """No connection to it is kept."""
    ended = asyncio.Event()

    async def script(talk: Talk) -> None:
        await keeping(talk)
        ended.set()

    async with routed(script) as (started, client, scripted):
        as_router_2(started)
        await client.ask()
        await started.line()
        await started.router.drained(scripted.up, 1000)
        await ended.wait()

"""Where requests go: host names, dynos that boot, change and retire, and the router's own start and end."""

import asyncio
import socket

import pytest

from scripts.errors import Failure, WrongUse
from scripts.router.router import DynoState, RoutedDyno, Router, RouterTimes
from tests.router.router_bench import ASYNC, GET, HOST, OK, Script, Talk, answering, bench, dyno, fields, routed

pytestmark = ASYNC

STARTING = RoutedDyno(state=DynoState.STARTING)
FOREVER = 1000.0
"""Seconds: longer than a test may take."""


def saying(name: bytes) -> Script:
    """Return a dyno that answers with its name."""
    return answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))


def get(host: str) -> bytes:
    """Return a GET for a host."""
    return GET.replace(HOST.encode(), host.encode())


async def test_a_host_is_found_without_case_and_port() -> None:
    """Each spelling of a host name leads to its app, and each app to its own dyno."""
    async with dyno(saying(b"one")) as one, dyno(saying(b"two")) as two, bench() as started, started.client() as client:
        started.router.route("One.localhost", "one", one.up)
        started.router.route("two.localhost", "two", two.up)
        assert (await client.ask(get("ONE.localhost"))).body == b"one"
        assert (await client.ask(get("one.LOCALHOST:8344"))).body == b"one"
        assert (await client.ask(get("two.localhost"))).body == b"two"
        await started.line(2)
        assert [app for app, _ in started.log] == ["one", "one", "two"]


async def test_a_route_that_is_gone_is_unknown() -> None:
    """After unroute the host is no app's."""
    async with routed(answering(OK)) as (started, client, _):
        started.router.unroute(HOST)
        assert (await client.ask()).status == 404
        started.router.unroute(HOST)


async def test_an_unknown_host_gets_the_platforms_own_page_while_that_is_up() -> None:
    """Else the router's own page says that there is no such app, and leads to the platform's."""
    async with routed(answering(OK)) as (started, client, _), dyno(saying(b"home")) as home:
        started.router.home("localhost")
        started.router.route("localhost", "live", STARTING)
        answer = await client.ask(get("unknown"))
        assert answer.status == 404
        assert f'href="http://localhost:{started.router.port}/"'.encode() in answer.body
        assert b'href="http://localhost' not in answer.body.partition(b"<nav>")[0]
        started.router.route("localhost", "live", home.up)
        assert (await client.ask(get("unknown"))).body == b"home"
        assert (await client.ask(get("localhost"))).body == b"home"
        assert (await client.ask()).body == b"ok"


async def test_requests_wait_for_a_dyno_that_starts() -> None:
    """Requests that came while the dyno was starting are served once it is up."""
    async with (
        dyno(answering(OK)) as scripted,
        bench(STARTING) as started,
        started.client() as one,
        started.client() as two,
        started.client() as other,
    ):
        await one.send(GET)
        await two.send(GET)
        assert (await other.ask(get("unknown"))).status == 404  # the router has taken the others in
        assert not scripted.talks
        started.router.route(HOST, "app", scripted.up)
        assert [(await client.answer()).body for client in (one, two)] == [b"ok", b"ok"]


async def test_a_dyno_that_crashes_while_it_starts_fails_those_that_wait() -> None:
    """The wait ends at once when the dyno is given up."""
    async with bench(STARTING) as started, started.client() as client, started.client() as other:
        await client.send(GET)
        await other.ask(get("unknown"))
        started.router.route(HOST, "app", RoutedDyno(state=DynoState.CRASHED))
        assert (await client.answer()).status == 503
        assert fields(await started.line())["code"] == "H10"


async def test_a_dyno_that_does_not_start_in_time() -> None:
    """A request does not wait for ever: H20."""
    async with bench(STARTING, times=RouterTimes(boot_queue=0.1)) as started, started.client() as client:
        assert (await client.ask()).status == 503
        record = fields(await started.line())
    assert (record["code"], record["dyno"], record["bytes"]) == ("H20", "", "")


async def test_a_client_may_leave_the_queue() -> None:
    """A request whose client goes away while the dyno starts never reaches it."""
    async with dyno(answering(OK)) as scripted, bench(STARTING) as started:
        async with started.client() as client:
            await client.send(GET)
        assert fields(await started.line())["code"] == "H27"
        started.router.route(HOST, "app", scripted.up)
        assert not scripted.talks


async def test_a_request_in_flight_stays_on_its_dyno() -> None:
    """A new route is for the requests to come."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def old(talk: Talk) -> None:
        await talk.read_until()
        asked.set()
        await go_on.wait()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")

    async with dyno(saying(b"new")) as new, routed(old) as (started, client, _), started.client() as later:
        await client.send(GET)
        await asked.wait()
        started.router.route(HOST, "app", new.up)
        assert (await later.ask()).body == b"new"
        go_on.set()
        assert (await client.answer()).body == b"old"


async def test_a_dyno_is_drained_when_its_last_request_is_answered() -> None:
    """Retiring waits for what is in flight."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.read_until()
        asked.set()
        await go_on.wait()
        await talk.send(OK)

    async with routed(script) as (started, client, scripted):
        await client.send(GET)
        await asked.wait()
        draining = asyncio.create_task(started.router.drained(scripted.up, FOREVER))
        await started.router.drained(scripted.up, 0.01)
        assert not draining.done()
        go_on.set()
        await draining
        assert (await client.answer()).body == b"ok"


async def test_an_idle_dyno_is_drained_at_once() -> None:
    """There is nothing to wait for, nor with a dyno that is nowhere."""
    async with routed(answering(OK)) as (started, client, scripted):
        await client.ask()
        await started.line()
        await started.router.drained(scripted.up, FOREVER)
        await started.router.drained(STARTING, FOREVER)


async def test_a_dyno_that_is_up_has_an_address() -> None:
    """The router is not told of a dyno that is up and nowhere."""
    with pytest.raises(ValueError, match="address"):
        RoutedDyno(state=DynoState.UP)


async def test_the_router_listens_on_one_address() -> None:
    """Another address of this very machine does not reach it, so no other machine does."""
    async with bench() as started:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.2", started.router.port)


async def test_a_taken_port_is_a_failure_of_one_line() -> None:
    """It says which port, what is wrong with it, and what to do."""
    router = Router(log=lambda _app, _line: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failure) as failure:
            await router.start(port)
    assert str(port) in failure.value.message
    assert "in use" in failure.value.message
    assert "PORT=" in failure.value.message


async def test_an_impossible_port_is_a_failure() -> None:
    """A number that no port has is said to be none."""
    with pytest.raises(Failure, match="no such port"):
        await Router(log=lambda _app, _line: None).start(65536)


async def test_a_negative_segment_is_wrong_use() -> None:
    """There is no such size."""
    with pytest.raises(WrongUse, match="-1"):
        Router(segment_bytes=-1, log=lambda _app, _line: None)


async def test_closing_ends_all_connections() -> None:
    """Idle, queued and in flight: no connection outlives the router, nor a task, and the log says which broke off."""
    asked, left = asyncio.Event(), asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.read_until()
        asked.set()
        await talk.closed()
        left.set()

    async with dyno(script) as scripted, bench(scripted.up) as started:
        started.router.route("slow.localhost", "slow", STARTING)
        before = asyncio.all_tasks()
        async with started.client() as idle, started.client() as queued, started.client() as flying:
            await queued.send(get("slow.localhost"))
            await flying.send(GET)
            await asked.wait()
            await idle.ask(get("unknown"))
            await started.router.close()
            await left.wait()
            assert [await client.is_closed() for client in (idle, queued, flying)] == [True] * 3
        assert {task for task in asyncio.all_tasks() - before if "Router" in repr(task)} == set()
        assert sorted((app, fields(line)["code"]) for app, line in started.log) == [("app", "H99"), ("slow", "H99")]


async def test_clients_that_come_and_go_leave_nothing_behind() -> None:
    """A hundred connections, whole, broken off or silent, leave no task."""
    async with routed(answering(OK)) as (started, client, _):
        await client.ask(get("unknown"))
        before = len(asyncio.all_tasks())
        for number in range(100):
            async with started.client() as passing:
                await passing.send([GET, GET[:20], b""][number % 3])
        while len(asyncio.all_tasks()) > before:
            await client.ask(get("unknown"))


async def test_many_clients_at_once_are_each_answered() -> None:
    """A hundred requests side by side each get their own answer, each head in segments."""

    async def script(talk: Talk) -> None:
        target = (await talk.read_until()).split(b" ")[1]
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target))

    async with dyno(script) as scripted, bench(scripted.up, segment_bytes=20) as started:

        async def ask(number: int) -> bytes:
            async with started.client() as client:
                return (await client.ask(GET.replace(b"/ ", b"/%d " % number))).body

        assert await asyncio.gather(*map(ask, range(100))) == [b"/%d" % number for number in range(100)]
        assert {len(read) for talk in scripted.talks for read in talk.reads[:-1]} == {20}

"""What a client gets of a dyno's answer."""

import asyncio

import h11
import pytest

from scripts.router.router import RouterTimes
from tests.router.router_bench import ASYNC, GET, OK, Client, Talk, answering, fields, routed

pytestmark = ASYNC

HEAD = GET.replace(b"GET", b"HEAD")
UPGRADE = b"GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def test_an_answer_goes_on_with_via() -> None:
    """Status, headers and body are the dyno's, Via is the router's, and the log counts them."""
    answer = b"HTTP/1.1 201 Made\r\nserver: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    async with routed(answering(answer)) as (started, client, _):
        got = await client.ask()
        assert (got.status, got.body) == (201, b"hello")
        assert got.headers == {b"server": b"x", b"content-length": b"5", b"via": b"1.1 vegur"}
        record = fields(await started.line())
    assert (record["at"], record["status"], record["bytes"]) == ("info", "201", str(len(answer)))
    assert record["dyno"] == "web.1"
    assert record["connect"].endswith("ms")
    assert record["service"].endswith("ms")


async def test_names_and_reason_stand_as_the_dyno_wrote_them() -> None:
    """The head is passed on to the letter."""
    async with routed(answering(b"HTTP/1.1 200 Very Well\r\nX-oDD: 1\r\nContent-Length: 0\r\n\r\n")) as (_, client, _):
        await client.send(GET)
        head = await client.reader.readuntil(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 Very Well\r\nX-oDD: 1\r\nContent-Length: 0\r\nVia: 1.1 vegur\r\n\r\n"


async def test_an_answer_ends_by_its_length_though_the_dyno_stays() -> None:
    """A dyno that keeps its connection open does not hold the client up, and its connection is closed."""
    async with routed(answering(OK)) as (_, client, scripted):
        assert (await client.ask()).body == b"ok"
        assert (await client.ask()).body == b"ok"
        assert len(scripted.talks) == 2


async def test_a_chunked_answer_arrives_as_it_comes() -> None:
    """A piece reaches the client before the next one is there, and trailers arrive."""
    more = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await more.wait()
        await talk.send(b"4\r\nlast\r\n0\r\nX-Trailer: 1\r\n\r\n")

    async with routed(script) as (_, client, _):
        await client.send(GET)
        assert (await client.reader.readuntil(b"5\r\nfirst\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        more.set()
        assert await client.reader.readuntil(b"X-Trailer: 1\r\n\r\n") == b"4\r\nlast\r\n0\r\nX-Trailer: 1\r\n\r\n"
        assert (await client.ask()).body == b"firstlast"


async def test_an_answer_that_ends_with_the_connection_is_whole() -> None:
    """A body without a length ends where the dyno closes; the client gets it chunked, and may go on."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")

    async with routed(script) as (_, client, _):
        for _ in range(2):
            answer = await client.ask()
            assert (answer.body, answer.headers[b"transfer-encoding"]) == (b"until the end", b"chunked")


async def test_an_old_client_gets_no_chunks() -> None:
    """An HTTP/1.0 client gets a chunked answer plain, without trailers, and its end is the connection's."""
    answer = (
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: 1\r\n\r\n"
    )
    async with routed(answering(answer)) as (_, client, _):
        await client.send(GET.replace(b"1.1", b"1.0"))
        head, _, body = (await client.reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"chunked" not in head
    assert body == b"ok"


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        (HEAD, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n"),
    ],
    ids=["HEAD with a length", "HEAD chunked", "204", "304 with a length"],
)
async def test_an_answer_without_a_body_is_not_waited_for(request_bytes: bytes, answer: bytes) -> None:
    """Such an answer ends with its head, keeps its headers, and the connection goes on."""
    async with routed(answering(answer)) as (_, client, _):
        for _ in range(2):
            got = await client.ask(request_bytes)
            assert got.body == b""
            for line in answer.strip().split(b"\r\n")[1:]:
                name, _, value = line.partition(b": ")
                assert got.headers[name.lower()] == value


async def test_early_hints_reach_the_client() -> None:
    """An informational answer goes on; one that would answer Expect does not, for that is the router's."""
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK
    async with routed(answering(answer)) as (_, client, _):
        got = await client.ask()
    assert (got.informational, got.status, got.body) == ([103], 200, b"ok")


async def test_an_answer_before_the_body_is_over_is_passed_on() -> None:
    """A dyno that refuses an upload and closes is heard, and the client's connection ends behind the answer."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")

    async with routed(script) as (started, client, _):
        await client.send(
            b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 100000000\r\n\r\n" + bytes(100000)
        )
        answer = await client.answer()
        assert (answer.status, answer.body) == (413, b"big")
        assert await client.is_closed()
        assert fields(await started.line())["status"] == "413"


async def test_a_large_answer_waits_with_the_dyno_while_the_client_is_slow() -> None:
    """The router holds a bounded part of a download: a dyno gets ahead of the client by no more than that."""
    total = 64 << 20
    sent = 0

    async def script(talk: Talk) -> None:
        nonlocal sent
        await talk.read_until()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        while sent < total:
            await talk.send(bytes(1 << 16))
            sent += 1 << 16

    async with routed(script) as (_, client, _):
        await client.send(GET)
        await client.reader.readuntil(b"\r\n\r\n")
        received = 0
        leads = []
        while received < total:
            leads.append(sent - received)
            received += len(await client.reader.read(1 << 18))
            for _ in range(100):
                await asyncio.sleep(0)  # a hundred turns of the loop for the dyno and the router
    assert max(leads) < total / 2


async def test_a_large_answer_arrives_whole() -> None:
    """Every byte of a long body arrives, in order."""
    body = b"".join(b"%07d\n" % number for number in range(1 << 20))
    async with routed(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))) as (
        _,
        client,
        _,
    ):
        await client.send(GET)
        await client.reader.readuntil(b"\r\n\r\n")
        assert await client.reader.readexactly(len(body)) == body


async def test_a_client_that_asks_to_close_is_closed() -> None:
    """Connection: close is honoured and said."""
    async with routed(answering(OK)) as (_, client, _):
        answer = await client.ask(b"GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n")
        assert answer.headers[b"connection"] == b"close"
        assert await client.is_closed()


async def echo(talk: Talk) -> None:
    """Switch protocols, say hello, and send back what comes."""
    await talk.read_until()
    await talk.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
    with_head = len(talk.received)
    while data := await talk.read():
        await talk.send(data)
        if talk.received[with_head:].endswith(b"bye"):
            return


async def switched(client: Client) -> None:
    """Read the head of an answer that switches protocols."""
    head = (await client.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    assert head[0] == b"HTTP/1.1 101 Switching Protocols"
    assert {b"Connection: Upgrade", b"Upgrade: websocket"} <= set(head)


async def test_an_upgraded_connection_carries_bytes_both_ways() -> None:
    """After 101 each side's bytes reach the other, from the first one, until the dyno closes."""
    async with routed(echo) as (started, client, scripted):
        await client.send(UPGRADE + b"early ")
        await switched(client)
        assert await client.reader.readexactly(11) == b"helloearly "
        await client.send(b"bye")
        assert await client.reader.read() == b"bye"
        assert fields(await started.line())["status"] == "101"
        assert b"Connection: Upgrade\r\n" in scripted.talks[0].received


async def test_an_upgraded_connection_ends_with_its_client() -> None:
    """When the client leaves, the dyno's connection is closed, and that is no failure."""
    async with routed(echo) as (started, client, _):
        await client.send(UPGRADE)
        await switched(client)
        await client.close()
        assert fields(await started.line())["at"] == "info"


async def test_an_upgraded_connection_lives_as_long_as_somebody_speaks() -> None:
    """What limits it is silence, not its age: it outlives its time while bytes flow, and ends with H15 without."""
    async with routed(echo, times=RouterTimes(rolling=1.0)) as (started, client, _):
        await client.send(UPGRADE)
        await switched(client)
        await client.reader.readexactly(5)
        loop = asyncio.get_running_loop()
        end = loop.time() + 1.2
        while loop.time() < end:
            await client.send(b"x")
            assert await client.reader.readexactly(1) == b"x"
        assert await client.is_closed()
        assert fields(await started.line())["code"] == "H15"


async def test_a_declined_upgrade_is_an_answer_like_any_other() -> None:
    """A dyno that does not switch answers, and the connection goes on."""
    async with routed(answering(OK)) as (_, client, _):
        assert (await client.ask(UPGRADE)).body == b"ok"
        assert (await client.ask()).body == b"ok"


async def test_a_protocol_that_nobody_asked_for_is_no_answer() -> None:
    """A dyno that switches protocols by itself is not understood: H17."""
    async with routed(answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")) as (started, client, _):
        assert (await client.ask()).status == 503
        assert fields(await started.line())["code"] == "H17"


async def test_a_cut_answer_is_seen_to_be_cut() -> None:
    """The client of an answer that breaks off gets no end of it that it could take for one."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    async with routed(script) as (_, client, _):
        with pytest.raises((ConnectionError, h11.RemoteProtocolError)):
            await client.ask()


async def test_a_cut_answer_is_seen_by_an_old_client_too() -> None:
    """Where the connection's end would be the answer's, a reset says that it is not."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")

    async with routed(script) as (_, client, _):
        await client.send(GET.replace(b"1.1", b"1.0"))
        with pytest.raises(ConnectionError):
            await client.reader.read()

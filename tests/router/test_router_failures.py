"""How requests fail: the page that the client sees, and the line in the app's log."""

import asyncio
import logging
import socket

import pytest

from scripts.router import router as router_module
from scripts.router.router import DynoState, RoutedDyno, RouterTimes
from tests.router.router_bench import (
    ASYNC,
    GET,
    HOST,
    OK,
    Answer,
    Bench,
    Script,
    Talk,
    answering,
    bench,
    fields,
    routed,
)

pytestmark = ASYNC


async def closes_at_once(talk: Talk) -> None:
    """Close after the first read, as old uvicorns do with the second piece of a URL."""
    await talk.read()


async def closes_in_its_head(talk: Talk) -> None:
    """Close amid the answer's head."""
    await talk.read_until()
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Le")


async def resets(talk: Talk) -> None:
    """Reset the connection without an answer."""
    await talk.read_until()
    talk.reset()


async def resets_in_its_head(talk: Talk) -> None:
    """Reset the connection amid the answer's head."""
    await talk.read_until()
    await talk.send(b"HTTP/1.1 200 OK\r\n")
    talk.reset()


async def hangs(talk: Talk) -> None:
    """Read, and say nothing."""
    await talk.closed()


async def never_reads(talk: Talk) -> None:
    """Take the connection, and leave all that comes unread."""
    await asyncio.Event().wait()
    await talk.read()


async def talks_nonsense(talk: Talk) -> None:
    """Answer, but not in HTTP."""
    await talk.read_until()
    await talk.send(b"SSH-2.0-OpenSSH\r\n\r\n")
    await talk.closed()


def check_page(answer: Answer, code: str) -> None:
    """Hold an answer against what an error page is."""
    assert answer.status == 503
    assert answer.headers[b"content-type"] == b"text/html; charset=utf-8"
    assert b"<title>Application error</title>" in answer.body
    assert code.encode() in answer.body


def check_line(started: Bench, code: str, **expected: str) -> None:
    """Hold the log's first line against its code and these fields."""
    app, line = started.log[0]
    assert app == "app"
    found = fields(line)
    assert (found["at"], found["code"], found["status"]) == ("error", code, "503")
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("script", "times", "code", "received"),
    [
        (closes_at_once, RouterTimes(), "H13", 0),
        (resets, RouterTimes(), "H13", 0),
        (closes_in_its_head, RouterTimes(), "H18", 27),
        (resets_in_its_head, RouterTimes(), "H18", 17),
        (hangs, RouterTimes(first_byte=0.1), "H12", 0),
        (never_reads, RouterTimes(first_byte=0.1), "H12", 0),
        (talks_nonsense, RouterTimes(), "H17", 19),
    ],
)
async def test_a_dyno_that_does_not_answer(script: Script, times: RouterTimes, code: str, received: int) -> None:
    """Nothing, a part, silence and nonsense are different failures, each with its page and its line."""
    async with routed(script, segment_bytes=50, times=times) as (started, client, _):
        check_page(await client.ask(), code)
        check_line(started, code, dyno="web.1", bytes=str(received))


async def test_a_dyno_that_closes_between_two_segments_gets_no_more() -> None:
    """The rest of the head is not sent to a dyno that has closed: the request fails with H13, at once."""
    async with routed(closes_at_once, segment_bytes=10) as (started, client, scripted):
        check_page(await client.ask(), "H13")
        assert [len(read) for read in scripted.talks[0].reads] == [10]
        check_line(started, "H13")


async def test_what_a_dyno_answers_between_two_segments_is_heard() -> None:
    """A dyno that answers a part of the head and closes is passed on."""

    async def script(talk: Talk) -> None:
        await talk.read()
        await talk.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nbad")

    async with routed(script, segment_bytes=10) as (_, client, _):
        answer = await client.ask()
        assert (answer.status, answer.body) == (400, b"bad")
        assert (await client.ask()).body == b"bad"


async def test_the_connection_goes_on_after_an_error_page() -> None:
    """A failed request costs the client no connection."""
    async with routed(closes_at_once) as (_, client, _):
        check_page(await client.ask(), "H13")
        check_page(await client.ask(), "H13")


async def test_an_error_page_for_head_has_no_body() -> None:
    """HEAD gets the page's headers, its length among them."""
    async with routed(closes_at_once) as (_, client, _):
        answer = await client.ask(GET.replace(b"GET", b"HEAD"))
        assert (answer.status, answer.body) == (503, b"")
        assert int(answer.headers[b"content-length"]) > 500


async def test_a_body_that_nobody_reads_does_not_hide_the_page() -> None:
    """A client that goes on sending its body gets the page whole, and is told that the connection ends."""
    async with bench(RoutedDyno(state=DynoState.CRASHED)) as started, started.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 100000000\r\n\r\n")
        await client.begun()
        for _ in range(50):
            await client.send(bytes(1 << 16))
            await asyncio.sleep(0)  # a turn of the loop for the router
        answer = await client.answer()
        check_page(answer, "H10")
        assert answer.headers[b"connection"] == b"close"
        assert await client.is_closed()


async def test_a_body_that_came_is_skipped() -> None:
    """A short body that nobody wanted does not cost the connection."""
    async with bench(RoutedDyno(state=DynoState.CRASHED)) as started, started.client() as client:
        for _ in range(2):
            check_page(
                await client.ask(b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4\r\n\r\nbody"), "H10"
            )


@pytest.mark.parametrize(("state", "code"), [(DynoState.CRASHED, "H10"), (DynoState.NONE, "H14")])
async def test_an_app_without_a_dyno(state: DynoState, code: str) -> None:
    """A crashed dyno and none at all are told apart, and the dyno's fields in the log are empty."""
    async with bench(RoutedDyno(state=state)) as started, started.client() as client:
        check_page(await client.ask(), code)
        check_line(started, code, dyno="", connect="", service="", bytes="")


async def test_a_refused_connection() -> None:
    """A dyno that is said to be up and listens nowhere is H21."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nowhere = listener.getsockname()
    async with bench(RoutedDyno(state=DynoState.UP, address=nowhere)) as started, started.client() as client:
        check_page(await client.ask(), "H21")
        check_line(started, "H21", dyno="web.1", service="", bytes="")


async def test_a_connection_that_is_not_accepted() -> None:
    """A dyno whose queue of connections is full is H19."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address):
            full = RoutedDyno(state=DynoState.UP, address=address)
            async with bench(full, times=RouterTimes(connect=0.1)) as started, started.client() as client:
                check_page(await client.ask(), "H19")
                check_line(started, "H19", dyno="web.1", service="", bytes="")


async def test_an_answer_cut_in_its_body() -> None:
    """An answer that breaks off is H18, though its status had been sent."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    async with routed(script) as (started, client, _):
        await client.send(GET)
        line = await started.line()
    assert line.startswith('sock=backend at=error code=H18 desc="Server Request Interrupted" method=GET ')
    assert fields(line)["status"] == "503"


async def test_an_answer_that_stops_in_its_body() -> None:
    """A dyno that falls silent amid its answer is H15."""

    async def script(talk: Talk) -> None:
        await talk.read_until()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await talk.closed()

    async with routed(script, times=RouterTimes(rolling=0.1)) as (started, client, _):
        await client.send(GET)
        assert fields(await started.line())["code"] == "H15"


async def test_the_time_for_the_first_byte_runs_from_the_requests_last() -> None:
    """A long upload does not use up the time for the answer: meanwhile another request's time runs out."""

    async def script(talk: Talk) -> None:
        if b"POST" in await talk.read_until():
            await talk.read_until(b"LAST")
            await talk.send(OK)
        await talk.closed()

    async with routed(script, times=RouterTimes(first_byte=0.5)) as (started, client, _), started.client() as other:
        await client.send(b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 7\r\n\r\n...LAS")
        check_page(await other.ask(), "H12")
        await client.send(b"T")
        assert (await client.answer()).status == 200


@pytest.mark.parametrize(
    ("request_bytes", "status", "cause"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "Host"),
        (b"GET / HTTP/1.0\r\n\r\n", 400, "Host"),
        (b"GET / HTTP/1.1\r\nHost: app.localhost\r\nHost: b\r\n\r\n", 400, "Host"),
        (b"GET /a b HTTP/1.1\r\nHost: app.localhost\r\n\r\n", 400, "illegal"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "illegal"),
        (b"GET / HTTP/1.1\r\nHost: app.localhost\r\nBad Name: x\r\n\r\n", 400, "illegal"),
        (
            b"GET / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            "conflicting",
        ),
        (b"GET / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "chunked"),
        (b"GET /%s HTTP/1.1\r\nHost: app.localhost\r\n\r\n" % (b"x" * 8192), 414, "8192"),
        (b"CONNECT app.localhost:1 HTTP/1.1\r\nHost: app.localhost\r\n\r\n", 400, "CONNECT"),
        (b"POST / HTTP/1.1\r\nHost: app.localhost\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417, "expected"),
        (b"GET / HTTP/1.1\r\nHost: app.localhost\r\nX: " + b"x" * (1 << 21), 400, "too long"),
    ],
    ids=[
        "no host",
        "HTTP/1.0 without host",
        "two hosts",
        "space in the target",
        "TLS",
        "space in a name",
        "two lengths",
        "coding",
        "long line",
        "CONNECT",
        "expectation",
        "endless head",
    ],
)
async def test_a_request_that_cannot_be_passed_on(request_bytes: bytes, status: int, cause: str) -> None:
    """The client gets a clean refusal that says why, and the dyno hears nothing."""
    async with routed(answering(OK)) as (_, client, scripted):
        await client.send(request_bytes)
        answer = await client.answer()
        assert answer.status == status
        assert cause in answer.body.decode()
        assert b"H26" in answer.body
        assert not scripted.talks


async def test_a_refused_request_is_logged_with_its_app() -> None:
    """Where the host is known, the app's log has the line, with its cause."""
    async with routed(answering(OK)) as (started, client, _):
        await client.ask(b"CONNECT a:1 HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
        assert started.log[0][0] == "app"
        assert 'code=H26 desc="Request Error" cause="CONNECT is not supported" method=CONNECT' in started.log[0][1]


async def test_a_request_of_no_app_is_in_the_routers_own_log(caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be read belongs to no app."""
    with caplog.at_level(logging.INFO, logger="scripts.router.router"):
        async with routed(answering(OK)) as (started, client, _):
            await client.send(b"nonsense\r\n\r\n")
            assert (await client.answer()).status == 400
            assert not started.log
    assert any("code=H26" in record.message for record in caplog.records)


async def test_a_chunked_body_that_cannot_be_read() -> None:
    """A client's broken chunk is its own fault, and ends its connection."""
    async with routed(hangs) as (started, client, _):
        await client.send(b"POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
        answer = await client.answer()
        assert (answer.status, answer.headers[b"connection"]) == (400, b"close")
        assert fields(await started.line())["code"] == "H26"
        assert await client.is_closed()


async def test_a_bug_of_the_router_ends_one_request_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen error is H99 for its request and in the router's log; the next request is served."""
    async with routed(answering(OK)) as (started, client, _):
        with monkeypatch.context() as patch:
            patch.setattr(router_module, "dyno_request", None)
            check_page(await client.ask(), "H99")
        check_line(started, "H99")
        assert (await client.ask()).body == b"ok"
    assert any(record.exc_info for record in caplog.records)


async def test_the_request_that_failed_last_is_kept_as_its_dyno_got_it() -> None:
    """Its head, where that was split, which segment broke it; one that was answered leaves it there."""
    async with routed(closes_at_once) as (started, client, scripted):
        started.router.segment_bytes = 10
        started.router.route(HOST, "app", scripted.up, variant="v0.12.1")
        check_page(await client.ask(b"GET /view?story=0+1 HTTP/1.1\r\nHost: app.localhost\r\n\r\n"), "H13")
        failed = started.router.last_failed
        assert failed
        assert failed.variant == "v0.12.1"
        assert failed.record.head.startswith(b"GET /view?story=0+1 HTTP/1.1\r\nHost: app.localhost\r\n")
        assert failed.record.offsets[:3] == (10, 20, 30)
        assert failed.broke == "segment 2 began with `story=0+`, which is no URL"


async def test_an_unknown_host_is_shown_the_way() -> None:
    """The page for a host that no app has links to the apps that there are."""
    async with routed(answering(OK)) as (started, client, _):
        answer = await client.ask(b"GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n")
        assert answer.status == 404
        assert b"<title>No such app</title>" in answer.body
        assert f'href="http://{HOST}:{started.router.port}/"'.encode() in answer.body
        assert not started.log

"""The relay: a request carried its client to a dyno, and the answer back, with a time limit on every step.

Sending and answering go on at once, for a dyno may answer before it has read the whole body. Nothing is gathered: a
side that is slow to read slows the other one down.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import h11

from scripts.router.client_side import ClientConnection
from scripts.router.codes import RequestFailed, RequestLog
from scripts.router.dyno_side import DynoClosed, DynoConnection
from scripts.router.heads import client_headers
from scripts.router.routes import RouterTimes


@contextlib.asynccontextmanager
async def within(seconds: float, code: str) -> AsyncIterator[asyncio.Timeout]:
    """Bound a step: RequestFailed with `code` when it takes longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield limit
    except TimeoutError:
        raise RequestFailed(code) from None


async def ended(task: "asyncio.Task[None] | asyncio.Task[h11.Event]") -> None:
    """Cancel a task and wait for its end. How the relay went is told by its answer, so only a bug is raised."""
    task.cancel()
    (result,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(result, Exception) and not isinstance(result, RequestFailed | DynoClosed):
        raise result


async def relay(
    client: ClientConnection,
    dyno: DynoConnection,
    request: h11.Request,
    record: RequestLog,
    *,
    segment_bytes: int,
    times: RouterTimes,
) -> None:
    """Carry a `request`, rewritten for the dyno, with its body to the dyno, and the answer to the client.

    Notes the answer's status in `record`; RequestFailed when either side fails.
    """
    sending = asyncio.create_task(_send(client, dyno, request, segment_bytes=segment_bytes, times=times))
    try:
        event = await _first(dyno, sending, times.first_byte)
        while not isinstance(event, h11.EndOfMessage):
            if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                record.status = event.status_code
                await client.send(_for_client(event))
                await _tunnel(client, dyno, times.rolling)
                return
            # A 100 answers an Expect, and that was the router's to answer.
            if not (isinstance(event, h11.InformationalResponse) and event.status_code == 100):
                await _pass_on(client, event, record, times)
            async with within(times.rolling, "H15"):
                event = await dyno.answer()
        await _pass_on(client, event, record, times)
    finally:
        await ended(sending)


async def _send(
    client: ClientConnection, dyno: DynoConnection, request: h11.Request, *, segment_bytes: int, times: RouterTimes
) -> None:
    """Send the head in segments, then the body as it comes. A dyno that reads no more is left to its answer."""
    with contextlib.suppress(DynoClosed):
        async with within(times.first_byte, "H12"):
            await dyno.send_head(request, segment_bytes)
        await client.send_continue()
        over = False
        while not over:
            async with within(times.rolling, "H28"):
                event = await client.body()
            async with within(times.rolling, "H15"):
                await dyno.send(event)
            over = isinstance(event, h11.EndOfMessage)


async def _first(dyno: DynoConnection, sending: "asyncio.Task[None]", seconds: float) -> h11.Event:
    """Return the first event of the answer; its time runs from the moment that the request has been sent."""
    first = asyncio.create_task(dyno.answer())
    try:
        await asyncio.wait({first, sending}, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            sending.result()
            await asyncio.wait({first}, timeout=seconds)
        if not first.done():
            raise RequestFailed("H12")
        return first.result()
    finally:
        await ended(first)


async def _pass_on(client: ClientConnection, event: h11.Event, record: RequestLog, times: RouterTimes) -> None:
    """Send one event of the answer to the client."""
    if isinstance(event, h11.Response):
        record.status = event.status_code
    async with within(times.rolling, "H28"):
        await client.send(_for_client(event))


def _for_client(event: h11.Event) -> h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage:
    """Return an event of the dyno's answer as the client gets it."""
    if isinstance(event, h11.Response | h11.InformationalResponse):
        return type(event)(status_code=event.status_code, headers=client_headers(event), reason=event.reason)
    assert isinstance(event, h11.Data | h11.EndOfMessage)
    return event


async def _tunnel(client: ClientConnection, dyno: DynoConnection, seconds: float) -> None:
    """Carry bytes both ways until the dyno closes; RequestFailed when neither side says a thing for `seconds`."""
    loop = asyncio.get_running_loop()
    async with within(seconds, "H15") as silence:

        def heard() -> None:
            if not silence.expired():
                silence.reschedule(loop.time() + seconds)

        upward = asyncio.create_task(_carry(client.receive, dyno.write, client.leave_http(), heard))
        try:
            await _carry(dyno.receive, client.write, dyno.leave_http(), heard)
        finally:
            await ended(upward)


async def _carry(
    receive: Callable[[], Awaitable[bytes]],
    write: Callable[[bytes], Awaitable[None]],
    data: bytes,
    heard: Callable[[], None],
) -> None:
    """Write `data`, which came too early, and then what comes, until no more does."""
    if data:
        await write(data)
    while data := await receive():
        heard()
        await write(data)

"""The relay: a request carried its client to a dyno, and the answer back, with a time limit on every step.

Sending and answering go on at once, for a dyno may answer before it has read the whole body. Nothing is gathered: a
side that is slow to read slows the other one down.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from scripts.router.bodies import chunk
from scripts.router.client_side import ClientConnection
from scripts.router.codes import RequestFailed, RequestLog
from scripts.router.dyno_side import DynoClosed, DynoConnection
from scripts.router.heads import Request
from scripts.router.routes import RouterTimes


async def ended(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait for its end. How the relay went is told by its answer, so only a bug is raised."""
    task.cancel()
    (result,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(result, Exception) and not isinstance(result, RequestFailed | DynoClosed):
        raise result


async def relay(
    client: ClientConnection,
    dyno: DynoConnection,
    request: Request,
    head: bytes,
    record: RequestLog,
    *,
    via: bytes,
    segment_bytes: int,
    times: RouterTimes,
) -> bool:
    """Carry a `request`, with its `head` as rewritten for the dyno, to the dyno, and the answer to the client.

    Notes the answer's status in `record`; RequestFailed when either side fails. Says whether the dyno's connection may
    be used again.
    """
    sending = None
    if request.length == 0 and not 0 < segment_bytes < len(head):
        with contextlib.suppress(DynoClosed):
            await dyno.send_head(head, segment_bytes, times.first_byte)
    else:
        sending = asyncio.create_task(_send(client, dyno, request, head, segment_bytes=segment_bytes, times=times))
    try:
        await dyno.first_byte(sending, times.first_byte)
        while (answer := await dyno.answer(request.method, times.rolling)).is_interim:
            if answer.status == 101:
                if not request.upgrades:
                    raise RequestFailed("H17", cause="a switch of protocols that nobody asked for")
                if sending:
                    await sending
                record.status = answer.status
                await client.write(client.begin(answer, via))
                await _tunnel(client, dyno, times.rolling)
                return False
            # A 100 answers an Expect, and that was the router's to answer.
            if answer.status != 100 and (interim := client.begin(answer, via)):
                await client.write(interim)
            await asyncio.sleep(0)  # a flood of interim answers holds nobody up
        record.status = answer.status
        await _pass_on(client, dyno, client.begin(answer, via), times.rolling)
        return answer.keeps_open and (sending is None or sending.done()) and dyno.is_idle
    finally:
        if sending:
            await ended(sending)


async def _pass_on(client: ClientConnection, dyno: DynoConnection, out: bytes, seconds: float) -> None:
    """Send the head of the answer, `out`, and its body as it comes."""
    while True:
        data = dyno.piece()
        out += client.piece(data)
        if dyno.body.over:
            out += client.end(dyno.body.trailers)
        if out:
            await client.write(out)
        if dyno.body.over:
            return
        out = b""
        if data:
            await asyncio.sleep(0)  # what is not read to its end may go on at once, and others wait too
        else:
            await dyno.more(seconds)


async def _send(
    client: ClientConnection,
    dyno: DynoConnection,
    request: Request,
    head: bytes,
    *,
    segment_bytes: int,
    times: RouterTimes,
) -> None:
    """Send the head in segments, then the body as it comes. A dyno that reads no more is left to its answer."""
    with contextlib.suppress(DynoClosed):
        await dyno.send_head(head, segment_bytes, times.first_byte)
        await client.send_continue()
        while data := await client.body(times.rolling):
            await dyno.send_body(data if request.length is not None else chunk(data), times.rolling)
        if request.length is None:
            await dyno.send_body(b"0\r\n\r\n", times.rolling)  # what trailers there were end here


async def _tunnel(client: ClientConnection, dyno: DynoConnection, seconds: float) -> None:
    """Carry bytes both ways until the dyno closes; RequestFailed when neither side says a thing for `seconds`."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds) as silence:

            def heard() -> None:
                if not silence.expired():
                    silence.reschedule(loop.time() + seconds)

            upward = asyncio.create_task(_carry(client.receive, dyno.write, heard))
            try:
                await _carry(dyno.receive, client.write, heard)
            finally:
                await ended(upward)
    except TimeoutError:
        raise RequestFailed("H15") from None


async def _carry(
    receive: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]], heard: Callable[[], None]
) -> None:
    """Write what comes, until no more does."""
    while data := await receive():
        heard()
        await write(data)

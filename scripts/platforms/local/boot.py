"""When a dyno is up: its process lives, and /about.json on its port answers as the variant that was asked for."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import httpx
from anyio.from_thread import start_blocking_portal

from scripts.errors import Failure
from scripts.platforms.about import PATH, read_about
from scripts.platforms.local.dyno import GRACE_SECONDS, Dyno, Say
from scripts.platforms.local.slug import Slug
from scripts.wire.receive_queue import Address

BOOT_SECONDS = 60.0
"""How long a dyno may take until it is up (Heroku's R10)."""

TRY_SECONDS = 5.0
"""How long one try to get an answer may take."""

PAUSES = (0.02, 0.05, 0.1)
"""Seconds between the tries to connect to a booting dyno; the last one stays."""


class BootFailed(Failure):
    """A dyno did not come up; `lines` are the last that it printed, `timed_out` says that the limit was the reason."""

    def __init__(self, variant: str, found: str, dyno: Dyno, *, timed_out: bool = False) -> None:
        """Compose the one line from why the dyno of `variant` is not up."""
        super().__init__(f"{variant} did not boot", found=found, lines=dyno.last_lines)
        self.timed_out = timed_out


async def wait_until_up(dyno: Dyno, variant: str, *, limit: float = BOOT_SECONDS) -> None:
    """Wait until `dyno` is up as `variant`, and leave it as it is.

    BootFailed when it ends, when it answers as something else, or when it has not answered within `limit` seconds.
    """
    answer = asyncio.ensure_future(_first_answer(dyno.address))
    end = asyncio.ensure_future(dyno.ended())
    try:
        await asyncio.wait({answer, end}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if end.done():
            raise BootFailed(variant, f"its web process ended with status {end.result()}", dyno)
        if not answer.done():
            found = f"it did not answer within {limit:g} seconds"
            raise BootFailed(variant, found, dyno, timed_out=True)
        try:
            name = read_about(answer.result()).variant
        except Failure as failure:
            raise BootFailed(variant, failure.message, dyno) from None
        if name != variant:
            raise BootFailed(variant, f"port {dyno.address[1]} answers as {name}", dyno)
    finally:
        answer.cancel()
        end.cancel()
        await asyncio.gather(answer, end, return_exceptions=True)


@asynccontextmanager
async def booted(
    slug: Slug, variant: str, say: Say, *, limit: float = BOOT_SECONDS, grace: float = GRACE_SECONDS
) -> AsyncIterator[Dyno]:
    """Hold a dyno of `slug` that is up as `variant`, and end it in every case."""
    dyno = await Dyno.start(slug, say, grace=grace)
    try:
        await wait_until_up(dyno, variant, limit=limit)
        yield dyno
    finally:
        await dyno.stop()


@contextmanager
def running(
    slug: Slug, variant: str, *, log: Say, limit: float = BOOT_SECONDS, grace: float = GRACE_SECONDS
) -> Iterator[Address]:
    """Hold a dyno of `slug` that is up as `variant`, for a caller without an event loop; give its host and port.

    `log` is called, from another thread, with each line that the dyno prints. The dyno may take `limit` seconds to come
    up and `grace` seconds to end. It ends in every case, also when this process is killed. Raises what `wait_until_up`
    and `Dyno.start` raise.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(booted(slug, variant, log, limit=limit, grace=grace)) as dyno,
    ):
        yield dyno.address


async def _first_answer(address: Address) -> httpx.Response:
    """Ask for /about.json until there is an answer, and return it."""
    host, port = address
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False, timeout=TRY_SECONDS) as client:
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            with suppress(httpx.TransportError):
                return await client.get(PATH)
            await asyncio.sleep(pause)
    raise AssertionError("unreachable: the pauses do not end")

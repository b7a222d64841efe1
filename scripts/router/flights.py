"""The requests that are with dynos at this moment."""

import asyncio
import contextlib
from collections.abc import Iterator

from scripts.wire.receive_queue import Address


class Flights:
    """The requests in flight, by the address of their dyno."""

    def __init__(self) -> None:
        """Begin without any."""
        self._flights: dict[Address, set[asyncio.Future[None]]] = {}

    @contextlib.contextmanager
    def on(self, address: Address) -> Iterator[None]:
        """Count a request as in flight on the dyno at `address`."""
        flight = asyncio.get_running_loop().create_future()
        flights = self._flights.setdefault(address, set())
        flights.add(flight)
        try:
            yield
        finally:
            flights.discard(flight)
            if not flights:
                del self._flights[address]
            flight.set_result(None)

    async def landed(self, address: Address, timeout: float) -> None:
        """Return when no request is in flight on the dyno at `address`, or after `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while flights := self._flights.get(address):
                    await asyncio.wait(flights)

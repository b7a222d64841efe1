"""Connections to dynos that are kept for a while, to be used again: what Heroku's Router 2.0 does."""

import asyncio

from scripts.router.dyno_side import DynoConnection
from scripts.wire.receive_queue import Address

IDLE_SECONDS = 90.0
"""How long a connection is kept that nobody uses."""


class Pool:
    """The kept connections, by dyno. One that the dyno has closed is not given out.

    A dyno that closes at the very moment when a request is sent fails that request (H13): at Heroku too, an app whose
    own time limit is shorter than the router's does so.
    """

    def __init__(self, idle: float = IDLE_SECONDS) -> None:
        """Keep a connection for `idle` seconds."""
        self._idle = idle
        self._kept: dict[Address, dict[DynoConnection, asyncio.TimerHandle]] = {}

    def take(self, address: Address) -> DynoConnection | None:
        """Return the connection to the dyno at `address` that was used last, where there is one."""
        kept = self._kept.get(address, {})
        while kept:
            connection, timer = kept.popitem()
            timer.cancel()
            connection.on_word = None
            if connection.is_idle:
                return connection
            connection.close()
        return None

    def keep(self, address: Address, connection: DynoConnection) -> None:
        """Keep a connection that is idle until it is taken, the dyno closes it, or its time is over."""
        timer = asyncio.get_running_loop().call_later(self._idle, self._drop, address, connection)
        self._kept.setdefault(address, {})[connection] = timer
        connection.on_word = lambda: self._drop(address, connection)

    def _drop(self, address: Address, connection: DynoConnection) -> None:
        """Close a connection that is kept."""
        if timer := self._kept.get(address, {}).pop(connection, None):
            timer.cancel()
            connection.close()

    def close(self, address: Address | None = None) -> None:
        """Close the connections to one dyno, or all."""
        for one in [address] if address else list(self._kept):
            for connection, timer in self._kept.pop(one, {}).items():
                timer.cancel()
                connection.close()

"""A wait for what a callback brings, with a time limit: one future and one timer, no task."""

import asyncio


class Wakeup:
    """Waited for by one task at a time."""

    def __init__(self) -> None:
        """Belong to the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake who waits, if anybody does: who comes later looks first at what they wait for."""
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self, seconds: float | None) -> None:
        """Wait to be woken; TimeoutError after `seconds`, where there is a limit."""
        waiting = self._waiting = self._loop.create_future()
        timer = self._loop.call_later(seconds, _expire, waiting) if seconds is not None else None
        try:
            await waiting
        finally:
            self._waiting = None
            if timer:
                timer.cancel()


def _expire(waiting: "asyncio.Future[None]") -> None:
    """End a wait that has taken too long."""
    if not waiting.done():
        waiting.set_exception(TimeoutError())

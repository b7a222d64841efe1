"""The parts of the live page that change, and their way to whoever looks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

Part = tuple[str, int, str]
"""A part's name, the number of its last change, and its HTML."""


class Board:
    """The parts of the page that change, each with the number of its last change."""

    def __init__(self) -> None:
        """Begin empty."""
        self.parts: dict[str, tuple[int, str]] = {}
        self._changes = 0
        self._changed = asyncio.Event()

    def put(self, name: str, html: str) -> None:
        """Set a part."""
        if name not in self.parts or self.parts[name][1] != html:
            self._changes += 1
            self.parts[name] = (self._changes, html)
            self._changed.set()
            self._changed = asyncio.Event()

    def forget(self, names: set[str]) -> None:
        """Leave parts out."""
        for name in names:
            del self.parts[name]

    async def news(self, seconds: float) -> AsyncGenerator[Part | None, None]:
        """Yield all parts, and then each that changes; None between, after a change or `seconds` without one."""
        sent: dict[str, int] = {}
        while True:
            changed = self._changed  # taken before the parts: whoever takes one in may do so while others change
            # The list comes first: it makes the places that the other parts fill.
            for name, (change, html) in sorted(self.parts.items(), key=lambda part: part[0] != "deployments"):
                if sent.get(name) != change:
                    if name == "deployments":  # a new list, and so all places in it, is empty
                        sent.clear()
                    sent[name] = change
                    yield name, change, html
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), seconds)
            yield None

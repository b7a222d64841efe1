"""The probes that the live page runs: one at a time, for two would be in each other's way; the others wait."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from common.live.asking import Gone, told

WAITING = 3
"""How many probes of one variant may wait."""

UP_SECONDS = 60.0
"""How long a probe waits for a variant that is starting."""

LOOK_SECONDS = 1.0
"""How often it is looked whether the variant is still the one that is probed."""

REPLACED = "Another process serves it now, and what was measured is of the one before: probe it again."

Row = dict[str, Any]


@dataclass
class Strip:
    """A case's outcomes by offset, as far as they are known."""

    name: str
    bytes: int
    outcomes: list[str] = field(default_factory=list)
    words: str = ""
    over: bool = False

    def __post_init__(self) -> None:
        """Begin without any."""
        self.outcomes = [""] * (self.bytes - 1)

    @property
    def done(self) -> int:
        """How many offsets are known."""
        return sum(1 for outcome in self.outcomes if outcome)

    @property
    def runs(self) -> list[tuple[int, int, str]]:
        """The offsets of each outcome in their order, as first and last."""
        found = []
        for outcome, places in groupby(enumerate(self.outcomes, 1), lambda place: place[1]):
            offsets = [offset for offset, _ in places]
            if outcome:
                found.append((offsets[0], offsets[-1], outcome))
        return found

    def put(self, seen: dict[str, list[tuple[int, int]]]) -> None:
        """Take outcomes, as ranges of offsets."""
        for outcome, ranges in seen.items():
            for first, last in ranges:
                self.outcomes[first - 1 : last] = [outcome] * (last - first + 1)

    def end(self, news: dict[str, Any]) -> None:
        """Take what the case came to."""
        self.over = True
        self.outcomes = [""] * (self.bytes - 1)
        self.put(news["found"])
        counts = {outcome: count for outcome, count in news["counts"].items() if outcome != "intact"}
        parts = [f"{count:,} of {self.bytes - 1:,} splits {outcome}" for outcome, count in counts.items()]
        parts += [f"in one segment {news['joined']}"] if news["joined"] not in {None, "intact"} else []
        self.words = ", ".join(parts) or f"all {self.bytes - 1:,} splits intact"
        if news["flaky"]:
            self.words += "; some came and went, and do not count"
        for doubt in news["doubts"]:
            self.words += f"; {doubt}"
        self.words += f" (drawn in {news['drawn']:.1f} s, tried again until {news['seconds']:.1f} s)"


@dataclass
class Probe:
    """What is known of a variant's last probe."""

    strips: dict[str, Strip] = field(default_factory=dict)
    state: str = ""
    """`waiting`, `running`, `over`; empty: there was none."""
    waiting: int = 0
    words: str = ""


class Probes:
    """The probes of all variants."""

    def __init__(self, row: Callable[[str], Awaitable[Row | None]], changed: Callable[[str], None]) -> None:
        """`row` returns what runs of a variant, `changed` is called with one whose probe has news."""
        self._row = row
        self._changed = changed
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.known: dict[str, Probe] = {}

    @property
    def run(self) -> bool:
        """Whether one is under way or waits."""
        return bool(self._tasks)

    def of(self, variant: str) -> Probe:
        """Return the probe of a variant."""
        return self.known.setdefault(variant, Probe())

    def start(self, variant: str, parser: str) -> bool:
        """Have a variant probed when it is its turn; False: enough of them wait."""
        probe = self.of(variant)
        if probe.waiting >= WAITING:
            return False
        probe.waiting += 1
        if probe.state != "running":
            probe.state = "waiting"
        self._changed(variant)
        task = asyncio.create_task(self._wait(variant, probe, parser))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _wait(self, variant: str, probe: Probe, parser: str) -> None:
        """Probe a variant in its turn."""
        async with self._turn:
            probe.waiting -= 1
            probe.state, probe.strips, probe.words = "running", {}, ""
            self._changed(variant)
            try:
                probe.words = await self._probe(variant, probe, parser)
            except Gone as gone:
                probe.words = f"{gone}."
            finally:
                probe.state = "waiting" if probe.waiting else "over"
                self._changed(variant)

    async def _probe(self, variant: str, probe: Probe, parser: str) -> str:
        """Probe a variant that is up; return what there is to say of it that its strips do not."""
        row = await self._up(variant)
        if not row:
            return f"{variant} is not up: there is nothing to probe."
        at = urlsplit(row["dyno"])
        work = asyncio.create_task(self._listen(variant, probe, at.hostname or "", at.port or 0, parser))
        try:
            while not (await asyncio.wait({work}, timeout=LOOK_SECONDS))[0]:
                if await self._is_another(variant, row):
                    return REPLACED
            failed = work.result()
            return REPLACED if failed and await self._is_another(variant, row) else failed
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _listen(self, variant: str, probe: Probe, host: str, port: int, parser: str) -> str:
        """Take in what the probe tells; return why it could not go on, or nothing."""
        async with aclosing(told("probe", host, str(port), parser)) as lines:
            async for news in lines:
                if "error" in news:
                    return f"{news['error']}."
                if "cases" in news:
                    probe.strips = {each["name"]: Strip(each["name"], each["bytes"]) for each in news["cases"]}
                elif "failed" in news:
                    return f"{news['case']}: {news['failed']}."
                elif "seen" in news:
                    probe.strips[news["case"]].put(news["seen"])
                else:
                    probe.strips[news["case"]].end(news)
                self._changed(variant)
        is_whole = probe.strips and all(strip.over for strip in probe.strips.values())
        return "" if is_whole else "The probe has ended early."

    async def _up(self, variant: str) -> Row | None:
        """Return what runs of a variant once it is up; None where it is not, after a while."""
        end = asyncio.get_running_loop().time() + UP_SECONDS
        while (row := await self._row(variant)) and row["state"] == "starting":
            if asyncio.get_running_loop().time() > end:
                return None
            await asyncio.sleep(0.2)
        return row if row and row["state"] == "up" else None

    async def _is_another(self, variant: str, before: Row) -> bool:
        """Say whether another process serves the variant now."""
        row = await self._row(variant)
        return not row or row["dyno"] != before["dyno"]

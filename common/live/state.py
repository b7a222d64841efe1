"""All that the live page shows: its parts, each rendered when it changes, for as long as somebody looks."""

import asyncio
import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import jinja2

from common.live.asking import CHECKOUT, Gone, ask, cleaned, told_once
from common.live.board import Board
from common.live.probes import Probes
from scripts.router.segments import form_of
from scripts.wire.splitting import SEGMENT_BYTES, segment_offsets

TOKEN = secrets.token_urlsafe(32)
INSTANCE = secrets.token_urlsafe(8)
LARGEST_SEGMENT = 65536
POLL_SECONDS = 1.0

UNKNOWN = {"description": "", "has_issue": None, "verdict": ""}
"""What is known of a variant that runs, and is none of the checkout's any more."""

SHOWN_SEGMENTS = 10
"""How many segments of a request are all shown; of more, those at its ends and at the one that broke it."""

ESCAPES = {"\r": "\\r", "\n": "\\n\n"}
"""How the ends of lines are shown, as on the page about the wire."""


def place(variant: str) -> str:
    """Return the id of a variant's part of the page; no other one begins so, whatever the variant is called."""
    return f"variant-{variant.replace('.', '-')}"


pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
pages.globals.update(token=TOKEN, instance=INSTANCE, largest=LARGEST_SEGMENT, default=SEGMENT_BYTES, place=place)


class Live:
    """All that the pages show, kept by one task for as long as somebody looks."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.board = Board()
        self.probes = Probes(self.row, self._show_probe)
        self.listed: dict[str, Any] = {
            "deployments": [],
            "segment_bytes": 0,
            "router": "",
            "failed": None,
            "router_lines": [],
        }
        self.facts: dict[str, Any] = {"variants": {}}
        self._facts_of = 0
        self._steps: dict[str, dict[str, Any]] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._watchers = 0
        self._watching: asyncio.Task[None] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The deployments, each with what is known of its variant."""
        known = self.facts["variants"]
        return [row | {"known": known.get(row["variant"], UNKNOWN)} for row in cleaned(self.listed["deployments"])]

    async def row(self, variant: str) -> dict[str, Any] | None:
        """Return what runs of a variant now."""
        listed = await ask("Ps")
        return next((row for row in listed["deployments"] if row["variant"] == variant), None)

    async def ask(self) -> None:
        """Ask anew; Gone where the supervisor does not answer."""
        self.listed = await ask("Ps")
        await self.learn()

    async def refresh(self) -> None:
        """Ask anew, and show what has changed; Gone where the supervisor does not answer."""
        await self.ask()
        rows = self.rows
        form = form_of(self.listed["segment_bytes"])
        shown = {"segment-now", "deployments", "log", "failed"}
        for row in rows:
            self.board.put(
                f"state-{place(row['variant'])}", pages.get_template("state.html").render(row=row, form=form)
            )
            self._show_probe(row["variant"])
            shown |= {f"state-{place(row['variant'])}", f"strips-{place(row['variant'])}"}
        self.board.forget(set(self.board.parts) - shown)
        names = [row["variant"] for row in rows]
        self.board.put("deployments", pages.get_template("deployments.html").render(names=names))
        self.board.put("segment-now", pages.get_template("segment.html").render(listed=self.listed))
        self.board.put("log", pages.get_template("log.html").render(lines=cleaned(self.listed["router_lines"])))
        self._show_failed()

    def look(self) -> None:
        """Keep all of it true while somebody looks."""
        self._watchers += 1
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    def leave(self) -> None:
        """Look no more."""
        self._watchers -= 1

    async def _watch(self) -> None:
        """Refresh for as long as somebody looks."""
        while self._watchers:
            with suppress(Gone):  # the page says so when this process ends, which it does with the platform
                await self.refresh()
            await asyncio.sleep(POLL_SECONDS)

    async def learn(self) -> None:
        """Read the facts again where a verdict was written since."""
        verdicts = max(map(_written, CHECKOUT.glob("variants/*/verdict.json")), default=1)
        if verdicts != self._facts_of:
            self._facts_of = verdicts
            try:
                self.facts = await told_once("facts")
            except Gone:
                self._facts_of = 0

    def _show_probe(self, variant: str) -> None:
        html = pages.get_template("strips.html").render(variant=variant, probe=self.probes.of(variant))
        self.board.put(f"strips-{place(variant)}", html)

    def _show_failed(self) -> None:
        """Show the request that failed last, and have its steps taken."""
        failed = self.listed["failed"]
        steps = self._steps.get(failed["when"], {}) if failed else {}
        shown: dict[str, Any] = {"failed": None}
        if failed:
            head, size = failed["head"], failed["segment_bytes"] or len(failed["head"])
            told = cleaned({name: value for name, value in failed.items() if name != "head"})
            count = -(-len(head) // size)
            shown = {"failed": told, "steps": steps, "bytes": len(head), "count": count}
            shown["segments"] = _segments(head, size, failed["broke_at"])
        self.board.put("failed", pages.get_template("failed.html").render(shown))
        if failed and failed["when"] not in self._steps and failed["segment_bytes"]:
            self._steps = {failed["when"]: {}}
            task = asyncio.create_task(self._take_steps(failed))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

    async def _take_steps(self, failed: dict[str, Any]) -> None:
        """Have the release take its steps over the request that failed, and show them."""
        offsets = segment_offsets(len(failed["head"]), failed["segment_bytes"])
        number = failed["broke_at"] or len(offsets) + 1
        sent = json.dumps({"head": failed["head"], "offsets": offsets[:number]}).encode()
        try:
            self._steps[failed["when"]] = await told_once("steps", failed["tree"], str(number), stdin=sent)
        except Gone as gone:
            self._steps[failed["when"]] = {"none": str(gone)}
        self._show_failed()


def _written(path: Path) -> int:
    """Return when a file was written; 0 where it has just been taken away."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _segments(head: str, size: int, breaking: int) -> list[tuple[int, int, int, str]]:
    """Return the segments of a request that are shown: number, where it begins and ends, and its bytes."""
    count = -(-len(head) // size)
    some = {1, 2, breaking - 1, breaking, breaking + 1, count}
    wanted = range(1, count + 1) if count <= SHOWN_SEGMENTS else sorted(each for each in some if 1 <= each <= count)
    edges = {each: ((each - 1) * size, min(each * size, len(head))) for each in wanted}
    return [(each, first, last, head[first:last]) for each, (first, last) in edges.items()]


def around(data: str, first: int = 220, last: int = 80) -> str:
    """Return bytes as a page shows them, a long run of them by its ends."""
    if len(data) <= first + last + 20:
        return _visible(data)
    return f"{_visible(data[:first])} … {len(data) - first - last:,} bytes … {_visible(data[-last:])}"


def _visible(data: str) -> str:
    return "".join(
        {"\r": "\\r", "\n": "\\n\n"}.get(each) or (each if " " <= each <= "~" else f"\\x{ord(each):02x}")
        for each in data
    )


pages.filters["around"] = around

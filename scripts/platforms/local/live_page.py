"""The platform's own page, http://localhost:8344/: the app of common/live/, which the router knows by that host.

It is no deployment. It is started in the background when something is deployed, so that no deploy waits for it, on the
pins of the current runtime: those of the newest release. When it ends by itself it is started again, as a crashed dyno
is; whatever becomes of it, the platform goes on. It asks the supervisor for what it shows, over the same socket as the
verbs do.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from itertools import chain, repeat

from scripts import process
from scripts.errors import Failure
from scripts.files import write_whole
from scripts.platforms.local.boot import wait_until_up
from scripts.platforms.local.dyno import NAME, Dyno
from scripts.platforms.local.places import LIVE_HOST, LIVE_NAME, Places
from scripts.platforms.local.slug import Slug
from scripts.router.router import DynoState, RoutedDyno, Router

log = logging.getLogger(__name__)

PROCFILE = (
    'web: exec python -m uvicorn --timeout-graceful-shutdown 0 --app-dir "$CHECKOUT" '
    '--host "$BIND_HOST" --port "$PORT" common.live.app:app\n'
)

PAUSES = (0.0, 5.0, 20.0, 60.0, 300.0)
"""Seconds until it is started again, the first time and so on; the last one stays."""

GRACE_SECONDS = 2.0
"""How long it may take to end: it holds nothing that would be lost."""


class LivePage:
    """Starts the page's app, routes to it, and starts it again; close it."""

    def __init__(self, places: Places, router: Router, say: Callable[[str, str, str], None]) -> None:
        """Be the page of a checkout's platform; `say` writes to a log: app, who speaks, line."""
        self._places = places
        self._router = router
        self._say = say
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, where this checkout has the app and it has not begun; one that waits for another start begins now."""
        self._wanted.set()
        if self._task is None and self._places.has_live_page:
            self._router.home(LIVE_HOST)
            self._route(DynoState.STARTING)
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End it, also while its environment is being made."""
        if self._task is None:
            return
        if not self._task.done():
            process.interrupt()
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        """Keep it running."""
        for pause in chain(PAUSES, repeat(PAUSES[-1])):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), pause)
            self._wanted.clear()
            self._route(DynoState.STARTING)
            try:
                await self._serve(await asyncio.to_thread(slug, self._places))
            except Failure as failure:
                log.warning("the live page does not run: %s", failure.message)
            except Exception:
                log.exception("the live page met a bug of the platform's")
            self._route(DynoState.CRASHED)

    async def _serve(self, made: Slug) -> None:
        """Start it, and return when it has ended."""
        more = {
            "CHECKOUT": str(self._places.root),
            "PLATFORM": str(self._places.state),
            "TOOLING": sys.executable,
            "VARIANT": LIVE_NAME,
        }
        dyno = await Dyno.start(
            made, lambda line: self._say(LIVE_NAME, f"app[{NAME}]", line), grace=GRACE_SECONDS, more=more
        )
        try:
            await wait_until_up(dyno, LIVE_NAME)
            self._route(DynoState.UP, dyno)
            self._say(LIVE_NAME, f"heroku[{NAME}]", f"Process exited with status {await dyno.ended()}")
        finally:
            await dyno.stop()

    def _route(self, state: DynoState, dyno: Dyno | None = None) -> None:
        """Tell the router."""
        self._router.route(LIVE_HOST, LIVE_NAME, RoutedDyno(NAME, state, dyno.address if dyno else None))


def slug(places: Places) -> Slug:
    """Return what the page's process starts from, made where it is not there yet: a Procfile and an environment.

    The app itself is run from the checkout. Failure where the current runtime's Python or pins cannot be had.
    """
    # The supervisor itself needs none of it.
    from scripts.matrix import load  # noqa: PLC0415
    from scripts.pins.environments import ready_environment  # noqa: PLC0415

    latest = load(places.root).latest
    venv = ready_environment(places.environments, latest.runtime.python, latest.folder / "requirements.txt")
    folder = places.live / venv.name
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "Procfile", PROCFILE)
    link = folder / ".venv"
    if not link.is_symlink() or link.readlink() != venv:  # the checkout may have been moved since
        link.unlink(missing_ok=True)
        link.symlink_to(venv)
    return Slug(LIVE_NAME, folder)

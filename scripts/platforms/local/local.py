"""The local platform as the verbs use it: deploy, what runs, logs, down. All of it may be asked at any time.

The work is done by the supervisor (`supervisor.py` here); it is started where there is none, and asked (`messages.py`).
Asking what runs, where nothing does, starts nothing. What a supervisor that died ran is told by whoever asks next, and
the next deploy brings it back.
"""

import logging
import socket
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.platforms.local import client, locks, logs, messages
from scripts.platforms.local.messages import Running, State
from scripts.platforms.local.places import LIVE_HOST, Places
from scripts.platforms.platform import Deployed, Deployment, Say
from scripts.router.heads import LEGACY
from scripts.wire.splitting import SEGMENT_BYTES

if TYPE_CHECKING:
    from scripts.branches.generate import BranchChange
    from scripts.matrix import Variant

log = logging.getLogger(__name__)

AS_ASKED = f"not {SEGMENT_BYTES} as it does unless told"
"""Said of a segment size that is another one."""

TRIES = 3
"""How often a deploy looks for a supervisor, when the one that it found ends before it answers."""


class LocalPlatform:
    """The local platform of one checkout."""

    at_once = 1
    """Builds take turns, and so do the starts of one supervisor."""

    def __init__(
        self, root: Path, *, port: int | None = None, segment_bytes: int | None = None, router: str | None = None
    ) -> None:
        """`port` is the router's (None: 8344; 0: any free one); its segments have `segment_bytes` bytes.

        None: 1460; 0: heads go whole. `router` is one of Heroku's; None: `legacy`. WrongUse for a
        size that cannot be.
        """
        if segment_bytes is not None and segment_bytes < 0:
            raise WrongUse(f"a segment cannot have {segment_bytes} bytes", do="SEGMENT is 1 or more, or 0: whole heads")
        self._root = root
        self._port = port
        self._segment_bytes = segment_bytes
        self._router = router

    def deploy(self, change: "BranchChange", say: Say) -> Deployed:
        """Build the tree of `change`, boot it beside what its variant runs, and switch the route to it.

        The first deploy starts the router. A later one may name another segment size, which is then that of all
        deployments, but no other port.

        Failure when the slug cannot be built, the router cannot listen, or the dyno does not come up, then with its
        last lines. What ran before serves on. On KeyboardInterrupt the dyno is ended first.
        """
        from scripts.platforms.local.slug import build, prune  # noqa: PLC0415 - what only lists need not import what builds

        variant = change.variant
        places = Places(self._root)
        with client.told():
            slug = build(self._root, change.tree)
            for _ in range(TRIES):
                state, connection, left = self._supervisor(places)
                segment_bytes = self._segment_after(left)
                order = messages.Deploy(
                    variant=variant.name,
                    app=variant.app,
                    host=variant.host,
                    slug=str(slug.folder),
                    branch=change.branch,
                    commit=change.commit,
                    tree=change.tree,
                    segment_bytes=segment_bytes,
                    router=self._router_after(left),
                )
                with connection:
                    if self._port and self._port != state.port:
                        found = f"it runs at port {state.port}, not {self._port}"
                        raise Failure("the local platform has one router", found=found, do="End it first: make down")
                    say(f"deploy {variant.name}")
                    try:
                        booted = client.ask(connection, order, messages.Booted, client.BOOTED_SECONDS)
                    except client.Gone:
                        continue
                listed = self._bring_back(places, order, say)
                if booted.fresh and listed:
                    prune(self._root, listed.trees)
                return Deployed(
                    booted.deployment, _note(booted, segment_bytes, order.router, left), _home(places, state.port)
                )
        raise Failure("the local platform ended during the deploy", do="Deploy again")

    def _supervisor(self, places: Places) -> tuple[State, socket.socket, Running | None]:
        """Return the running supervisor with a connection to it.

        Where none runs it is started; then what one that died has left is the third value.
        """
        with locks.turn(places.turn, client.TURN_SECONDS):
            if found := client.connect(places):
                return *found, None
            left = messages.read_running(places)
            if left:
                log.warning("%s; what it ran is brought back", messages.how_it_ended(places, left))
            port = self._port
            if port is None:
                port = left.port if left else messages.DEFAULT_PORT
            return *client.start(places, port, self._segment_after(left)), left

    def _segment_after(self, left: Running | None) -> int:
        """Return the router's segment size: as it was asked for, else that of what has died, else 1460."""
        if self._segment_bytes is not None:
            return self._segment_bytes
        return left.segment_bytes if left else SEGMENT_BYTES

    def _router_after(self, left: Running | None) -> str:
        """Return which of Heroku's routers it is: as it was asked for, else that of what has died, else legacy."""
        return self._router or (left.router if left else "") or LEGACY.name

    def _bring_back(self, places: Places, after: messages.Deploy, say: Say) -> messages.Listed | None:
        """Deploy again what is missing since a supervisor died, and return what runs then; None: nobody answers.

        The router stays as the deploy `after` which this comes has set it.
        """
        from scripts.platforms.local.slug import build  # noqa: PLC0415

        listed = client.what_runs(places)
        for order in listed.missing if listed else ():
            say(f"bring back {order.variant}")
            try:
                slug = build(self._root, order.tree)  # the checkout may have been moved since
                if found := client.connect(places):
                    with found[1] as connection:
                        again = msgspec.structs.replace(
                            order, slug=str(slug.folder), segment_bytes=after.segment_bytes, router=after.router
                        )
                        client.ask(connection, again, messages.Booted, client.BOOTED_SECONDS)
            except (Failure, client.Gone) as error:
                log.warning("%s could not be brought back: %s", order.variant, error)
        return client.what_runs(places) if listed and listed.missing else listed

    def deployments(self) -> list[Deployment]:
        """Return what runs, by the variants' names, and what is missing of it since a supervisor died.

        Failure where a supervisor runs and cannot be asked.
        """
        places = Places(self._root)
        with client.told():
            if listed := client.what_runs(places):
                return list(listed.deployments)
            client.refuse_unreachable(places)
            left = messages.read_running(places)
            if not left or not left.deployments:
                return []
            rows = sorted((order.missing for order in left.deployments), key=lambda row: row.variant)
            how = messages.how_it_ended(places, left)
            log.warning("%s. Bring back what it ran: make deploy VARIANT=%s", how, rows[0].variant)
            return rows

    def logs(self, variant: "Variant", *, lines: int, follow: bool, full: bool) -> int:
        """Show the log of a variant's app, the router's lines among them; WrongUse where there is none."""
        for line in self.log_lines(variant, last=lines, follow=follow):
            screen.out.print(line if full else logs.shortened(line))
        return 0

    def log_lines(self, variant: "Variant", *, last: int = 100, follow: bool = False) -> Generator[str, None, None]:
        """Yield the `last` lines of the log of a variant's app; with `follow`, also each that is added, without end.

        WrongUse when there is no log and none to wait for.
        """
        path = logs.log_file(Places(self._root).logs, variant.app)
        if not path.exists() and not follow:
            raise WrongUse(f"{variant.name} has no log", do=f"Deploy it: make deploy VARIANT={variant.name}")
        return logs.read_lines(path, last=last, follow=follow)

    def address(self, variant: "Variant") -> str:
        """Return where a variant is to be seen, with its forms for the segment size that holds; WrongUse: nowhere."""
        for deployment in self.deployments():
            if deployment.variant == variant.name and deployment.address:
                return deployment.page
        raise WrongUse(f"{variant.name} does not run", do=f"Deploy it: make deploy VARIANT={variant.name}")

    def down(self) -> bool:
        """End the router and all dynos, and return when they have ended; False: none ran."""
        places = Places(self._root)
        with client.told():
            if not places.local.exists():
                return False
            with locks.turn(places.turn, client.TURN_SECONDS):
                ran = client.end(places)
                messages.clear_stale(places)
                places.running.unlink(missing_ok=True)
        return ran


def _home(places: Places, port: int) -> str:
    """Return the address of the platform's own page; nothing where this checkout has none."""
    return f"http://{LIVE_HOST}:{port}/" if places.has_live_page else ""


def _note(booted: messages.Booted, segment_bytes: int, router: str, left: Running | None) -> str:
    """Return what there is to say of a deploy, apart from that it is done."""
    words = ["up" if booted.fresh else "runs already"]
    if booted.segment_before != segment_bytes:
        words.append(f"its router takes SEGMENT={segment_bytes}, no longer {booted.segment_before}")
    elif segment_bytes != SEGMENT_BYTES:
        words.append(f"its router takes SEGMENT={segment_bytes}, {'as before it ended' if left else AS_ASKED}")
    router_before = (left.router if left else "") or booted.router_before  # one that was just started has the default
    if router_before != router:
        words.append(f"its router takes ROUTER={router}, no longer {router_before}")
    elif left and router != LEGACY.name:
        words.append(f"its router takes ROUTER={router}, as before it ended")
    if words == ["runs already"]:
        words.append("nothing to do")
    if booted.log_trouble:
        words.append(f"its log cannot be written: {booted.log_trouble}")
    return "" if words == ["up"] else "; ".join(words)

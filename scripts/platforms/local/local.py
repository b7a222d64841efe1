"""The local platform as the verbs use it: deploy, what runs, logs, down. All of it may be asked at any time.

The work is done by the supervisor (`supervisor.py` here); it is started where there is none, and asked (`control.py`).
 Asking what runs, where nothing does, starts nothing.
"""

import logging
import os
import socket
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.files import alone
from scripts.platforms.local import control, logs
from scripts.platforms.local.control import Places, State
from scripts.platforms.platform import Deployed, Deployment, Say
from scripts.process import run
from scripts.wire.splitting import SEGMENT_BYTES

if TYPE_CHECKING:
    from scripts.branches.generate import BranchChange
    from scripts.matrix import Variant

log = logging.getLogger(__name__)

M = TypeVar("M", bound=control.Message)

TRIES = 3
"""How often a deploy looks for a supervisor, when the one that it found ends before it answers."""

ANSWER_SECONDS = 60.0
"""How long the supervisor may take to answer what needs no boot."""


class DeployFailed(Failure):
    """The supervisor refused; `lines` are the last that the dyno printed, if it got that far."""

    def __init__(self, message: str, lines: tuple[str, ...]) -> None:
        """Keep the supervisor's line, and the dyno's."""
        super().__init__(message, lines=lines)


class _Gone(Exception):
    """The supervisor ended before it answered."""


class LocalPlatform:
    """The local platform of one checkout."""

    at_once = 1
    """Builds take turns, and so do the starts of one supervisor."""

    def __init__(
        self, root: Path, *, port: int | None = None, segment_bytes: int | None = None, router: str | None = None
    ) -> None:
        """`port` is the router's (None: 8344; 0: any free one); its segments have `segment_bytes` bytes.

        None: 1460; 0: heads go whole. `router` is one of Heroku's; None: as it is, `legacy` at first. WrongUse for a
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

        Failure when the slug cannot be built or the router cannot listen; DeployFailed, with the dyno's last lines,
        when the dyno does not come up. What ran before serves on. On KeyboardInterrupt the dyno is ended first.
        """
        from scripts.platforms.local.slug import build  # noqa: PLC0415 - what only lists need not import all that builds

        variant = change.variant
        slug = build(self._root, change.tree)
        order = control.Deploy(
            variant=variant.name,
            app=variant.app,
            host=variant.host,
            slug=str(slug.folder),
            branch=change.branch,
            commit=change.commit,
            tree=change.tree,
            segment_bytes=self._segment_bytes,
            router=self._router,
        )
        places = Places(self._root)
        for _ in range(TRIES):
            with alone(places.turn):
                state, connection = _connect(places) or _start(places, self._port, self._segment_bytes)
            with connection:
                if self._port and self._port != state.port:
                    found = f"it runs at port {state.port}, not {self._port}"
                    raise Failure("the local platform has one router", found=found, do="End it first: make down")
                say(f"deploy {variant.name}")
                try:
                    booted = _ask(connection, order, control.Booted)
                except _Gone:
                    continue
            knobs = {"SEGMENT": order.segment_bytes, "ROUTER": order.router}
            taken = " ".join(f"{name}={value}" for name, value in knobs.items() if value is not None)
            note = f"its router takes {taken}" if taken else "nothing to do"
            return Deployed(booted.deployment, "" if booted.fresh else f"runs already: {note}")
        raise Failure("the local platform ended during the deploy", do="Deploy again")

    def deployments(self) -> list[Deployment]:
        """Return what runs, by the variants' names; nothing where no supervisor runs."""
        found = _connect(Places(self._root))
        if not found:
            return []
        _, connection = found
        with connection:
            connection.settimeout(ANSWER_SECONDS)
            try:
                return list(_ask(connection, control.Ps(), control.Listed).deployments)
            except _Gone:
                return []

    def logs(self, variant: "Variant", *, lines: int, follow: bool) -> int:
        """Show the log of a variant's app, the router's lines among them; WrongUse where there is none."""
        for line in self.log_lines(variant, last=lines, follow=follow):
            screen.out.print(line)
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
        """Return where a variant is to be seen; WrongUse where it does not run."""
        for deployment in self.deployments():
            if deployment.variant == variant.name:
                return deployment.address
        raise WrongUse(f"{variant.name} does not run", do=f"Deploy it: make deploy VARIANT={variant.name}")

    def down(self) -> bool:
        """End the router and all dynos, and return when they have ended; False: none ran."""
        places = Places(self._root)
        if not places.local.is_dir():
            return False
        with alone(places.turn):
            found = _connect(places)
            if found:
                _, connection = found
                with connection:
                    connection.settimeout(ANSWER_SECONDS)
                    with suppress(_Gone):
                        _ask(connection, control.Down(), control.Ending)
            _await_end(places)
            control.clear_stale(places)
        return found is not None


def _connect(places: Places) -> tuple[State, socket.socket] | None:
    """Return the running supervisor's state and a connection to it, or None where none runs."""
    state = control.read_state(places)
    if not state or not _is_own(Path(state.socket)):
        return None
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(state.socket)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    if state.code != control.fingerprint():
        log.warning("the local platform runs an older state of scripts/; make down, then make deploy, takes this one")
    return state, connection


def _is_own(path: Path) -> bool:
    """Say whether a file is there and this user's: where a dead supervisor's socket was, somebody else's may be."""
    try:
        return path.stat().st_uid == os.getuid()
    except OSError:
        return False


def _start(places: Places, port: int | None, segment_bytes: int | None) -> tuple[State, socket.socket]:
    """Start the supervisor and connect to it."""
    _await_end(places)
    port = control.DEFAULT_PORT if port is None else port
    segment_bytes = SEGMENT_BYTES if segment_bytes is None else segment_bytes
    options = [f"--port={port}", f"--segment-bytes={segment_bytes}"]
    started = run(
        [sys.executable, "-m", "scripts.platforms.local.supervisor", *options, "--", places.root],
        env={"PYTHONPATH": str(control.CODE.parent)},
        codes=range(256),
    )
    if started.code:
        said = started.stderr.decode("utf-8", "replace").strip().splitlines() or ["the local platform did not start"]
        raise Failure(said[-1])
    found = _connect(places)
    if not found:
        raise Failure("the local platform ended at once", do=f"See {places.output}")
    return found


def _await_end(places: Places) -> None:
    """Wait until no supervisor runs: one that is ending does not listen any more, but its dynos may take their time."""
    with alone(places.lock):
        pass


def _ask(connection: socket.socket, request: control.Request, kind: type[M]) -> M:
    """Return the supervisor's answer to a request; DeployFailed when it refuses.

    On KeyboardInterrupt the request is taken back, and the supervisor's word that nothing is left of it awaited; a
    second one ends that wait.
    """
    try:
        connection.sendall(control.encode(request))
        with connection.makefile("rb") as answers:
            try:
                line = answers.readline()
            except KeyboardInterrupt:
                with suppress(OSError):  # it may be gone
                    connection.shutdown(socket.SHUT_WR)
                    answers.readline()
                raise
    except TimeoutError:
        raise Failure("the local platform does not answer", do="See .local/supervisor.log") from None
    except (BrokenPipeError, ConnectionResetError):
        raise _Gone from None
    if not line:
        raise _Gone
    answer = control.read_reply(line)
    if isinstance(answer, control.Refused):
        raise DeployFailed(answer.message, answer.lines)
    assert isinstance(answer, kind)
    return answer

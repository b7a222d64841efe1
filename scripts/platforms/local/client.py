"""How a command reaches the supervisor: finds it, starts it, asks it and ends it, each within a time limit."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from scripts.errors import Failure
from scripts.platforms.local import locks, messages
from scripts.platforms.local.messages import State
from scripts.platforms.local.places import Places
from scripts.process import run

log = logging.getLogger(__name__)

M = TypeVar("M", bound=messages.Message)

ANSWER_SECONDS = 10.0
"""How long the supervisor may take to answer what needs no boot."""

BOOTED_SECONDS = 180.0
"""How long it may take to answer a deploy: another one of the same app may boot first, each has a minute for it."""

END_SECONDS = 45.0
"""How long it may take to end: its dynos have 30 seconds for that."""

DYING_SECONDS = 0.5
"""How long the lock of a process that was killed may be held by what is left of it."""

KILLED_SECONDS = 5.0
"""How long a process may take to end that was killed."""

START_SECONDS = 60.0
"""How long it may take until it serves."""

END_IT = "End it: make down"

TURN_SECONDS = 120.0
"""How long another command may be busy with starting or ending the supervisor."""


class Gone(Exception):
    """The supervisor ended before it answered."""


@contextmanager
def told() -> Iterator[None]:
    """Make a line of what the system refuses: a full disk, say, or a file where a folder should be."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Failure("the local platform cannot work", found=messages.trouble(error)) from None


def what_runs(places: Places) -> messages.Listed | None:
    """Return what runs, as the supervisor says it; None where none runs."""
    if not (found := connect(places)):
        return None
    with found[1] as connection:
        try:
            return ask(connection, messages.Ps(), messages.Listed)
        except Gone:
            return None


def refuse_unreachable(places: Places) -> None:
    """Raise Failure where a supervisor serves, as its lock and its supervisor.json say, and has no socket."""
    pid = locks.holder(places.lock)
    state = messages.read_state(places)
    if pid is None or not state or state.pid != pid or locks.is_free_within(places.lock, DYING_SECONDS):
        return
    if found := connect(places):  # it had just been starting
        found[1].close()
        return
    gone = f"the socket of process {pid} is gone"
    raise Failure("the local platform runs, but cannot be asked", found=gone, do=END_IT)


def end(places: Places) -> bool:
    """End the supervisor, whatever state it is in; False: there was none. Failure where SIGKILL does not end it."""
    pid = locks.holder(places.lock)
    limit = END_SECONDS
    try:
        if found := connect(places):
            with found[1] as connection:
                try:
                    ask(connection, messages.Down(), messages.Ending)
                except Gone:  # the kernel had not yet closed the socket of one that was killed, or it was ending
                    if locks.is_free_within(places.lock, DYING_SECONDS):
                        return False
        elif pid is None or locks.is_free_within(places.lock, DYING_SECONDS):
            return False
        else:
            _send(pid, signal.SIGTERM)
    except Failure:  # it does not answer
        _send(pid, signal.SIGTERM)
        limit = ANSWER_SECONDS
    if locks.is_free_within(places.lock, limit):
        return True
    log.warning("the local platform did not end by itself: process %s is killed", pid)
    _send(pid, signal.SIGKILL)
    if not locks.is_free_within(places.lock, KILLED_SECONDS):
        raise Failure("the local platform does not end", found=f"process {pid} was killed", do="End it by hand")
    return True


def _send(pid: int | None, number: signal.Signals) -> None:
    """Send a signal to the supervisor, if its process is known and there."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def connect(places: Places) -> tuple[State, socket.socket] | None:
    """Return the running supervisor's state and a connection to it, or None where none can be reached."""
    state = messages.read_state(places)
    if not state or not _is_own(Path(state.socket)):
        return None
    is_older = state.code != messages.fingerprint()  # before the socket is open: it reads files, which may fail
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_SECONDS)
    try:
        connection.connect(state.socket)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except TimeoutError:
        connection.close()
        raise _no_answer() from None
    except BaseException:
        connection.close()
        raise
    if is_older:
        log.warning("the local platform runs an older state of scripts/; make down, then make deploy, takes this one")
    return state, connection


def _is_own(path: Path) -> bool:
    """Say whether a file is there and this user's: where a dead supervisor's socket was, somebody else's may be."""
    try:
        return path.stat().st_uid == os.getuid()
    except OSError:
        return False


def start(places: Places, port: int, segment_bytes: int) -> tuple[State, socket.socket]:
    """Start the supervisor and connect to it."""
    refuse_unreachable(places)
    if not locks.is_free_within(places.lock, END_SECONDS):  # one that is ending: its dynos may take their time
        since = f"process {locks.holder(places.lock)} has been ending for {END_SECONDS:g} seconds"
        raise Failure("the local platform does not end", found=since, do=END_IT)
    options = [f"--port={port}", f"--segment-bytes={segment_bytes}"]
    started = run(
        [sys.executable, "-m", "scripts.platforms.local.supervisor", *options, "--", places.root],
        cwd=messages.CODE.parent,
        codes=range(256),
        limit=START_SECONDS,
    )
    if started.code:
        said = started.stderr.decode("utf-8", "replace").strip().splitlines() or ["the local platform did not start"]
        raise Failure(said[-1])
    found = connect(places)
    if not found:
        raise Failure("the local platform ended at once", do=f"See {places.output}")
    return found


def _no_answer() -> Failure:
    return Failure("the local platform does not answer", do=f"See .local/supervisor.log. {END_IT}")


def ask(connection: socket.socket, request: messages.Request, kind: type[M], limit: float | None = None) -> M:
    """Return the supervisor's answer to a request within `limit` seconds, ANSWER_SECONDS by default.

    Failure when it does not answer, or refuses, then with the dyno's last lines, if it got that far.

    On KeyboardInterrupt the request is taken back, and the supervisor's word that nothing is left of it awaited; a
    second one ends that wait.
    """
    connection.settimeout(ANSWER_SECONDS if limit is None else limit)
    try:
        connection.sendall(messages.encode(request))
        with connection.makefile("rb") as answers:
            try:
                line = answers.readline()
            except KeyboardInterrupt:
                with suppress(OSError):  # it may be gone
                    connection.shutdown(socket.SHUT_WR)
                    answers.readline()
                raise
    except TimeoutError:
        raise _no_answer() from None
    except (BrokenPipeError, ConnectionResetError):
        raise Gone from None
    if not line:
        raise Gone
    answer = messages.read_reply(line)
    if isinstance(answer, messages.Refused):
        raise Failure(answer.message, lines=answer.lines)
    assert isinstance(answer, kind)
    return answer

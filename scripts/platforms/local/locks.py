"""Locks on files that are waited for no longer than a limit, and who holds one.

The kernel frees a lock (flock(2)) however its holder ends. A holder that shall be found writes its process id into the
file.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.errors import Failure

LOOK_SECONDS = 0.02
"""How often a lock that is taken is asked for again."""


def take(handle: int, seconds: float) -> bool:
    """Lock the open file `handle` for as long as it stays open; False when another one has held it for `seconds`."""
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(LOOK_SECONDS)
        else:
            return True


@contextmanager
def turn(lock: Path, seconds: float) -> Iterator[None]:
    """Hold the file `lock`; Failure when another process has held it for `seconds`."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as file:
        if not take(file.fileno(), seconds):
            what = f"another command has held {lock.parent.name}/{lock.name} for {seconds:g} seconds"
            raise Failure(what, do="Is a make deploy or make down stopped somewhere? End it, then again")
        yield


def is_free_within(lock: Path, seconds: float) -> bool:
    """Wait until nobody holds the file `lock`; False when somebody has held it for `seconds`."""
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        return take(handle, seconds)
    finally:
        os.close(handle)


def holder(lock: Path) -> int | None:
    """Return the id of the process that holds the file `lock`, 0 when it has not written it; None: it is free."""
    if is_free_within(lock, 0.0):
        return None
    written = lock.read_bytes().strip()
    return int(written) if written.isdigit() else 0

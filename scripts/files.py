"""Files that are whole or not there: everything is written beside its place and renamed into it."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.errors import Failure


@contextmanager
def alone(lock: Path, *, busy: str = "") -> Iterator[None]:
    """Hold the file `lock`, waiting for another process that does; the kernel frees it however a process ends.

    With `busy` nothing is waited for: Failure says it when another process holds the lock.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise Failure(busy, do="Wait for it to end, then again") from None
        yield


def write_whole(path: Path, content: bytes | str) -> bool:
    """Put `content` (text as UTF-8) at `path` in one step; return whether that changed the file."""
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.read_bytes() == data:
            return False
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return True

"""Files that are whole or not there: everything is written beside its place and renamed into it."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
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


def made_once(
    place: Path,
    make: Callable[[Path], None],
    is_ready: Callable[[Path], bool] = Path.exists,
    *,
    lock: Path | None = None,
) -> Path:
    """Return the folder `place`; where it is not ready it is made anew, whole or not at all.

    `make` is given the path of a folder that is not there, beside `place`: what it makes there must bear being renamed.
    Processes that ask at once take turns at `lock`, by default a file beside the place, and one of them makes it.
    """
    if is_ready(place):
        return place
    with alone(lock or place.with_name(f".{place.name}.lock")):
        if not is_ready(place):  # else another process has made it meanwhile
            beside, before = (place.with_name(f".{place.name.lstrip('.')}.{end}") for end in ("new", "old"))
            try:
                shutil.rmtree(beside, ignore_errors=True)  # of a process that was killed
                shutil.rmtree(before, ignore_errors=True)
                place.parent.mkdir(parents=True, exist_ok=True)
                make(beside)
                if place.exists():
                    place.rename(before)
                beside.rename(place)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
                shutil.rmtree(before, ignore_errors=True)
    return place


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

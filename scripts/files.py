"""Files that are whole or not there: everything is written beside its place and renamed into it."""

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts.errors import Failure

STAGED = ".new"
"""How the names of files end that wait beside their places to be renamed."""


@contextmanager
def alone(lock: Path, *, busy: str = "") -> Iterator[int]:
    """Hold the file `lock`, waiting for another process that does; the kernel frees it however a process ends.

    With `busy` nothing is waited for: Failure says it when another process holds the lock. What is yielded is the
    lock's descriptor: a child that it is handed to holds the lock as long as it runs.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise Failure(busy, do="Wait for it to end, then again") from None
        yield file.fileno()


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
    return bool(write_all({path: content}))


def write_all(contents: Mapping[Path, bytes | str]) -> set[Path]:
    """Put several files (text as UTF-8) in their places, and return those that it changed.

    All are written beside their places before the first one is renamed, so that a disk that is full changes none.
    """
    beside: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            data = content.encode() if isinstance(content, str) else content
            if not _holds(path, data):
                _stage(path, data, beside)
        for path, staged in beside.items():
            staged.replace(path)
    except BaseException:
        for staged in beside.values():
            staged.unlink(missing_ok=True)
        raise
    return set(beside)


def shown(path: Path) -> str:
    """Return the end of a path, enough to know the file by."""
    return "/".join(path.parts[-3:])


def drop_staged(path: Path) -> None:
    """Remove what a process that was killed had written beside `path`; nobody may be writing there."""
    for staged in path.parent.glob(f".{glob.escape(path.name)}.*{STAGED}"):
        staged.unlink(missing_ok=True)


def _holds(path: Path, data: bytes) -> bool:
    """Say whether a file is there and holds just that."""
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _stage(path: Path, data: bytes, beside: dict[Path, Path]) -> None:
    """Write what `path` shall hold to a file beside it, and note that file's place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, staged = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=STAGED)
    beside[path] = Path(staged)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(staged).chmod(0o644)
    except OSError as error:
        error.filename = error.filename or str(path)  # a write that finds the disk full does not say where
        raise

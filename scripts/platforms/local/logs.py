"""The log of an app on the local platform: .local/logs/<app>.log, in the form of Heroku's.

    2026-11-22T15:04:05.123456+00:00 app[web.1]: what the dyno printed
    2026-11-22T15:04:06.000123+00:00 heroku[router]: at=error code=H13 …

The supervisor alone writes. A log is bounded: at LIMIT_BYTES it becomes <app>.log.1, in place of the one before. One
that cannot be written stops nobody: what is lost is its lines.
"""

import io
import logging
import os
import re
import sys
import time
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from scripts.platforms.local.places import LIVE_NAME

log = logging.getLogger(__name__)

LIMIT_BYTES = 1_000_000
"""Size at which a log file is put aside; an app has two of them at most."""

LONG_PATH = re.compile(r"(/[^\s\"]{199})([^\s\"]*?)((?:\.\.\.\[\+[0-9]{1,9}\])?)(?=[\s\"]|\Z)")
"""A path of 200 characters or more, and how much of it the router left out itself.

More digits than a length has are the client's own: of more than 4,300, Python makes no number.
"""

ROUTER = "heroku[router]"
"""Who speaks where the router does."""

ROUTER_LINES = 20
"""How many of the router's last lines are kept: a probe's requests fill an app's log, and drive them out."""

LOOK_SECONDS = 0.2
"""How often a log that is followed is looked at."""


class BoundedLog(RotatingFileHandler):
    """A log file that is put aside before it would exceed a limit, and that never fails whoever writes to it."""

    def __init__(self, path: Path, *, limit: int = LIMIT_BYTES) -> None:
        """Write to `path` and the folder that it is in, which need not be there, up to `limit` bytes a file."""
        super().__init__(path, maxBytes=limit, backupCount=1, encoding="utf-8", delay=True, errors="backslashreplace")
        self.trouble = ""
        """Why the last line could not be written; empty where it was."""

    def _open(self) -> io.TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.trouble = ""
        super().emit(record)

    def close(self) -> None:
        """Close the file; what it could not take is lost."""
        with suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's own name
        """Note why a record could not be written."""
        error = sys.exc_info()[1]
        self.trouble = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)


class ProcessLog(BoundedLog):
    """A bounded log that also gets what this process prints, whichever way."""

    def _open(self) -> io.TextIOWrapper:
        stream = super()._open()
        for printed in (1, 2):
            os.dup2(stream.fileno(), printed)
        return stream


class Logs:
    """The logs of all apps, to write to; close it."""

    def __init__(self, folder: Path, *, limit: int = LIMIT_BYTES) -> None:
        """Keep the logs in `folder`; a file is put aside before it would exceed `limit` bytes."""
        self._folder = folder
        self._limit = limit
        self._files: dict[str, BoundedLog] = {}
        self.router_lines: deque[str] = deque(maxlen=ROUTER_LINES)
        """The last lines that the router wrote to the logs of apps, with long paths shortened."""

    def write(self, app: str, source: str, line: str) -> None:
        """Add a line to an app's log; `source` is who speaks, as `app[web.1]` or `heroku[router]`."""
        if app not in self._files:
            self._files[app] = BoundedLog(log_file(self._folder, app), limit=self._limit)
        file = self._files[app]
        before = file.trouble
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        file.emit(logging.makeLogRecord({"msg": f"{now} {source}: {line}"}))
        if source == ROUTER and app != LIVE_NAME:
            self.router_lines.append(shortened(f"{now} {source}: {line}"))
        if file.trouble and not before:
            log.warning("the log of %s cannot be written: %s", app, file.trouble)

    def trouble(self, app: str) -> str:
        """Return why the log of an app cannot be written; nothing where it can."""
        return self._files[app].trouble if app in self._files else ""

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()


def log_file(folder: Path, app: str) -> Path:
    """Return where the log of an app is."""
    return folder / f"{app}.log"


def read_lines(path: Path, *, last: int, follow: bool = False) -> Generator[str, None, None]:
    """Yield the `last` lines of the log at `path`, oldest first; none where there is no log.

    With `follow`, go on with each line that is added, across files that are put aside, until the caller stops.
    """
    lines: deque[str] = deque(maxlen=last)
    if aside := _opened(path.with_name(f"{path.name}.1")):
        with aside:
            lines.extend(aside)
    file = _opened(path)
    try:
        if file:
            lines.extend(file)
        rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""  # a line that is being written
        yield from (line.removesuffix("\n") for line in lines)
        while follow:
            left = _is_left(
                path, file
            )  # asked before the file's end is met, so that no line written until then is lost
            rest += file.readline() if file else ""
            if rest.endswith("\n"):
                yield rest.removesuffix("\n")
                rest = ""
            elif left:
                if file:
                    file.close()
                file = _opened(path)
            else:
                time.sleep(LOOK_SECONDS)
    finally:
        if file:
            file.close()


def shortened(line: str) -> str:
    """Return a line with no more than the first 200 characters of each path, and how many more it has: `...[+3701]`."""

    def short(match: re.Match[str]) -> str:
        left = len(match[2]) + int(match[3][len("...[+") : -1] or 0)
        return f"{match[1]}...[+{left}]" if left else match[0]

    return LONG_PATH.sub(short, line)


def _opened(path: Path) -> TextIO | None:
    """Open a log to read, or return None where there is none."""
    try:
        return path.open(encoding="utf-8", errors="replace", newline="\n")
    except FileNotFoundError:
        return None


def _is_left(path: Path, file: TextIO | None) -> bool:
    """Say whether the log at `path` is another file than the open one."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return file is None or not os.path.samestat(there, os.fstat(file.fileno()))

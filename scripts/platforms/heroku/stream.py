"""The log of a build, read as it comes: heartbeats taken out, a cut taken up where it was, in order, whole."""

import codecs
import logging
import re
from collections import deque
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx

from scripts.errors import Failure
from scripts.platforms.heroku.api import Api
from scripts.platforms.heroku.limits import Deadline
from scripts.platforms.heroku.refusals import REPEATABLE

log = logging.getLogger(__name__)

LAST_LINES = 20
"""How many lines are kept for the error."""

LONGEST_LINE = 10_000
"""Characters after which a line is shown though it has not ended."""

MOST_BYTES = 50_000_000
"""Size beyond which a log is not read on."""

CONTENT_RANGE = re.compile(r"bytes (\d+)-")

NOT_YET = REPEATABLE | {404}
"""Statuses of a log that may be there a moment later."""


class BuildLog:
    """A log at an address that has a part of it, or all, and may have more later."""

    def __init__(self, api: Api, address: str, say: Callable[[str], None]) -> None:
        """Read from `address`; `say` gets each line."""
        self._api = api
        self._address = address
        self._say = say
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._offset = 0
        self._rest = ""
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._given_up = False

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines that were read."""
        return tuple(self._last)

    def read(self, deadline: Deadline) -> None:
        """Read on until the log ends for now, past cuts.

        A log that cannot be read any further is no failure of the build: a warning says so, and that is all.
        """
        limits = self._api.limits
        idle = 0
        while not self._given_up:
            before = self._offset
            try:
                self._read_once(deadline)
            except (httpx.RequestError, httpx.InvalidURL) as error:
                found = self._api.hide(f"{type(error).__name__}: {error}".rstrip(": ."))
            else:
                return
            idle = 1 if self._offset > before else idle + 1
            log.debug("the build's log was cut at byte %d: %s", self._offset, found)
            if idle >= limits.tries or not deadline.pause(limits.backoff * 2 ** (idle - 1)):
                self._give_up(found)

    def finish(self) -> None:
        """Say what the log ends with when that is no whole line."""
        self._take_text(self._decoder.decode(b"", final=True))
        if self._rest:
            self._take_line(self._rest)
            self._rest = ""

    def _read_once(self, deadline: Deadline) -> None:
        """Read over one connection until the log's end; RequestError where it is cut."""
        headers = {"Accept": "text/plain, */*", "Accept-Encoding": "identity"}
        if self._offset:
            headers["Range"] = f"bytes={self._offset}-"
        timeout = httpx.Timeout(self._api.limits.quiet, connect=self._api.limits.connect)
        with self._api.outside.stream("GET", self._address, headers=headers, timeout=timeout) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and self._offset:
                return
            if response.status_code in NOT_YET:
                raise httpx.ReadError(f"status {response.status_code}")
            if not response.is_success:
                self._give_up(f"status {response.status_code} at {urlsplit(self._address).hostname}")
                return
            for chunk in self._new_of(response):
                self._offset += len(chunk)
                self._take_text(self._decoder.decode(chunk))
                if self._offset > MOST_BYTES:
                    self._give_up(f"it has more than {MOST_BYTES:,} bytes")
                    return
                if deadline.over:
                    return

    def _new_of(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield what an answer has beyond what was read already: without a range it begins anew."""
        start = 0
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            stated = CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
            start = int(stated[1]) if stated else self._offset
        if start > self._offset:
            raise httpx.ReadError(f"it goes on at byte {start}")
        known = self._offset - start
        for piece in response.iter_bytes():
            # Heartbeats are none of the log's own bytes: they do not count in its ranges.
            chunk = piece.replace(b"\0", b"")
            yield chunk[known:]
            known = max(0, known - len(chunk))

    def _give_up(self, found: str) -> None:
        """Read no further."""
        self._given_up = True
        log.warning("the build's log cannot be read on (%s); the build itself goes on", found)

    def _take_text(self, text: str) -> None:
        """Take more of the log."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._take_line(line)
        if len(self._rest) > LONGEST_LINE:
            self._take_line(self._rest)
            self._rest = ""

    def _take_line(self, line: str) -> None:
        """Take a line."""
        shown = self._api.hide(line)
        self._last.append(shown)
        self._say(shown)


def failed(what: str, *, found: str = "", do: str = "", lines: tuple[str, ...] = ()) -> Failure:
    """Return a failure with the last lines of a log."""
    failure = Failure(what, found=found, do=do)
    failure.lines = lines
    return failure

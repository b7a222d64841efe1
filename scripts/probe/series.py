"""The answers to the requests of one connection, in their order. Pure."""

from collections.abc import Sequence

from scripts.probe.answers import Answer, AnswerReader, Asked, End

Series = tuple[Answer, ...]
"""Answers in the order of their requests. Only the last may be incomplete: what was awaited behind it is missing."""

KEPT_BYTES = 65536
"""How long what came may be to be kept."""

KEPT_SERIES = 1024
"""How many are kept."""


class SeriesReader:
    """Reads as many answers as are awaited from the bytes of a connection, in pieces of any size.

    `known` is a cache that the readers of the same requests share: bytes that were the whole series once are it again.
    """

    def __init__(self, awaited: Sequence[Asked], known: dict[bytes, Series] | None = None) -> None:
        """Begin where the first of the requests has just been sent; there is one at least."""
        self._awaited = awaited
        self._known = {} if known is None else known
        self._raw = b""
        self._done: Series = ()
        self._reader: AnswerReader | None = None

    def feed(self, data: bytes) -> Series | None:
        """Take the next bytes (b"" = the server closed); return the answers once there are no more to come."""
        if data and len(self._raw) <= KEPT_BYTES:
            self._raw += data
            if known := self._known.get(self._raw):
                return known
        unread = data
        while True:
            self._reader = self._reader or AnswerReader(self._awaited[len(self._done)])
            answer = self._reader.feed(unread)
            if answer is None:
                return None
            self._done += (answer,)
            if answer.end is not End.COMPLETE:
                return self._done
            if len(self._done) == len(self._awaited):
                if data:  # the end of a connection is no bytes to know it by
                    self._keep()
                return self._done
            unread, self._reader = self._reader.rest, None
            if not data:
                return (*self._done, Answer(End.CLOSED))
            if not unread:
                return None

    def ended(self, end: End) -> Series:
        """Return the answers as far as they came."""
        reader = self._reader or AnswerReader(self._awaited[len(self._done)])
        return (*self._done, reader.ended(end))

    def _keep(self) -> None:
        """Know this series from now on."""
        if len(self._raw) <= KEPT_BYTES:
            if len(self._known) >= KEPT_SERIES:
                self._known.clear()
            self._known[self._raw] = self._done

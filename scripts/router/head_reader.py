"""Reads HTTP/1.1 heads and trailers line by line, strictly (RFC 9112, sections 2 to 5). Pure.

A line that is too long, one too many and one that is malformed are met as they come: nothing is kept beyond a limit.
The limits are those of Heroku's router. What goes on to the other side is written anew from what is read here.
"""

import re
from dataclasses import dataclass, field

Header = tuple[bytes, bytes]

HEAD_BYTES = 1 << 20
"""How long a head may be as a whole."""
LINE_BYTES = 8192
NAME_BYTES = 1000
HEADERS = 1000

HEADER_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)")
"""A field line (RFC 9112, section 5): no space before the colon, no control character but the tab in the value."""


class Malformed(Exception):
    """A head that is no HTTP/1.1; the message says why."""


class TooLong(Malformed):
    """A head with too much of something; `what` says of what."""

    def __init__(self, what: str, limit: str) -> None:
        """`what` has more than `limit`."""
        self.what = what
        super().__init__(f"the {what} is too long: it has more than {limit}")


@dataclass
class Head:
    """A head, as its sender wrote it."""

    line: bytes = b""
    """The request line or the status line."""
    headers: list[Header] = field(default_factory=list)
    """Names and values, without the space around these."""
    by_name: dict[bytes, list[bytes]] = field(default_factory=dict)
    """The values by name in lower case."""

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of the headers called `name`, which is given in lower case."""
        return self.by_name.get(name, [])

    def tokens(self, name: bytes) -> list[bytes]:
        """Return the members of the comma-separated headers called `name`, in lower case, without empty ones."""
        found = self.by_name.get(name)
        return (
            [token for part in b",".join(found).lower().split(b",") if (token := part.strip(b" \t"))] if found else []
        )


class HeadReader:
    """Reads one head out of a buffer that grows."""

    def __init__(
        self, first: str, *, empty_lines: int = 0, first_bytes: int = LINE_BYTES, line_bytes: int = LINE_BYTES
    ) -> None:
        """`first` is what the first line is called; empty for trailers, which have none.

        `empty_lines` may stand before it; `first_bytes` and `line_bytes` are the limits of its line and each header's.
        """
        self._first = first
        self._first_bytes = first_bytes
        self._line_bytes = line_bytes
        self._at_first = bool(first)
        self._empty_lines = empty_lines
        self._bytes = 0
        self._head = Head()

    @property
    def begun(self) -> bool:
        """Whether the first line has been read."""
        return not self._at_first

    def read(self, buffer: bytearray) -> Head | None:
        """Take the whole lines out of the buffer, up to the head's end; return the head once it is whole.

        Malformed or TooLong as soon as it cannot become one.
        """
        at = 0
        try:
            while (end := buffer.find(b"\n", at)) >= 0:
                line = bytes(buffer[at:end])
                if not line.endswith(b"\r"):
                    raise Malformed("a line ends in a bare line feed")
                self._count(end - at - 1)
                at = end + 1
                if self._line(line[:-1]):
                    return self._head
            if at < len(buffer):
                self._hold(len(buffer) - at - 1)  # the last byte may be the carriage return
            return None
        finally:
            del buffer[:at]

    def _count(self, line_bytes: int) -> None:
        """Hold a line against its limit, and the head against its own."""
        self._hold(line_bytes)
        self._bytes += line_bytes + 2
        if self._bytes > HEAD_BYTES:
            raise TooLong("header", f"{HEAD_BYTES} bytes in all")

    def _hold(self, line_bytes: int) -> None:
        """Hold a line, whole or not, against its limit."""
        limit = self._first_bytes if self._at_first else self._line_bytes
        if line_bytes > limit:
            raise TooLong(self._first if self._at_first else "header", f"{limit} bytes")

    def _line(self, line: bytes) -> bool:
        """Take in a line; say whether the head is over."""
        if self._at_first:
            if line:
                self._head.line = line
                self._at_first = False
            elif not self._empty_lines:
                raise Malformed(f"an empty line stands where the {self._first} should")
            else:
                self._empty_lines -= 1
            return False
        if not line:
            return True
        found = HEADER_LINE.fullmatch(line)
        if not found:
            raise Malformed("an illegal header line")
        name, value = found[1], found[2].strip(b" \t")
        if len(name) > NAME_BYTES:
            raise TooLong("header's name", f"{NAME_BYTES} bytes")
        if len(self._head.headers) == HEADERS:
            raise TooLong("header", f"{HEADERS} lines")
        self._head.headers.append((name, value))
        self._head.by_name.setdefault(name.lower(), []).append(value)
        return False

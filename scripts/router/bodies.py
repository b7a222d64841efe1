"""Bodies as they come in one of HTTP/1.1's three framings (RFC 9112, section 6), out of a buffer that grows. Pure."""

import re
from typing import Protocol

from scripts.router.head_reader import Header, HeadReader, Malformed, TooLong

CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
"""A chunk's size, and extensions, which end here (RFC 9112, section 7.1)."""
CHUNK_LINE_BYTES = 4096

CHUNKS_AT_ONCE = 1000
"""How many chunks are read in one go: tiny ones without end would hold up everybody else."""


class Body(Protocol):
    """A body that is being read."""

    trailers: list[Header]

    @property
    def over(self) -> bool:
        """Whether it has been read to its end."""

    def read(self, buffer: bytearray) -> bytes:
        """Take out of the buffer what it holds of the body, perhaps not all at once; Malformed where that is none."""


class LengthBody:
    """A body of a length that is known, 0 too."""

    def __init__(self, length: int) -> None:
        """Read `length` bytes."""
        self._left = length
        self.trailers: list[Header] = []

    @property
    def over(self) -> bool:
        """Whether it has been read to its end."""
        return not self._left

    def read(self, buffer: bytearray) -> bytes:
        """Take what there is, up to the end."""
        data = bytes(buffer[: self._left])
        del buffer[: self._left]
        self._left -= len(data)
        return data


class OpenBody:
    """A body that ends with its connection."""

    def __init__(self) -> None:
        """Read until `over` is set."""
        self.over = False
        self.trailers: list[Header] = []

    def read(self, buffer: bytearray) -> bytes:
        """Take all."""
        data = bytes(buffer)
        buffer.clear()
        return data


class ChunkedBody:
    """A body in chunks, with trailers behind it."""

    def __init__(self) -> None:
        """Begin before the first chunk."""
        self._left = 0
        self._in_chunk = False
        self._trailing: HeadReader | None = None
        self.over = False
        self.trailers: list[Header] = []

    def read(self, buffer: bytearray) -> bytes:
        """Take the data of the next chunks, joined."""
        pieces: list[bytes] = []
        at = 0
        for _ in range(CHUNKS_AT_ONCE):
            if self._trailing:
                break
            if self._left:
                piece = bytes(buffer[at : at + self._left])
                self._left -= len(piece)
                at += len(piece)
                pieces.append(piece)
                if self._left:
                    break
            if self._in_chunk:
                if not b"\r\n".startswith(buffer[at : at + 2]):
                    raise Malformed("a chunk is longer than it says")
                if len(buffer) < at + 2:
                    break
                at += 2
                self._in_chunk = False
            end = buffer.find(b"\n", at, at + CHUNK_LINE_BYTES)
            if end < 0:
                if len(buffer) - at >= CHUNK_LINE_BYTES:
                    raise TooLong("chunk's line", f"{CHUNK_LINE_BYTES} bytes")
                break
            line = bytes(buffer[at : end + 1])
            found = CHUNK_LINE.fullmatch(line[:-2]) if line.endswith(b"\r\n") else None
            if not found:
                raise Malformed("an illegal chunk")
            at = end + 1
            self._left = int(found[1], 16)
            self._in_chunk = bool(self._left)
            if not self._left:
                self._trailing = HeadReader("")
        del buffer[:at]
        if self._trailing and (head := self._trailing.read(buffer)):
            self.trailers = head.headers
            self.over = True
        return b"".join(pieces)


def chunk(data: bytes) -> bytes:
    """Return `data`, which is not empty, as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)

"""Where a body ends that is sent in pieces: a chunked one, and the first message of a WebSocket. Pure."""

LINE_BYTES = 65536
"""How long the line of a chunk may be."""

CONTROL = 0x8
"""Opcodes from here on are control frames (RFC 6455, section 5.5)."""

CLOSE = 0x8


class Chunks:
    """Reads a chunked body (RFC 9112, section 7.1). h11 does it too, but takes 200 s for a page of one-byte chunks."""

    def __init__(self) -> None:
        """Begin behind the head."""
        self.rest = b""
        """What came behind the end of the body."""
        self._left = 0
        self._behind = self._trailers = False

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Take the next bytes; return what they add to the body, and whether that was its end.

        ValueError for what is no chunk.
        """
        rest, at = self.rest + data, 0
        found = []
        while True:
            if self._left:
                found.append(rest[at : at + self._left])
                at += len(found[-1])
                self._left -= len(found[-1])
                self._behind = True
            end = rest.find(b"\r\n", at)
            if self._left or end < 0:
                break
            line, at = rest[at:end], end + 2
            if self._trailers and not line:
                self.rest = rest[at:]
                return b"".join(found), True
            if self._behind and line:
                raise ValueError("a chunk is longer than it says")
            if not self._behind and not self._trailers:
                self._left = int(line.partition(b";")[0], 16)
                self._trailers = not self._left
            self._behind = False
        self.rest = rest[at:]
        if self._left < 0 or len(self.rest) > LINE_BYTES:
            raise ValueError("a chunk has no size")
        return b"".join(found), False


class Frames:
    """Reads the first message that a WebSocket server sends (RFC 6455, section 5.2); control frames are passed over."""

    def __init__(self) -> None:
        """Begin behind the handshake's answer."""
        self.rest = b""
        """What came behind the message."""

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Take the next bytes; return what they add to the message, and whether that was its end.

        ValueError for what no server sends: a masked frame, or a farewell before any message.
        """
        self.rest += data
        found = b""
        while len(self.rest) >= 2:
            final, opcode, length, start = self.rest[0] & 0x80, self.rest[0] & 0x0F, self.rest[1], 2
            if length & 0x80 or opcode == CLOSE:
                raise ValueError("this is no message of a server's")
            if length > 125:
                start = 4 if length == 126 else 10
                length = int.from_bytes(self.rest[2:start], "big")
            if len(self.rest) < start + length:
                break
            content, self.rest = self.rest[start : start + length], self.rest[start + length :]
            if opcode < CONTROL:
                found += content
                if final:
                    return found, True
        return found, False

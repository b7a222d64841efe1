"""What the odd servers are made of: a listener, threads, and a connection whose reads are seen one by one.

An odd server is a function from what was asked (`Asked`) to the raw bytes of its answer, and a few settings. It runs in
a process of its own (`python -m tests.probe.odd NAME`), as a server does, and prints its port.
"""

import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

RESET = b"reset"
"""An answer: the connection is reset."""

HUNG = b"hung"
"""An answer: nothing, on a connection that stays."""


@dataclass(frozen=True)
class Asked:
    """One request, as the server's reads brought it."""

    number: int
    """How many requests the server has had, this one included."""
    reads: tuple[bytes, ...]
    connection: int
    """Which connection it came over, counted from 1."""
    opened: int
    """How many connections are open."""
    since: float
    """Seconds since the server has begun."""

    @property
    def url(self) -> bytes:
        """The URL, joined."""
        return b"".join(self.reads).split(b" ", 2)[1]

    @property
    def last_piece(self) -> bytes | None:
        """The last piece of a URL that came in several reads; None where it came in one, and ended there."""
        head = b"".join(self.reads)
        start = head.index(b" ") + 1
        end = head.index(b" ", start)
        edges = list(itertools.accumulate(map(len, self.reads)))
        inside = [edge for edge in edges if start < edge <= end]
        return head[inside[-1] : end] if inside else None


Reply = Callable[[Asked], bytes]


@dataclass(frozen=True)
class Odd:
    """An odd server, the truth about it, and the word that the probe must say."""

    name: str
    truth: str
    """Intact or affected; "either" where the same request gets now this and now that."""
    word: str
    """What the probe must conclude; of several the one or the other."""
    reply: Reply
    about: str
    threads: int = 400
    """How many connections it serves at once; the others wait to be accepted."""
    backlog: int = 256
    chunk: int = 1 << 20
    """How many bytes it writes at a time."""
    early: bool = False
    """Answer as soon as the request line is there, then read no more."""
    late: float = 0.0
    """Seconds before each read."""
    stops_after: int = 0
    """After how many requests it restarts: its port is closed for a moment."""
    hurried: float = 0.5
    """The probe's time limit for an answer, in seconds."""


def ok(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """Return an answer with a length."""
    lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass
class Running:
    """An odd server that runs."""

    odd: Odd
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    connections: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    opened: set[socket.socket] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)
    served: int = 0

    def forever(self) -> None:
        """Serve; print the port first."""
        port = 0
        slots = threading.Semaphore(self.odd.threads)
        while True:
            listener = socket.create_server(("127.0.0.1", port), backlog=self.odd.backlog)
            if not port:
                port = listener.getsockname()[1]
                print(port, flush=True)  # noqa: T201 - the test reads it
            while not (self.odd.stops_after and self.served >= self.odd.stops_after):
                slots.acquire()
                connection, _ = listener.accept()
                self.opened.add(connection)
                threading.Thread(target=self._serve, args=(connection, slots), daemon=True).start()
            self.served = 0
            listener.close()
            time.sleep(0.1)

    def _serve(self, connection: socket.socket, slots: threading.Semaphore) -> None:
        """Serve one connection to its end."""
        with connection, suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = next(self.connections)
            while self._one(connection, number):
                pass
        self.opened.discard(connection)
        slots.release()

    def _one(self, connection: socket.socket, number: int) -> bool:
        """Serve one request; False where the connection is to be closed."""
        reads: list[bytes] = []
        while not b"".join(reads).endswith(b"\r\n\r\n"):
            time.sleep(self.odd.late)
            data = connection.recv(65536)
            if not data:
                return False
            reads.append(data)
            if self.odd.early and b"\r\n" in b"".join(reads):
                break
        self.served += 1
        since = time.monotonic() - self.began
        answer = self.odd.reply(Asked(next(self.numbers), tuple(reads), number, len(self.opened), since))
        if answer == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if answer == HUNG:
            connection.recv(1)
            return False
        closes = not answer or b"\r\nConnection: close" in answer or answer.startswith(b"HTTP/1.0") or self.odd.early
        reset = b"X-Then: reset" in answer
        for start in range(0, len(answer), self.odd.chunk):
            connection.sendall(answer[start : start + self.odd.chunk])
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return not closes and not reset

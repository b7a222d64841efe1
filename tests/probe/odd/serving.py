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

HEAVY_BYTES = 2000
"""From this size on a request is none of those that are measured: the look at who answers sends it, by chance so often.

What fails by its number must not count these, or which request fails would be left to chance too.
"""


@dataclass(frozen=True)
class Asked:
    """One request, as the server's reads brought it."""

    number: int
    """How many requests the server has had that count, this one included; 0 for a heavy one, which does not."""
    reads: tuple[bytes, ...]
    connection: int
    """Which connection it came over, counted from 1."""
    opened: int
    """How many connections are open at both ends."""
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
    """What the probe must conclude."""
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
    """After how many requests it restarts: it takes what waits, then its port is closed for a moment."""
    hurried: float = 0.5
    """The probe's time limit for an answer, in seconds."""


def ok(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """Return an answer with a length."""
    lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def has_ended(connection: socket.socket) -> bool:
    """Say whether the other end has closed, and all that it sent was read."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


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
                self._accept(listener, slots)
            listener.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    self._accept(listener, slots)
            self.served = 0
            listener.close()
            time.sleep(0.1)

    def _accept(self, listener: socket.socket, slots: threading.Semaphore) -> None:
        """Take a connection, and serve it in a thread; BlockingIOError where none waits and none is waited for."""
        slots.acquire()
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            slots.release()
            raise
        connection.setblocking(True)
        self.opened.add(connection)
        threading.Thread(target=self._serve, args=(connection, slots), daemon=True).start()

    def _open_at_both_ends(self) -> int:
        """Return how many clients have not closed: a thread that has yet to notice it is only late."""
        return sum(not has_ended(connection) for connection in tuple(self.opened))

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
        counted = next(self.numbers) if sum(map(len, reads)) < HEAVY_BYTES else 0
        answer = self.odd.reply(Asked(counted, tuple(reads), number, self._open_at_both_ends(), since))
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

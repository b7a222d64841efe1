"""Requests over sockets: connections that are opened, written to in step, and read until each answer's end is known.

All connections of a batch move together: every one has written its first segment before one writes its second. What
lies between the two is a Proof (`scripts.probe.proof`) that the server has read the first.
"""

import selectors
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from scripts.errors import Failure
from scripts.probe.answers import Answer, AnswerReader, End
from scripts.wire.receive_queue import Address

READ_BYTES = 65536


@dataclass(frozen=True)
class Times:
    """Time limits of an exchange, in seconds."""

    connect: float = 5.0
    read: float = 10.0
    """How long the server may take to read a segment."""
    answer: float = 5.0
    """How long a batch may wait for its answers: what has none by then hung."""


class Connection:
    """One connection to the server; it counts what it has carried, which the receive queue's proof needs."""

    def __init__(self, server: Address, times: Times) -> None:
        """Connect; Failure where the server refuses or does not answer."""
        try:
            self.socket = socket.create_connection(server, times.connect)
        except OSError as error:
            raise Failure(
                f"no connection to {server[0]} port {server[1]}",
                found=error.strerror or str(error) or type(error).__name__,
                do="Is the server running there?",
            ) from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server: Address = self.socket.getpeername()[:2]
        self.client: Address = self.socket.getsockname()[:2]
        self.sent = 0
        self._times = times

    def send(self, data: bytes) -> None:
        """Write `data`. A server that closed already does not hinder: its answer, if any, is still to be read."""
        self.socket.settimeout(self._times.read)
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return
        except TimeoutError:
            raise Failure(
                "the server does not read",
                found=f"{len(data)} bytes were not taken within {self._times.read:g} s",
            ) from None
        self.sent += len(data)

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


class Batch:
    """Connections that are opened together and closed together."""

    def __init__(self, server: Address, size: int, times: Times) -> None:
        """Open `size` connections; Failure where that cannot be done, with none left open."""
        self.connections: list[Connection] = []
        try:
            for _ in range(size):
                self.connections.append(Connection(server, times))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection."""
        for connection in self.connections:
            connection.close()

    def __enter__(self) -> "Batch":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def collect(connections: Sequence[Connection], limit: float) -> list[Answer]:
    """Return the answer of each connection, in their order; what is not answered within `limit` seconds timed out."""
    answers: list[Answer | None] = [None] * len(connections)
    readers = [AnswerReader() for _ in connections]
    deadline = time.monotonic() + limit
    with selectors.DefaultSelector() as selector:
        for index, connection in enumerate(connections):
            connection.socket.setblocking(False)
            selector.register(connection.socket, selectors.EVENT_READ, index)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                break
            for key, _ in ready:
                index = key.data
                answer = _read(connections[index].socket, readers[index])
                if answer:
                    answers[index] = answer
                    selector.unregister(key.fileobj)
    return [answer or reader.ended(End.TIMED_OUT) for answer, reader in zip(answers, readers, strict=True)]


def ask(server: Address, requests: Iterable[bytes], times: Times) -> list[Answer]:
    """Send each request whole over a connection of its own, one after the other, and return their answers."""
    answers = []
    for request in requests:
        with Batch(server, 1, times) as batch:
            batch.connections[0].send(request)
            answers += collect(batch.connections, times.answer)
    return answers


def _read(open_socket: socket.socket, reader: AnswerReader) -> Answer | None:
    """Feed a reader with what its socket has; return the answer once its end is known."""
    try:
        return reader.feed(open_socket.recv(READ_BYTES))
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return reader.ended(End.RESET)

"""Ways to make sure that the server has read a segment before the next one leaves.

- `receive-queue`: the kernel's own figures about the server's end of each connection. Proof for any server on this
  machine, of several processes too; needs Linux. Of a Unix socket the kernel says as much by SIOCOUTQ. By TLS it is the
  record that was read, and its content is the segment.
- `barrier`: a whole request over another connection, sent after the segments and answered: an event loop that has
  answered it has read what lay before it. Proof for a server with one event loop, wherever it is. Every connection is
  warmed with a whole request first, for one that was not accepted yet would escape the barrier.
- `gap`: a delay. No proof: the name says so wherever a result stands on it.
"""

import contextlib
import enum
import fcntl
import socket
import struct
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from scripts.errors import Failure, WrongUse
from scripts.probe.answers import Answer, End
from scripts.probe.endpoint import Channel, Endpoint
from scripts.wire.receive_queue import Reading, ReceiveQueue, open_receive_queue

UNREAD_IN_A_ROW = 4
"""How many connections the kernel is asked about in vain at a time: most servers read in the order of arrival."""

SEEN_SECONDS = 0.02
"""How long the kernel may take to make the server's end of a connection that stands at this end."""

DEFAULT_GAP = 0.05
"""Seconds between segments where a gap is asked for without a length."""


class ProofName(enum.StrEnum):
    """What a measurement stands on."""

    RECEIVE_QUEUE = "receive-queue"
    BARRIER = "barrier"
    GAP = "gap"

    @property
    def words(self) -> str:
        """What it is, for people."""
        return {
            "receive-queue": "the kernel said that the server had read each segment before the next one left",
            "barrier": "a whole request was answered between the segments: proof for a server with one event loop",
            "gap": "there was a delay between the segments, which proves nothing",
        }[self.value]


class Proof(Protocol):
    """What lies between two segments."""

    name: ProofName
    warms: bool
    """Whether a connection must have carried a whole request before the first segment."""

    def read(self, waiting: Sequence[Channel], *, idle: bool) -> list[Channel]:
        """Return those of the `waiting` connections whose server has read all that they sent; it may be asked often.

        `idle`: nothing else is going on, so that a proof that takes its time may take it now.
        """

    def unread(self, channel: Channel) -> bool:
        """Say whether the server is known not to have read all that a connection sent."""


class ByReceiveQueue:
    """The kernel's word."""

    name = ProofName.RECEIVE_QUEUE
    warms = False

    def __init__(self, queue: ReceiveQueue) -> None:
        """Ask over `queue`."""
        self._queue = queue
        self._turn = 0

    def read(self, waiting: Sequence[Channel], *, idle: bool) -> list[Channel]:  # noqa: ARG002 - the contract's
        """Ask about each connection in turn, until several in a row wait: the others are asked about next time."""
        found = []
        unread = 0
        self._turn %= len(waiting)
        for place in range(len(waiting)):
            channel = waiting[(self._turn + place) % len(waiting)]
            if not self.unread(channel):
                found.append(channel)
            else:
                unread += 1
                if unread == UNREAD_IN_A_ROW:
                    break
        self._turn += place + 1
        return found

    def unread(self, channel: Channel) -> bool:
        """Ask the kernel."""
        if channel.is_unix:
            return unread_by_peer(channel) > 0
        if channel.addresses is None:
            return False
        server, client = channel.addresses
        return self._queue.reading(server, client, channel.sent) is Reading.WAITING


class ByBarrier:
    """The word of the server's event loop; `ask` has a whole request answered over a connection of its own."""

    name = ProofName.BARRIER
    warms = True

    def __init__(self, ask: Callable[[], Answer]) -> None:
        """Use `ask` for the barrier."""
        self._ask = ask

    def read(self, waiting: Sequence[Channel], *, idle: bool) -> list[Channel]:
        """Have one whole request answered after the segments of as many connections as there are."""
        if not idle or not waiting:
            return []
        answer = self._ask()
        if answer.end is not End.COMPLETE:
            raise Failure("the barrier was not answered", found=answer.end, do="Use a delay instead: GAP=0.05")
        return list(waiting)

    def unread(self, channel: Channel) -> bool:  # noqa: ARG002 - the contract's
        """Nothing is known."""
        return False


class ByGap:
    """A delay of so many seconds."""

    name = ProofName.GAP
    warms = False

    def __init__(self, seconds: float) -> None:
        """Wait `seconds` between segments."""
        self._seconds = seconds
        self._since: dict[Channel, float] = {}

    def read(self, waiting: Sequence[Channel], *, idle: bool) -> list[Channel]:  # noqa: ARG002 - the contract's
        """Return those whose time has gone by."""
        now = time.monotonic()
        done = [each for each in waiting if now - self._since.setdefault(each, now) >= self._seconds]
        for each in done:
            del self._since[each]
        return done

    def unread(self, channel: Channel) -> bool:  # noqa: ARG002 - the contract's
        """Nothing is known."""
        return False


def unread_by_peer(channel: Channel) -> int:
    """Return how many bytes the other end of a Unix socket has not read yet (unix(7), SIOCOUTQ; Linux)."""
    return int(struct.unpack("i", fcntl.ioctl(channel.socket, termios.TIOCOUTQ, b"\0\0\0\0"))[0])


@contextlib.contextmanager
def choose(
    endpoint: Endpoint, ask: Callable[[], Answer], *, gap: float | None = None, wanted: str = "", processes: int = 1
) -> Iterator[Proof]:
    """Yield the best proof for this server: the one that is `wanted`, else a `gap` in seconds, else what holds here.

    `ask` has a whole request answered. `processes` is how many of them serve, as far as that is known. Failure where
    the wanted one cannot be had; WrongUse for two that exclude each other.
    """
    if gap is not None and wanted not in ("", ProofName.GAP):
        raise WrongUse(f"GAP and PROOF={wanted} exclude each other", do="Leave one of them out")
    if gap is not None and not 0 < gap < float("inf"):
        raise WrongUse(f"GAP={gap} is no delay", do="Give seconds: GAP=0.05")
    if wanted == ProofName.GAP or gap is not None:
        yield ByGap(DEFAULT_GAP if gap is None else gap)
        return
    queue = None if wanted == ProofName.BARRIER else open_receive_queue()
    try:
        if queue and sees(queue, endpoint):
            yield ByReceiveQueue(queue)
        elif wanted == ProofName.RECEIVE_QUEUE:
            raise Failure("the receive queue cannot be seen", found="it needs Linux and a server on this machine")
        else:
            yield _barrier(ask, processes)
    finally:
        if queue:
            queue.close()


def sees(queue: ReceiveQueue, endpoint: Endpoint) -> bool:
    """Say whether the kernel tells what the server's end of a connection has read."""
    if endpoint.path:
        return True
    with contextlib.closing(socket.create_connection((endpoint.host, endpoint.port), 5.0)) as trial:
        until = time.monotonic() + SEEN_SECONDS
        while not (seen := queue.sees(trial)) and time.monotonic() < until:
            time.sleep(0.001)
        return seen


def _barrier(ask: Callable[[], Answer], processes: int) -> Proof:
    """Return the barrier; Failure where it would prove nothing."""
    if processes > 1:
        raise Failure(
            "the barrier cannot be used",
            found=f"{processes} processes serve, and each answers for itself alone",
            do="Use the kernel's word: PROOF=receive-queue",
        )
    answer = ask()
    if answer.end is not End.COMPLETE or not answer.keeps_open:
        raise Failure(
            "the barrier cannot be used",
            found="the server does not keep connections open after a whole request",
            do="Use a delay between the segments instead: GAP=0.05",
        )
    return ByBarrier(ask)

"""Three ways to make sure that the server has read a segment before the next one leaves.

- `receive-queue`: the kernel's own figures about the server's end of each connection. Proof for any server on this
  machine, of several processes too; needs Linux.
- `barrier`: a whole request over another connection, sent after the segments and answered: an event loop that has
  answered it has read what lay before it. Proof for a server with one event loop, wherever it is. Every connection is
  warmed with a whole request first, for one that was not accepted yet would escape the barrier.
- `gap`: a delay. No proof: the name says so wherever a result stands on it.
"""

import contextlib
import enum
import os
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from scripts.errors import Failure
from scripts.probe.answers import End
from scripts.probe.exchange import Batch, Connection, Times, collect
from scripts.wire.receive_queue import Address, Reading, ReceiveQueue, open_receive_queue


class ProofName(enum.StrEnum):
    """What a measurement stands on."""

    RECEIVE_QUEUE = "receive-queue"
    BARRIER = "barrier"
    GAP = "gap"


class Proof(Protocol):
    """What lies between two segments."""

    name: ProofName

    def warm(self, connections: Sequence[Connection]) -> None:
        """Make fresh connections ready for the first segment."""

    def wait_read(self, connections: Sequence[Connection]) -> None:
        """Return when the server has read all that these connections sent; Failure when it does not."""


class ByReceiveQueue:
    """The kernel's word."""

    name = ProofName.RECEIVE_QUEUE

    def __init__(self, queue: ReceiveQueue, times: Times) -> None:
        """Ask over `queue`."""
        self._queue = queue
        self._times = times

    def warm(self, connections: Sequence[Connection]) -> None:
        """Nothing to do: the kernel also knows the connections that were not accepted yet."""

    def wait_read(self, connections: Sequence[Connection]) -> None:
        """Ask about each connection until none has bytes waiting."""
        waiting = list(connections)
        deadline = time.monotonic() + self._times.read
        while waiting:
            waiting = [
                each for each in waiting if self._queue.reading(each.server, each.client, each.sent) is Reading.WAITING
            ]
            if waiting and time.monotonic() > deadline:
                raise Failure(
                    "the server does not read",
                    found=f"a segment lay unread in {len(waiting)} connections for {self._times.read:g} s",
                )
            os.sched_yield()


class ByBarrier:
    """The word of the server's event loop."""

    name = ProofName.BARRIER

    def __init__(self, server: Address, request: bytes, times: Times) -> None:
        """Use `request` whole, for the barrier and for warming."""
        self._server = server
        self._request = request
        self._times = times

    def warm(self, connections: Sequence[Connection]) -> None:
        """Have a whole request answered over each connection; Failure where the server does not keep it open."""
        for connection in connections:
            connection.send(self._request)
        answers = collect(connections, self._times.answer)
        if any(answer.end is not End.COMPLETE or not answer.keeps_open for answer in answers):
            raise Failure(
                "the barrier cannot be used",
                found="the server does not keep connections open after a whole request",
                do="Use a delay between the segments instead: GAP=0.05",
            )

    def wait_read(self, connections: Sequence[Connection]) -> None:
        """Have one whole request answered after the segments."""
        if not connections:
            return
        with Batch(self._server, 1, self._times) as barrier:
            barrier.connections[0].send(self._request)
            answer = collect(barrier.connections, self._times.answer)[0]
        if answer.end is not End.COMPLETE:
            raise Failure("the barrier was not answered", found=answer.end)


class ByGap:
    """A delay of so many seconds."""

    name = ProofName.GAP

    def __init__(self, seconds: float) -> None:
        """Wait `seconds` between segments."""
        self._seconds = seconds

    def warm(self, connections: Sequence[Connection]) -> None:
        """Nothing to do."""

    def wait_read(self, connections: Sequence[Connection]) -> None:
        """Let the time go by, once for the whole batch."""
        if connections:
            time.sleep(self._seconds)


@contextlib.contextmanager
def choose(server: Address, request: bytes, times: Times, *, gap: float | None, wanted: str = "") -> Iterator[Proof]:
    """Yield the best proof for this server: the one that is `wanted`, else a `gap` in seconds, else what holds here.

    `request` is a whole request that the server answers. Failure where the wanted one cannot be had.
    """
    if wanted == ProofName.GAP or (gap is not None and not wanted):
        yield ByGap(0.05 if gap is None else gap)
        return
    queue = None if wanted == ProofName.BARRIER else open_receive_queue()
    try:
        if queue and _sees(queue, server, times):
            yield ByReceiveQueue(queue, times)
        elif wanted == ProofName.RECEIVE_QUEUE:
            raise Failure("the receive queue cannot be seen", found="it needs Linux and a server on this machine")
        else:
            yield ByBarrier(server, request, times)
    finally:
        if queue:
            queue.close()


def _sees(queue: ReceiveQueue, server: Address, times: Times) -> bool:
    """Say whether the server's end of a connection to it is a socket of this machine."""
    with Batch(server, 1, times) as trial:
        return queue.sees(trial.connections[0].socket)

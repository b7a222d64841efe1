"""The probe's controls: two small servers whose outcomes are known before they are measured.

The `piecewise` one takes each piece of the URL that a read brings for a URL of its own, as uvicorn did with httptools
before 0.17.5; the `joined` one waits for the whole URL. Both record how many bytes each of their reads brought. A
measurement that does not find what is known here, or segments that came in one read, make the run void.
"""

import asyncio
import enum
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise

from anyio.from_thread import start_blocking_portal

from scripts.errors import Failure
from scripts.probe.answers import Outcome
from scripts.probe.endpoint import Endpoint
from scripts.probe.exchange import Times
from scripts.probe.measure import Measurement, probe
from scripts.probe.proof import ProofName
from scripts.wire.receive_queue import Address
from scripts.wire.splitting import every_offset

HEAD_END = b"\r\n\r\n"

BACKLOG = 128


class Handling(enum.StrEnum):
    """What a control does with a URL that comes in pieces."""

    PIECEWISE = "piecewise"
    JOINED = "joined"


def known_outcome(handling: Handling, head: bytes, offset: int) -> Outcome:
    """Return what a control must answer to `head` split in two at `offset`.

    A split inside the URL or right behind it leaves the piecewise control with the rest of the URL as the last piece:
    that is served where it looks like a path, and refused by closing where it does not.
    """
    url_start = head.index(b" ") + 1
    url_end = head.index(b" ", url_start)
    if handling is Handling.JOINED or not url_start < offset <= url_end:
        return Outcome.INTACT
    return Outcome.MISROUTED if head[offset:url_end].startswith(b"/") else Outcome.DROPPED


def url_piece(head: bytes, before: int) -> bytes | None:
    """Return what the URL has behind the first `before` bytes of `head`, which may still lack its end.

    None where nothing of the URL, nor the space that ends it, lies there.
    """
    start = head.find(b" ") + 1
    if not start or len(head) == start:
        return None
    end = head.find(b" ", start)
    end = len(head) if end < 0 else end
    return head[max(start, before) : end] if before <= end else None


class ControlProtocol(asyncio.Protocol):
    """One connection to a control."""

    def __init__(self, control: "Control") -> None:
        """Serve as `control` does, and note the sizes of the reads with it."""
        self._control = control
        self._reads: list[int] = []
        self._head = b""
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back to the client."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._control.reads.append(self._reads)
        self._control.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the way back."""
        self._control.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Take what one read brought."""
        self._reads.append(len(data))
        before = len(self._head) if self._control.handling is Handling.PIECEWISE else 0
        self._head += data
        piece = url_piece(self._head, before)
        if piece is not None:
            self._url = piece
            if not piece.startswith(b"/"):
                self._transport.close()
                return
        if self._head.endswith(HEAD_END):
            self._head = b""
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Asked-For: %s\r\n\r\n%s"
            self._transport.write(answer % (len(self._url), self._url, self._url))


class Control:
    """A control and what its reads brought; `running` serves it."""

    def __init__(self, handling: Handling) -> None:
        """Be a control of this kind."""
        self.handling = handling
        self.reads: list[list[int]] = []
        """The sizes of each connection's reads, in bytes."""
        self.open: set[asyncio.Transport] = set()
        self.address: Address = ("", 0)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Control"]:
        """Serve on any free port of loopback, and close every connection at the end."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: ControlProtocol(self), "127.0.0.1", 0, backlog=BACKLOG)
        self.address = server.sockets[0].getsockname()[:2]
        try:
            yield self
        finally:
            server.close()
            for transport in tuple(self.open):
                transport.abort()
            while self.open:  # each transport tells its protocol in a later turn of the loop
                await asyncio.sleep(0)


@contextmanager
def running(handling: Handling) -> Iterator[Control]:
    """Yield a control that serves from a thread of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Control(handling).serving()) as control,
    ):
        yield control


def verify_instrument(
    heads: Sequence[bytes],
    *,
    proof: str = "",
    times: Times | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Measurement]:
    """Measure both controls with every offset of `heads` and hold the result against what is known.

    `proof` names the one to use (see `scripts.probe.proof.choose`). Failure, with the run void, where an outcome
    differs from the known one or where two segments came in one read.
    """
    measured = []
    for handling in Handling:
        for head in heads:
            with running(handling) as control:
                plans = [(offset,) for offset in every_offset(head)]
                endpoint = Endpoint(*control.address)
                # What is known of each offset stands for trying it again.
                measurement = probe(endpoint, head, plans, times=times, proof=proof, confirm=False, progress=progress)
                check(control, measurement)
            measured.append(measurement)
    return measured


def check(control: Control, measurement: Measurement) -> None:
    """Raise Failure where a control's measurement is not what is known of it."""
    head = measurement.head
    for trial in measurement.trials:
        known = known_outcome(control.handling, head, trial.offsets[0])
        if trial.outcome is not known:
            raise Failure(
                "the run is void: a control did not come out as known",
                found=f"{control.handling} server, split at {trial.offsets[0]}: {trial.outcome}, known: {known}",
            )
    warm = (len(head),) if measurement.proof is ProofName.BARRIER else ()
    seen = {tuple(reads) for reads in control.reads}
    for trial in measurement.trials:
        apart = (*warm, *(after - before for before, after in pairwise((0, *trial.offsets, len(head)))))
        if apart not in seen:
            raise Failure(
                "the run is void: segments did not arrive apart",
                found=f"{control.handling} server, split at {trial.offsets[0]}",
            )

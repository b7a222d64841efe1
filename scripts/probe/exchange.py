"""Exchanges with a server: requests in segments, several at a time, each over a connection of its own.

Each exchange goes on by itself, as far as it can: what waits for the server to read does not hold up what is answered
already. So a server that serves few at a time, or one, is asked as fast as it answers, and a wait in its queue is not
taken for silence: the time limit of an answer begins when the server has read the request.
"""

import errno
import selectors
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from scripts.errors import Failure
from scripts.probe.answers import Answer, AnswerReader, End
from scripts.probe.endpoint import Channel, Endpoint
from scripts.probe.proof import Proof

LOOK_SECONDS = 0.25
"""How often what waits for its answer is looked at for its time limit."""

CONNECT_PAUSE = 0.05
"""Seconds until a server that refused a connection, as one does that restarts, is tried again."""


QUICK_SECONDS = 0.25
"""How long a whole request may take, its wait for its turn included, while ever more are asked at once."""


@dataclass(frozen=True)
class Times:
    """Time limits of an exchange, in seconds."""

    connect: float = 5.0
    read: float = 10.0
    """How long the server may take to read a segment."""
    answer: float = 5.0
    """How long the server may be silent once it has read the request: what has no answer by then hung."""
    whole: float = 60.0
    """How long an exchange may take in all."""


@dataclass(frozen=True)
class Exchanged:
    """One exchange that is over."""

    index: int
    """Which of the requests it was."""
    answer: Answer
    seconds: float
    """From the beginning of its connection to its end."""


@dataclass
class Window:
    """How many exchanges may go on at once. It grows while whole requests stay quick."""

    size: int = 4
    most: int = 128
    fixed: bool = False
    borne: int = 128
    """Up to here it doubles; from here on it feels its way, as TCP does (RFC 5681, section 3.1)."""

    def whole(self, seconds: float) -> None:
        """Take in how long a whole request took, the wait for its turn included."""
        if self.fixed:
            return
        if seconds < QUICK_SECONDS:
            self.size = min(2 * self.size if self.size < self.borne else self.size + 1, self.most)
        elif seconds > 2 * QUICK_SECONDS:
            self.size = max(1, self.size // 2)

    def shrink(self) -> None:
        """Go back: the server does not bear so many."""
        self.size = self.borne = max(1, self.size // 2)


class _Flight:
    """An exchange under way."""

    __slots__ = ("began", "channel", "index", "interest", "reader", "segments", "since", "state", "step", "was_read")

    def __init__(self, index: int, segments: Sequence[bytes], channel: Channel, now: float) -> None:
        self.index = index
        self.segments = segments
        self.channel = channel
        self.began = now
        self.since = now
        """When it got into its state."""
        self.state = _CONNECTING
        self.step = -1
        self.reader: AnswerReader | None = None
        self.was_read = False
        self.interest = 0


_CONNECTING, _WARMING, _READING, _ANSWERING = range(4)
"""States: it connects; it waits for the answer to the whole request that warms it; the server reads; it answers."""


class Exchanges:
    """The exchanges with one server."""

    def __init__(self, endpoint: Endpoint, times: Times | None = None) -> None:
        """Speak to `endpoint`, whose host is in numbers."""
        self.endpoint = endpoint
        self.times = times or Times()
        self._known: dict[bytes, Answer] = {}
        self.warmth = b""
        """The whole request that warms connections, for a proof that needs it."""

    def ask(self, request: bytes) -> Answer:
        """Send one request whole, and return its answer."""
        (done,) = self.run([(request,)], None, Window(1, fixed=True))
        return done.answer

    def run(self, requests: Iterable[Sequence[bytes]], proof: Proof | None, window: Window) -> Iterator[Exchanged]:
        """Send each request in its segments, and yield each exchange at its end, in the order of their ends.

        `proof` lies between segments; it may be None where all requests are whole. Failure where the server cannot be
        connected to, or where a connection does not stand after the time for that.
        """
        run = _Run(self, proof, window)
        try:
            yield from run.all(enumerate(requests))
        finally:
            run.close()


class _Run:
    """One run of exchanges."""

    def __init__(self, exchanges: Exchanges, proof: Proof | None, window: Window) -> None:
        self._endpoint = exchanges.endpoint
        self._times = exchanges.times
        self._known = exchanges._known  # noqa: SLF001 - one module
        self._warmth = exchanges.warmth if proof and proof.warms else b""
        self._proof = proof
        self._window = window
        self._selector = selectors.DefaultSelector()
        self._flights: dict[int, _Flight] = {}
        self._reading: dict[Channel, _Flight] = {}
        self._done: list[Exchanged] = []
        self._now = time.monotonic()
        self._looked = self._now
        self._refused_since: float | None = None
        self._due: list[tuple[int, Sequence[bytes]]] = []
        """What is to begin; with what was refused, and begins anew until its time is over."""

    def close(self) -> None:
        """Close what is open still."""
        for flight in self._flights.values():
            flight.channel.close()
        self._selector.close()

    def all(self, requests: Iterator[tuple[int, Sequence[bytes]]]) -> Iterator[Exchanged]:
        """Go on until every request has come to its end."""
        while self._flights or self._due or self._take(requests):
            self._now = time.monotonic()
            while len(self._flights) < self._window.size and self._take(requests):
                due = self._due.pop()
                if not self._begin(*due):
                    self._due.append(due)
                    break
            for key, mask in self._selector.select(self._patience()):
                self._turn(key.data, mask)
            self._ask_proof()
            if self._now - self._looked > LOOK_SECONDS:
                self._look()
            done, self._done = self._done, []
            yield from done

    def _take(self, requests: Iterator[tuple[int, Sequence[bytes]]]) -> bool:
        """See that there is a request to begin, if any is left; return whether there is."""
        if not self._due and (request := next(requests, None)):
            self._due.append(request)
        return bool(self._due)

    def _patience(self) -> float:
        """Return how long there may be nothing to do: no time where a proof is to be asked."""
        if not self._flights:
            return CONNECT_PAUSE
        return 0.0 if self._reading else LOOK_SECONDS

    def _begin(self, index: int, segments: Sequence[bytes]) -> bool:
        """Begin an exchange; False where the server does not take one now."""
        try:
            channel = self._endpoint.open()
        except OSError as error:
            self._refused(error)
            return False
        flight = _Flight(index, segments, channel, self._now)
        self._flights[index] = flight
        if channel.instant:
            self._connect(flight)
        else:
            self._interest(flight, selectors.EVENT_WRITE)
        return True

    def _refused(self, error: OSError) -> None:
        """Bear a refusal for a while, as of a server that restarts; Failure when it lasts."""
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.EAGAIN) and self._flights:
            self._window.shrink()
            return
        self._refused_since = self._refused_since or self._now
        if self._now - self._refused_since > self._times.connect:
            raise self._endpoint.unreachable(error)
        if not self._flights:
            time.sleep(CONNECT_PAUSE)

    def _interest(self, flight: _Flight, mask: int) -> None:
        """Wait for other events of a connection."""
        if not flight.interest:
            self._selector.register(flight.channel.socket, mask, flight)
        elif flight.interest != mask:
            self._selector.modify(flight.channel.socket, mask, flight)
        flight.interest = mask

    def _turn(self, flight: _Flight, mask: int) -> None:
        """Go on with an exchange whose connection can be written or read."""
        if flight.state == _CONNECTING:
            self._connect(flight)
            return
        if mask & selectors.EVENT_WRITE and flight.channel.flush():
            self._interest(flight, selectors.EVENT_READ)
        if mask & selectors.EVENT_READ:
            self._read(flight)

    def _connect(self, flight: _Flight) -> None:
        """Go on to connect."""
        try:
            if not flight.channel.connected():
                self._interest(flight, selectors.EVENT_READ)
                return
        except OSError as error:
            if self._endpoint.tls:
                self._end(flight, Answer(End.RESET))
                return
            self._refused(error)
            self._drop(flight)
            self._due.append((flight.index, flight.segments))
            return
        self._refused_since = None
        if self._warmth:
            flight.state, flight.since = _WARMING, self._now
            self._send(flight, self._warmth)
        else:
            self._next(flight)

    def _next(self, flight: _Flight) -> None:
        """Send the next segment."""
        flight.step += 1
        flight.since = self._now
        if flight.step == 0:
            flight.reader = AnswerReader(self._known)
        last = flight.step == len(flight.segments) - 1
        flight.state = _ANSWERING if last else _READING
        self._send(flight, flight.segments[flight.step])
        if not last:
            self._reading[flight.channel] = flight

    def _send(self, flight: _Flight, data: bytes) -> None:
        """Send, and wait for what comes back, or first for room to send the rest."""
        if flight.state == _WARMING:
            flight.reader = AnswerReader(self._known)
        flight.channel.write(data)
        whole = flight.channel.flush()
        self._interest(flight, selectors.EVENT_READ | (0 if whole else selectors.EVENT_WRITE))

    def _read(self, flight: _Flight) -> None:
        """Take what came."""
        assert flight.reader
        try:
            data = flight.channel.read()
            answer = None if data is None else flight.reader.feed(data)
        except ConnectionResetError:
            answer = flight.reader.ended(End.RESET)
        except OSError:
            answer = flight.reader.ended(End.CLOSED)
        if answer is None:
            if data:
                flight.since = self._now
            return
        if flight.state == _WARMING:
            if answer.end is not End.COMPLETE or not answer.keeps_open:
                raise Failure("the barrier does not hold", found="the server closed a connection after a whole request")
            self._next(flight)
        else:
            self._end(flight, answer)

    def _ask_proof(self) -> None:
        """Send the next segment of those whose server has read the last one."""
        if not self._reading or self._proof is None:
            return
        idle = len(self._reading) == len(self._flights)
        for channel in self._proof.read(list(self._reading), idle=idle):
            flight = self._reading.pop(channel)
            self._next(flight)

    def _look(self) -> None:
        """Hold what goes on against its time limits."""
        self._looked = self._now
        for flight in list(self._flights.values()):
            waited = self._now - flight.since
            if flight.state == _CONNECTING:
                if waited > self._times.connect:
                    raise self._endpoint.unreachable(TimeoutError(errno.ETIMEDOUT, "it does not answer"))
            elif flight.state == _READING or (
                not flight.was_read and self._proof and self._proof.unread(flight.channel)
            ):
                if waited > self._times.read:
                    self._end(flight, Answer(End.UNREAD))
            elif not flight.was_read:
                flight.was_read = True
                if self._proof and self._proof.name == "receive-queue" and waited > 2 * LOOK_SECONDS:
                    flight.since = self._now
            elif waited > self._times.answer or self._now - flight.began > self._times.whole:
                assert flight.reader
                self._end(flight, flight.reader.ended(End.TIMED_OUT))

    def _end(self, flight: _Flight, answer: Answer) -> None:
        """Note the end of an exchange."""
        self._drop(flight)
        self._done.append(Exchanged(flight.index, answer, self._now - flight.began))

    def _drop(self, flight: _Flight) -> None:
        """Close a connection, and forget the exchange."""
        self._reading.pop(flight.channel, None)
        with suppress(KeyError, ValueError):
            self._selector.unregister(flight.channel.socket)
        flight.channel.close()
        del self._flights[flight.index]

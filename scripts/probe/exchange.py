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
from dataclasses import dataclass, field, replace

from scripts.errors import Failure
from scripts.probe.answers import Answer, Asked, End
from scripts.probe.endpoint import Channel, Endpoint
from scripts.probe.flight import ANSWERING, CONNECTING, READING, Exchanged, Flight, Leg
from scripts.probe.pace import Times, Window
from scripts.probe.proof import Proof
from scripts.probe.series import Series, SeriesReader

LOOK_SECONDS = 0.25
"""How often what waits for its answer is looked at for its time limit."""

PASSED_OVER = 5
"""How often a server may answer a whole request first before it is taken to have forgotten one that it has read."""

CONNECT_PAUSE = 0.05
"""Seconds until a server that refused a connection, as one does that restarts, is tried again."""


@dataclass
class Exchanges:
    """The exchanges with one server, whose host is in numbers."""

    endpoint: Endpoint
    times: Times = field(default_factory=Times)
    head: bytes = b""
    """A whole GET, to warm connections where a proof needs it, and to ask whether the server still answers."""
    known: dict[tuple[Asked, ...], dict[bytes, Series]] = field(default_factory=dict)
    """What came before, by what was awaited: it need not be read again."""

    def ask(self, request: bytes) -> Answer:
        """Send one whole request that is answered as a GET is, and return its answer."""
        return self.exchange([Leg((request,))])[-1]

    def exchange(self, legs: Sequence[Leg]) -> Series:
        """Make one exchange of whole requests, and return its answers."""
        (done,) = self.run([legs], None, Window(1, fixed=True))
        return done.answers

    def run(self, exchanges: Iterable[Sequence[Leg]], proof: Proof | None, window: Window) -> Iterator[Exchanged]:
        """Make each exchange, and yield each at its end, in the order of their ends.

        `proof` lies between segments; it may be None where all requests are whole. Failure where the server cannot be
        connected to, or where a connection does not stand after the time for that.
        """
        run = _Run(self, proof, window)
        try:
            yield from run.all(enumerate(exchanges))
        finally:
            run.close()


class _Run:
    """One run of exchanges."""

    def __init__(self, exchanges: Exchanges, proof: Proof | None, window: Window) -> None:
        self._exchanges = exchanges
        self._endpoint = exchanges.endpoint
        self._times = exchanges.times
        self._warmth = (Leg((exchanges.head,)),) if proof and proof.warms and exchanges.head else ()
        self._look_seconds = min(LOOK_SECONDS, exchanges.times.quiet / 3 or LOOK_SECONDS)
        self._proof = proof
        self._window = window
        self._selector = selectors.DefaultSelector()
        self._flights: dict[int, Flight] = {}
        self._reading: dict[Channel, Flight] = {}
        self._done: list[Exchanged] = []
        self._now = time.monotonic()
        self._looked = self._now
        self._refused_since: float | None = None
        self._due: list[tuple[int, Sequence[Leg]]] = []
        """What is to begin; with what was refused, and begins anew until its time is over."""

    def close(self) -> None:
        """Close what is open still."""
        for flight in self._flights.values():
            flight.channel.close()
        self._selector.close()

    def all(self, exchanges: Iterator[tuple[int, Sequence[Leg]]]) -> Iterator[Exchanged]:
        """Go on until every exchange has come to its end."""
        while self._flights or self._due or self._take(exchanges):
            self._now = time.monotonic()
            while len(self._flights) < self._window.size and self._take(exchanges):
                due = self._due.pop()
                if not self._begin(*due):
                    self._due.append(due)
                    break
            for key, mask in self._selector.select(self._patience()):
                self._turn(key.data, mask)
            self._ask_proof()
            if self._now - self._looked > self._look_seconds:
                self._look()
            done, self._done = self._done, []
            yield from done

    def _take(self, exchanges: Iterator[tuple[int, Sequence[Leg]]]) -> bool:
        """See that there is an exchange to begin, if any is left; return whether there is."""
        if not self._due and (exchange := next(exchanges, None)):
            self._due.append(exchange)
        return bool(self._due)

    def _patience(self) -> float:
        """Return how long there may be nothing to do: no time where a proof is to be asked."""
        if not self._flights:
            return CONNECT_PAUSE
        return 0.0 if self._reading else self._look_seconds

    def _begin(self, index: int, legs: Sequence[Leg]) -> bool:
        """Begin an exchange; False where the server does not take one now."""
        try:
            channel = self._endpoint.open()
        except OSError as error:
            self._refused(error)
            return False
        flight = Flight(index, (*self._warmth, *legs), bool(self._warmth), channel, self._now, self._now)
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

    def _interest(self, flight: Flight, mask: int) -> None:
        """Wait for other events of a connection."""
        if not flight.interest:
            self._selector.register(flight.channel.socket, mask, flight)
        elif flight.interest != mask:
            self._selector.modify(flight.channel.socket, mask, flight)
        flight.interest = mask

    def _turn(self, flight: Flight, mask: int) -> None:
        """Go on with an exchange whose connection can be written or read."""
        if flight.state == CONNECTING:
            self._connect(flight)
            return
        if mask & selectors.EVENT_WRITE and flight.channel.flush():
            self._interest(flight, selectors.EVENT_READ)
        if mask & selectors.EVENT_READ:
            self._read(flight)

    def _connect(self, flight: Flight) -> None:
        """Go on to connect."""
        try:
            if not flight.channel.connected():
                self._interest(flight, selectors.EVENT_READ)
                return
        except OSError as error:
            if self._endpoint.tls:
                self._end(flight, (Answer(End.RESET),))
                return
            self._refused(error)
            self._drop(flight)
            self._due.append((flight.index, flight.legs[len(self._warmth) :]))
            return
        self._refused_since = None
        self._next_leg(flight)

    def _next_leg(self, flight: Flight) -> None:
        """Begin the next leg, also where the last one was answered before all of it had left."""
        self._reading.pop(flight.channel, None)
        flight.leg += 1
        flight.step = -1
        awaited = flight.legs[flight.leg].awaited
        flight.reader = SeriesReader(awaited, self._exchanges.known.setdefault(awaited, {}))
        flight.was_read = False
        self._next_segment(flight)

    def _next_segment(self, flight: Flight) -> None:
        """Send the next segment, and wait for what comes back, or first for room to send the rest of it."""
        flight.step += 1
        flight.since = self._now
        segments = flight.legs[flight.leg].segments
        last = flight.step == len(segments) - 1
        flight.state = ANSWERING if last else READING
        flight.channel.write(segments[flight.step])
        whole = flight.channel.flush()
        self._interest(flight, selectors.EVENT_READ | (0 if whole else selectors.EVENT_WRITE))
        if not last:
            self._reading[flight.channel] = flight

    def _read(self, flight: Flight) -> None:
        """Take what came."""
        assert flight.reader
        try:
            data = flight.channel.read()
            answers = None if data is None else flight.reader.feed(data)
        except ConnectionResetError:
            answers = flight.reader.ended(End.RESET)
        except OSError:
            answers = flight.reader.ended(End.CLOSED)
        if answers is None:
            if data:
                flight.since, flight.passed_over = self._now, 0
            return
        goes_on = answers[-1].end is End.COMPLETE and answers[-1].keeps_open
        warmed = flight.warming and not flight.leg
        if warmed and not goes_on:
            raise Failure("the barrier does not hold", found="the server closed a connection after a whole request")
        if not warmed:
            flight.answers += answers
        last = flight.leg == len(flight.legs) - 1
        if last or answers[-1].end is not End.COMPLETE:
            self._end(flight, flight.answers)
        else:
            self._next_leg(flight)

    def _ask_proof(self) -> None:
        """Send the next segment of those whose server has read the last one."""
        if not self._reading or self._proof is None:
            return
        idle = len(self._reading) == len(self._flights)
        sent = [channel for channel in self._reading if channel.has_sent_all]
        for channel in self._proof.read(sent, idle=idle) if sent else ():
            self._next_segment(self._reading.pop(channel))

    def _look(self) -> None:
        """Hold what goes on against its time limits."""
        self._looked = self._now
        quiet = []
        for flight in list(self._flights.values()):
            waited = self._now - flight.since
            if flight.state == CONNECTING:
                if waited > self._times.connect:
                    raise self._endpoint.unreachable(TimeoutError(errno.ETIMEDOUT, "it does not answer"))
            elif flight.state == READING or (not flight.was_read and self._is_unread(flight.channel)):
                if waited > self._times.read:
                    self._silent(flight, End.UNREAD)
            elif not flight.was_read:
                flight.was_read = True
                if self._proof and self._proof.name == "receive-queue" and waited > 2 * LOOK_SECONDS:
                    flight.since = self._now
            elif waited > self._times.answer or self._now - flight.began > self._times.whole:
                self._silent(flight, End.TIMED_OUT)
            elif 0 < self._times.quiet < waited:
                quiet.append(flight)
        if quiet:
            self._look_at_quiet(quiet)

    def _is_unread(self, channel: Channel) -> bool:
        """Say whether not all of it has left, or the server is known not to have read all that did."""
        return not channel.has_sent_all or bool(self._proof and self._proof.unread(channel))

    def _look_at_quiet(self, quiet: Sequence[Flight]) -> None:
        """End those that were passed over time and again: an answer may take some turns of the server's loop."""
        # Who asks must wait as long as an answer may take: it would else ask in turn, and so on.
        patient = replace(self._exchanges, times=replace(self._times, quiet=0.0))
        answers = patient.ask(self._exchanges.head).end is End.COMPLETE
        for flight in quiet:
            flight.passed_over += answers
            if flight.passed_over > PASSED_OVER:
                self._silent(flight, End.TIMED_OUT)

    def _silent(self, flight: Flight, end: End) -> None:
        """End an exchange whose server says nothing more."""
        assert flight.reader
        self._end(flight, (*flight.answers, *flight.reader.ended(end)))

    def _end(self, flight: Flight, answers: Series) -> None:
        """Note the end of an exchange."""
        self._drop(flight)
        self._done.append(Exchanged(flight.index, answers, self._now - flight.began))

    def _drop(self, flight: Flight) -> None:
        """Close a connection, and forget the exchange."""
        self._reading.pop(flight.channel, None)
        with suppress(KeyError, ValueError):
            self._selector.unregister(flight.channel.socket)
        flight.channel.close()
        del self._flights[flight.index]

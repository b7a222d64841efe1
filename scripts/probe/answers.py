"""What came back for a request, and how it is judged against the answer that the whole request got. Pure.

How a connection ended is a fact of its own (`End`): refused, reset, closed and timed out are never folded into one
empty answer.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

import h11

from scripts.errors import Failure

ASKED_FOR = b"x-asked-for"
"""Field in which this project's app and controls say which URL they were asked for."""


class Outcome(enum.StrEnum):
    """What a split request got, against the same request sent whole."""

    INTACT = "intact"
    """The very answer that the whole request got."""
    DROPPED = "dropped"
    """The connection closed or reset without a complete answer."""
    MISROUTED = "misrouted"
    """A complete answer to another URL than the one asked for."""
    REJECTED = "rejected"
    """A complete 4xx or 5xx."""
    HUNG = "hung"
    """Nothing within the time limit."""


class End(enum.StrEnum):
    """How the wait for an answer ended."""

    COMPLETE = "complete"
    CLOSED = "closed"
    RESET = "reset"
    GARBLED = "garbled"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Answer:
    """An answer as far as it came; field names in lower case."""

    end: End
    status: int = 0
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    @property
    def asked_for(self) -> bytes | None:
        """The URL that the server says it was asked for, where it says so."""
        return next((value for name, value in self.fields if name == ASKED_FOR), None)

    @property
    def keeps_open(self) -> bool:
        """Whether the server said nothing of closing the connection after this answer."""
        return not any(name == b"connection" and b"close" in value.lower() for name, value in self.fields)


class AnswerReader:
    """Reads one answer to a GET from the bytes of a connection, in pieces of any size."""

    def __init__(self) -> None:
        """Begin where the request has just been sent."""
        self._connection = h11.Connection(h11.CLIENT)
        self._connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        self._connection.send(h11.EndOfMessage())
        self._status = 0
        self._fields: tuple[tuple[bytes, bytes], ...] = ()
        self._body = bytearray()

    def feed(self, data: bytes) -> Answer | None:
        """Take the next bytes (b"" = the server closed); return the answer once its end is known."""
        try:
            self._connection.receive_data(data)
            while True:
                event = self._connection.next_event()
                if isinstance(event, h11.Response):
                    self._status, self._fields = event.status_code, tuple(event.headers)
                elif isinstance(event, h11.Data):
                    self._body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    return self.ended(End.COMPLETE)
                elif isinstance(event, h11.ConnectionClosed):
                    return self.ended(End.CLOSED)
                elif event in (h11.NEED_DATA, h11.PAUSED):
                    return None
        except h11.RemoteProtocolError:
            return self.ended(End.GARBLED if data else End.CLOSED)

    def ended(self, end: End) -> Answer:
        """Return the answer as far as it came."""
        return Answer(end, self._status, self._fields, bytes(self._body))


@dataclass(frozen=True)
class Baseline:
    """The answer that the whole request got, without the fields that differ from one time to the next."""

    answer: Answer
    volatile: frozenset[bytes] = field(default=frozenset({b"date"}))

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Baseline":
        """Make the baseline of several answers to the same whole request.

        Failure where one is incomplete, or where they differ in more than fields: nothing can be held against them.
        """
        first = answers[0]
        for answer in answers:
            if answer.end is not End.COMPLETE:
                raise Failure("no baseline: the whole request got no complete answer", found=answer.end)
            if (answer.status, answer.body) != (first.status, first.body):
                raise Failure(
                    "no baseline: the same whole request got different answers",
                    found=f"status {first.status} with {len(first.body)} bytes, then {answer.status} with "
                    f"{len(answer.body)} bytes",
                    do="Choose a URL whose answer does not change",
                )
        names = {name for answer in answers for name, _ in answer.fields}
        differing = {name for name in names if len({_values(answer, name) for answer in answers}) > 1}
        return cls(first, frozenset({b"date"} | differing))

    def matches(self, answer: Answer) -> bool:
        """Say whether `answer` is the very answer that the whole request got."""
        return (
            answer.end is End.COMPLETE
            and (answer.status, answer.body) == (self.answer.status, self.answer.body)
            and self._lasting(answer) == self._lasting(self.answer)
        )

    def judge(self, answer: Answer) -> Outcome:
        """Return the outcome of a split request that got `answer`."""
        if answer.end is End.TIMED_OUT:
            return Outcome.HUNG
        if answer.end is not End.COMPLETE:
            return Outcome.DROPPED
        if self.matches(answer):
            return Outcome.INTACT
        if answer.asked_for is not None and answer.asked_for != self.answer.asked_for:
            return Outcome.MISROUTED
        # Without the server's word on what it was asked for, an error page is its word that it refused the request.
        return Outcome.REJECTED if answer.status >= 400 else Outcome.MISROUTED

    def _lasting(self, answer: Answer) -> list[tuple[bytes, bytes]]:
        """Return the fields of `answer` that do not differ from one time to the next."""
        return sorted((name, value) for name, value in answer.fields if name not in self.volatile)


def _values(answer: Answer, name: bytes) -> tuple[bytes, ...]:
    """Return all values of a field, in their order."""
    return tuple(value for each, value in answer.fields if each == name)

"""One exchange with a server: its legs, how far it is, and what came of it. It sends nothing by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.probe.answers import Asked
from scripts.probe.endpoint import Channel
from scripts.probe.series import Series, SeriesReader


@dataclass(frozen=True)
class Leg:
    """A part of an exchange: what is sent until answers come, before which nothing more is sent."""

    segments: tuple[bytes, ...]
    awaited: tuple[Asked, ...] = (Asked(),)


@dataclass(frozen=True)
class Exchanged:
    """One exchange that is over."""

    index: int
    """Which of them it was."""
    answers: Series
    seconds: float
    """From the beginning of its connection to its end."""


@dataclass(eq=False, slots=True)
class Flight:
    """An exchange under way."""

    index: int
    legs: Sequence[Leg]
    warming: bool
    """The first leg is there to warm the connection: its answer is none of the exchange's."""
    channel: Channel
    began: float
    since: float
    """When it got into its state."""
    state: int = 0
    leg: int = -1
    step: int = -1
    answers: Series = ()
    reader: SeriesReader | None = None
    was_read: bool = False
    passed_over: int = 0
    """How many whole requests that came later were answered first."""
    interest: int = 0


CONNECTING, READING, ANSWERING = range(3)
"""States: it connects; the server reads a segment; it answers."""

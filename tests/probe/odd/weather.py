"""Servers that fail at times, or under load, whatever they are sent: the split is not to blame.

Their weather is fixed, so that the right word is one: it depends on a request's number, on how often the very same one
came, or on what is open, never on the clock. What the word must be follows from the rules of `scripts.probe.measure`: a
split that fails once, and never again, is flaky; up to three of these stand, more do not; and one that comes and goes
when it is tried again leaves it open whether the split is to blame.
"""

import threading
import time
from collections import Counter

from tests.probe.odd.serving import HUNG, RESET, Asked, Odd, Reply, ok

BUSY = ok(b"busy", b"Connection: close", status=b"503 Service Unavailable")
TOO_MANY = ok(b"slow down", status=b"429 Too Many Requests")

COMES_AND_GOES = 24
"""The offset at which a split comes and goes; the truth's sockets look there too."""

turn = threading.Lock()


def echo(asked: Asked) -> bytes:
    """Answer with the URL."""
    return ok(asked.url)


def one_in(count: int, other: bytes, reply: Reply = echo) -> Reply:
    """Give every so manyth request another answer: of a hundred, that is one in a whole run, the 50th."""
    return lambda asked: other if asked.number % count == count // 2 else reply(asked)


def limited(asked: Asked) -> bytes:
    """429 after 60 requests."""
    return TOO_MANY if asked.number > 60 else ok(asked.url)


def limited_at_times(asked: Asked) -> bytes:
    """429 for ten of forty requests."""
    return TOO_MANY if asked.number % 40 >= 30 else ok(asked.url)


def over(most: int) -> Reply:
    """Give 503 while more than so many connections are open."""
    return lambda asked: BUSY if asked.opened > most else ok(asked.url)


def blocking(asked: Asked) -> bytes:
    """Each answer holds up all others for 100 ms."""
    with turn:
        time.sleep(0.1)
    return ok(asked.url)


def no_long_fields(asked: Asked) -> bytes:
    """431 for a head over 2,000 bytes."""
    if sum(map(len, asked.reads)) > 2000:
        return ok(b"too long", b"Connection: close", status=b"431 Request Header Fields Too Large")
    return ok(asked.url)


def two_versions(asked: Asked) -> bytes:
    """Two servers behind one port: another page by turns, none affected."""
    return ok(asked.url + (b" in blue" if asked.connection % 2 else b" in green!"))


def one_of_two_affected(asked: Asked) -> bytes:
    """Two servers behind one port: one drops what comes in pieces."""
    return b"" if asked.connection % 2 and asked.last_piece is not None else ok(asked.url)


def one_of_three_affected(asked: Asked) -> bytes:
    """Three servers behind one port, chosen at random: one drops what comes in pieces."""
    chosen = asked.connection * 2654435761 % 2**32 % 3
    return b"" if chosen == 1 and asked.last_piece is not None else ok(asked.url)


def down_at_times(asked: Asked) -> bytes:
    """500 for three of ninety requests, one after the other."""
    return ok(b"down", status=b"500 Down") if asked.number % 90 in (40, 41, 42) else ok(asked.url)


def every_other_time(other: bytes) -> Reply:
    """Give one and the same split another answer each time but the second, the fourth …: it comes and goes."""
    seen: Counter[tuple[bytes, ...]] = Counter()

    def reply(asked: Asked) -> bytes:
        split_there = len(asked.reads) == 2 and len(asked.reads[0]) == COMES_AND_GOES
        seen[asked.reads] += 1
        return other if split_there and seen[asked.reads] % 2 else ok(asked.url)

    return reply


def named(name: str, word: str, reply: Reply, about: str, *, stops_after: int = 0, hurried: float = 0.5) -> Odd:
    """Return one of this family: none of them is affected."""
    return Odd(name, "intact", word, reply, about, stops_after=stops_after, hurried=hurried)


SERVERS = [
    named("drops 1 in 100", "intact", one_in(100, b""), "One of a hundred requests is dropped."),
    named("resets 1 in 100", "intact", one_in(100, RESET), "One of a hundred is reset."),
    named("503 1 in 100", "intact", one_in(100, BUSY), "One of a hundred gets 503."),
    named("hangs 1 in 100", "intact", one_in(100, HUNG), "One of a hundred gets nothing."),
    named("another page 1 in 100", "intact", one_in(100, ok(b"sorry")), "One of a hundred gets another page, by 200."),
    named("drops 1 in 7", "could not tell", one_in(7, b""), "One of seven is dropped."),
    named("limited", "could not tell", limited, str(limited.__doc__)),
    named("limited at times", "could not tell", limited_at_times, str(limited_at_times.__doc__)),
    named("down at times", "intact", down_at_times, str(down_at_times.__doc__)),
    named("503 over 3 connections", "intact", over(3), "503 over three connections."),
    named("503 over 10 connections", "intact", over(10), "503 over ten connections."),
    named("503 over 50 connections", "intact", over(50), "As uvicorn's --limit-concurrency 50."),
    named("blocking", "intact", blocking, str(blocking.__doc__), hurried=3),
    named("restarts", "intact", echo, "It restarts after 50 requests, as by --max-requests.", stops_after=50),
    named("no long fields", "intact", no_long_fields, str(no_long_fields.__doc__)),
    named("two versions", "intact", two_versions, str(two_versions.__doc__)),
    *(
        Odd(f"one split {kind} at times", "either", "could not tell", every_other_time(other), "It comes and goes.")
        for kind, other in [("dropped", b""), ("misrouted", ok(b"sorry")), ("rejected", BUSY)]
    ),
    Odd("one of two affected", "either", "could not tell", one_of_two_affected, str(one_of_two_affected.__doc__)),
    Odd("one of three affected", "either", "could not tell", one_of_three_affected, str(one_of_three_affected.__doc__)),
]

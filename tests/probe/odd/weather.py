"""Servers that fail at times, or under load, whatever they are sent: the split is not to blame."""

import threading
import time

from tests.probe.odd.serving import HUNG, RESET, Asked, Odd, Reply, ok

BUSY = ok(b"busy", b"Connection: close", status=b"503 Service Unavailable")
TOO_MANY = ok(b"slow down", status=b"429 Too Many Requests")

turn = threading.Lock()


def echo(asked: Asked) -> bytes:
    """Answer with the URL."""
    return ok(asked.url)


def one_in(count: int, other: bytes, reply: Reply = echo) -> Reply:
    """Give every so manyth request another answer."""
    return lambda asked: other if asked.number % count == count // 2 else reply(asked)


def limited(asked: Asked) -> bytes:
    """429 after 30 requests."""
    return TOO_MANY if asked.number > 30 else ok(asked.url)


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
    """500 for three of ninety requests."""
    return ok(b"down", status=b"500 Down") if asked.number % 90 >= 87 else ok(asked.url)


def named(name: str, word: str, reply: Reply, about: str, *, stops_after: int = 0, hurried: float = 0.5) -> Odd:
    """Return one of this family: none of them is affected."""
    return Odd(name, "intact", word, reply, about, stops_after=stops_after, hurried=hurried)


EITHER = "intact or could not tell"
"""Of one in a hundred a split may be the same one twice, and then nobody can tell."""

SERVERS = [
    named("drops 1 in 100", EITHER, one_in(100, b""), "One of a hundred requests is dropped."),
    named("resets 1 in 100", EITHER, one_in(100, RESET), "One of a hundred is reset."),
    named("503 1 in 100", EITHER, one_in(100, BUSY), "One of a hundred gets 503."),
    named("hangs 1 in 100", EITHER, one_in(100, HUNG), "One of a hundred gets nothing."),
    named("another page 1 in 100", EITHER, one_in(100, ok(b"sorry")), "One of a hundred gets another page, by 200."),
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
    Odd("one of two affected", "either", "could not tell", one_of_two_affected, str(one_of_two_affected.__doc__)),
    Odd("one of three affected", "either", "could not tell", one_of_three_affected, str(one_of_three_affected.__doc__)),
]

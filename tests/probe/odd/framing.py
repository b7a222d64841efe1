"""Servers that frame, time or end their answers in their own way, and are intact all the same, where it can be told."""

import time

from tests.probe.odd.serving import Asked, Odd, ok


def echo(asked: Asked) -> bytes:
    """Answer with the URL."""
    return ok(asked.url)


def alike(_: Asked) -> bytes:
    """Answer all URLs alike."""
    return ok(b"ok")


def long_answer(asked: Asked) -> bytes:
    """100 KB."""
    return ok(asked.url + b"x" * 100_000)


def very_long_answer(asked: Asked) -> bytes:
    """5 MB."""
    return ok(asked.url + b"x" * 5_000_000)


def byte_by_byte(asked: Asked) -> bytes:
    """20,000 bytes, each a chunk of its own."""
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in asked.url + b"x" * 20_000)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def trailers(asked: Asked) -> bytes:
    """Fields behind the body."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
    return head + b"%x\r\n%s\r\n0\r\nX-Late: 1\r\n\r\n" % (len(asked.url), asked.url)


def interim(asked: Asked) -> bytes:
    """100 and 103 come before the answer."""
    return b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(asked.url)


def old(asked: Asked) -> bytes:
    """HTTP/1.0: the connection's end is the answer's."""
    return b"HTTP/1.0 200 OK\r\n\r\n" + asked.url


def closes(asked: Asked) -> bytes:
    """Each answer closes its connection."""
    return ok(asked.url, b"Connection: close")


def closes_under_load(asked: Asked) -> bytes:
    """Connection: close where more than two connections are open."""
    return ok(asked.url, *([b"Connection: close"] if asked.opened > 2 else []))


def resets_after(asked: Asked) -> bytes:
    """A reset follows the answer."""
    return ok(asked.url, b"X-Then: reset")


def endless(asked: Asked) -> bytes:
    """Neither a length nor an end."""
    return b"HTTP/1.1 200 OK\r\n\r\n" + asked.url


def one_at_a_time(asked: Asked) -> bytes:
    """Ten milliseconds of work, one connection after the other, a backlog of five."""
    time.sleep(0.01)
    return ok(asked.url)


def not_found(asked: Asked) -> bytes:
    """404, with the path."""
    return ok(asked.url, status=b"404 Not Found")


def closed(_: Asked) -> bytes:
    """Close without an answer."""
    return b""


def no_http(_: Asked) -> bytes:
    """Something that is no HTTP."""
    return b"SSH-2.0-OpenSSH_9.2\r\n"


def two_answers(asked: Asked) -> bytes:
    """The answer, and another one behind it."""
    return ok(asked.url) + ok(b"another")


INTACT = [echo, long_answer, very_long_answer, byte_by_byte, trailers, interim, old, closes]
INTACT += [closes_under_load, resets_after, two_answers]
SERVERS = [
    *(Odd(reply.__name__, "intact", "intact", reply, str(reply.__doc__)) for reply in INTACT),
    Odd("early", "intact", "intact", echo, "It answers when it has the request line, and closes.", early=True),
    Odd("late", "intact", "intact", echo, "It takes 30 ms before each read.", late=0.03),
    Odd("written byte by byte", "intact", "intact", echo, "It writes a byte at a time.", chunk=1),
    Odd("one at a time", "intact", "intact", one_at_a_time, str(one_at_a_time.__doc__), threads=1, backlog=5),
    Odd("four at a time", "intact", "intact", echo, "Four workers, a backlog of one.", threads=4, backlog=1),
    Odd("alike", "none", "could not tell", alike, str(alike.__doc__)),
    Odd("not found", "none", "could not tell", not_found, str(not_found.__doc__)),
    Odd("endless", "intact", "could not tell", endless, str(endless.__doc__)),
    Odd("closed", "none", "could not tell", closed, str(closed.__doc__)),
    Odd("no http", "none", "could not tell", no_http, str(no_http.__doc__)),
]

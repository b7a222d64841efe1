"""Servers that take each read's piece of the URL for a URL, or give up on it; each in fair and in foul weather too."""

from tests.probe.odd.moving import stamp
from tests.probe.odd.serving import HUNG, RESET, Asked, Odd, Reply, ok
from tests.probe.odd.weather import BUSY, one_in


def dropped(asked: Asked) -> bytes:
    """Close where the URL came in pieces."""
    return b"" if asked.last_piece is not None else ok(asked.url)


def reset(asked: Asked) -> bytes:
    """Reset there."""
    return RESET if asked.last_piece is not None else ok(asked.url)


def broken_off(asked: Asked) -> bytes:
    """Begin an answer there, and close."""
    return (
        ok(asked.url)
        if asked.last_piece is None
        else b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhal"
    )


def misrouted(asked: Asked) -> bytes:
    """Serve the last piece."""
    return ok(asked.url if asked.last_piece is None else asked.last_piece)


def misrouted_and_says_so(asked: Asked) -> bytes:
    """Serve the last piece, and say what was asked for."""
    url = asked.url if asked.last_piece is None else asked.last_piece
    return ok(url, b"X-Asked-For: " + url)


def misrouted_rarely(asked: Asked) -> bytes:
    """Serve the last piece where it is a path, join it where it is none."""
    piece = asked.last_piece or b""
    return ok(piece if piece.startswith(b"/") else asked.url)


def rejected(asked: Asked) -> bytes:
    """400 there."""
    return ok(asked.url) if asked.last_piece is None else ok(b"bad", status=b"400 Bad Request")


def hung(asked: Asked) -> bytes:
    """Nothing there."""
    return ok(asked.url) if asked.last_piece is None else HUNG


def by_second(reply: Reply) -> Reply:
    """Add a moment that moves on to each answer, in its head and in its body."""

    def moving(asked: Asked) -> bytes:
        answer = reply(asked)
        head, end, body = answer.partition(b"\r\n\r\n")
        if not end:
            return answer
        now = stamp(asked.since)
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
        return b"\r\n".join([*lines, b"Expires: " + now, b"Content-Length: %d" % (len(body) + len(now) + 1)]) + (
            b"\r\n\r\n" + body + b" " + now
        )

    return moving


KINDS = [dropped, misrouted, misrouted_and_says_so, rejected, hung]


def named(reply: Reply, name: str, about: str, weather: str = "") -> Odd:
    """Return one of this family."""
    return Odd(f"{name}{weather}", "affected", "affected", reply, about)


SERVERS = [
    *(named(reply, reply.__name__, str(reply.__doc__)) for reply in [*KINDS, reset, broken_off, misrouted_rarely]),
    *(named(by_second(reply), reply.__name__, str(reply.__doc__), ", by the second") for reply in KINDS),
    *(named(one_in(100, BUSY, reply), reply.__name__, str(reply.__doc__), ", 503 1 in 100") for reply in KINDS),
    *(named(one_in(100, b"", reply), reply.__name__, str(reply.__doc__), ", drops 1 in 100") for reply in KINDS),
]

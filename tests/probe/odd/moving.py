"""Servers whose answers change by themselves, and are intact all the same."""

import gzip
import secrets
import time

from tests.probe.odd.serving import Asked, Odd, ok


def stamp(seconds: float) -> bytes:
    """Return a moment as HTTP writes it; it moves on five times a second here, so that a short run sees it."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(1.8e9 + int(seconds * 5))).encode()


def expires(asked: Asked) -> bytes:
    """Expires, a moment from now."""
    return ok(asked.url, b"Expires: " + stamp(asked.since))


def cookie_date(asked: Asked) -> bytes:
    """A cookie's date moves on."""
    return ok(asked.url, b"Set-Cookie: a=b; Expires=" + stamp(asked.since))


def second_in_body(asked: Asked) -> bytes:
    """The page says how late it is."""
    return ok(b"<p>" + asked.url + b" at " + stamp(asked.since) + b"</p>")


def second_alone(asked: Asked) -> bytes:
    """The page says how many seconds the server has run, in ever more digits."""
    return ok(asked.url + b" %d" % 2 ** int(asked.since * 5))


def cookie_at_times(asked: Asked) -> bytes:
    """One answer of ten sets a cookie."""
    return ok(asked.url, *([b"Set-Cookie: a=b"] if asked.number % 10 == 7 else []))


def gzip_stamp(asked: Asked) -> bytes:
    """A packed page, whose header has the second in it."""
    return ok(gzip.compress(asked.url, mtime=asked.since * 5), b"Content-Encoding: gzip")


def runtime(asked: Asked) -> bytes:
    """X-Runtime, another one each time."""
    return ok(asked.url, b"X-Runtime: %.6f" % (asked.since % 1))


def age(asked: Asked) -> bytes:
    """As out of a cache: Age counts up."""
    return ok(asked.url, b"Age: %d" % (asked.since * 5))


def request_id(asked: Asked) -> bytes:
    """An id in a field and in the page."""
    number = secrets.token_hex(8).encode()
    return ok(asked.url + b" request " + number, b"X-Request-Id: " + number)


def etag(asked: Asked) -> bytes:
    """An ETag and a Last-Modified of the moment."""
    return ok(asked.url, b'ETag: "%d"' % asked.number, b"Last-Modified: " + stamp(asked.since))


def shapeless(asked: Asked) -> bytes:
    """A page that is another one each time."""
    return ok(asked.url + b"-" * asked.number + secrets.token_bytes(20))


INTACT = [
    expires,
    cookie_date,
    second_in_body,
    second_alone,
    cookie_at_times,
    gzip_stamp,
    runtime,
    age,
    request_id,
    etag,
]
SERVERS = [
    *(Odd(reply.__name__, "intact", "intact", reply, str(reply.__doc__)) for reply in INTACT),
    Odd("shapeless", "intact", "could not tell", shapeless, str(shapeless.__doc__)),
]

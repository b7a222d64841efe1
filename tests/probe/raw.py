"""The truth about a server, by plain sockets and nothing of scripts/.

One request at a time, in two segments with a delay between them; judged by whether the path that was asked for stands
in what came back. A place counts as bad where the split request fails every time, and the whole one does not.
"""

import socket
import ssl
import time
from collections.abc import Callable, Sequence

TARGET = "/view?next=/admin&story=0+1+2+3%20/x"
HEAD = f"GET {TARGET} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

OFFSETS = (3, 10, 15, 24, 36, 43, 49, len(HEAD) - 2)
"""Inside the method, the URL before and behind its slashes, the version, the Host field, the last line break."""

TRIES = 3

Connect = Callable[[], socket.socket]


def tcp(port: int, host: str = "127.0.0.1", *, tls: bool = False) -> Connect:
    """Return how the server at a port of loopback is connected to."""

    def connect() -> socket.socket:
        plain = socket.create_connection((host, port), 5)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not tls:
            return plain
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname="localhost")

    return connect


def unix(path: str) -> Connect:
    """Return how the server at a Unix socket is connected to."""

    def connect() -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(5)
        try:
            made.connect(path)
        except OSError:
            made.close()
            raise
        return made

    return connect


def ask(connect: Connect, segments: Sequence[bytes], *, delay: float = 0.03, silence: float = 0.5) -> bytes:
    """Send the segments with a delay between them; return what came until the end, or until nothing more came."""
    said = b""
    try:
        with connect() as connection:
            connection.settimeout(silence)
            for number, segment in enumerate(segments):
                time.sleep(delay if number else 0)
                connection.sendall(segment)
            while not complete(said) and (data := connection.recv(1 << 20)):
                said += data
    except OSError:
        pass
    return said


def complete(said: bytes) -> bool:
    """Say whether an answer of known length is there as a whole; one of unknown length ends with its connection."""
    while said.startswith(b"HTTP/1.1 1"):
        said = said.partition(b"\r\n\r\n")[2]
    head, end, body = said.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return len(body) >= int(value)
        if name == b"transfer-encoding":
            return body.endswith(b"\r\n\r\n") and b"0\r\n" in body
    return False


def good(said: bytes, path: bytes = TARGET.encode()) -> bool:
    """Say whether the answer is the one to this path."""
    status = said.rpartition(b"HTTP/1.")[2][2:5] if said.startswith(b"HTTP/1.1 1") else said[9:12]
    return status == b"200" and path in plain(said)


def plain(said: bytes) -> bytes:
    """Return an answer with its chunks joined and its body unpacked, as far as that is needed to look for a path."""
    head, _, body = said.partition(b"\r\n\r\n")
    if b"gzip" in head:
        import zlib

        return head + zlib.decompressobj(31).decompress(body)
    if b"chunked" in head.lower():
        return head + b"".join(body.split(b"\r\n")[1::2])
    return said


def truth(connect: Connect, head: bytes = HEAD, path: bytes = TARGET.encode()) -> str:
    """Return "intact", "affected", "either" where a place comes out now so, now otherwise, "none" without a whole."""
    wholes = [good(ask(connect, [head]), path) for _ in range(TRIES)]
    if not any(wholes):
        return "none"
    found = "intact"
    for offset in OFFSETS:
        segments = [head[:offset], head[offset:]]
        first = good(ask(connect, segments), path)
        if first:
            continue
        again = [good(ask(connect, segments), path) for _ in range(TRIES)]
        if not any(again):
            return "affected"
        found = "either" if sum(again) < TRIES else found
    return found

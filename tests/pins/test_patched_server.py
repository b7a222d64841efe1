"""What the patch is for: real servers of the released and of the patched uvicorn, asked in pieces.

The server has read each piece before the next one leaves: the kernel says so.
"""

import http.client
import io
import json
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.process import end
from scripts.wire.receive_queue import Reading, ReceiveQueue

LIMIT_SECONDS = 20.0

SERVER = """
import json, socket, sys
import uvicorn

async def app(scope, receive, send):
    names = ("type", "method", "path", "scheme")
    seen = {name: scope[name] for name in names if name in scope}
    seen["query"] = scope["query_string"].decode()
    seen["headers"] = [name.decode() for name, _ in scope["headers"]]
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": json.dumps(seen)})
        await send({"type": "websocket.close"})
        return
    body = json.dumps(seen).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})

config = uvicorn.Config(
    app, http="httptools", loop="asyncio", ws="websockets", lifespan="off", access_log=False, log_level="warning"
)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    log: Path


@contextmanager
def serving(environment: Path, log: Path) -> Iterator[Server]:
    """Run the app under an environment's uvicorn; connections wait in the listening socket until it has booted."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening, log.open("wb") as err:
        number = listening.fileno()
        python = environment / "bin/python"
        child = subprocess.Popen(
            [python, "-c", SERVER, str(number)], pass_fds=[number], stderr=err, stdout=err, env=dict(os.environ)
        )
        try:
            yield Server(listening.getsockname()[1], log)
        finally:
            end(child)


@pytest.fixture(scope="module")
def released(released_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the released uvicorn 0.11.8."""
    with serving(released_environment, tmp_path_factory.mktemp("released") / "log") as server:
        yield server


@pytest.fixture(scope="module")
def patched(patched_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the patched uvicorn 0.11.8."""
    with serving(patched_environment, tmp_path_factory.mktemp("patched") / "log") as server:
        yield server


class Client:
    """One connection to a server."""

    def __init__(self, server: Server) -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", server.port), LIMIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self._sent = 0

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()
        self.socket.close()

    def send(self, pieces: Sequence[bytes]) -> None:
        """Send pieces, each when the server has read the one before it."""
        until = time.monotonic() + LIMIT_SECONDS
        with ReceiveQueue() as queue:
            for piece in pieces:
                while self._waiting(queue):
                    assert time.monotonic() < until
                self.socket.sendall(piece)
                self._sent += len(piece)

    def _waiting(self, queue: ReceiveQueue) -> bool:
        names = self.socket.getpeername()[:2], self.socket.getsockname()[:2]
        return queue.reading(*names, self._sent) is Reading.WAITING

    def answer(self) -> dict[str, object] | None:
        """Return what the app says that it was asked for, or None where the connection closed without an answer."""
        status = self.file.readline()
        if not status:
            return None
        assert status.startswith(b"HTTP/1.1 200")
        length = int(http.client.parse_headers(self.file)["content-length"])
        seen: dict[str, object] = json.loads(self.file.read(length))
        return seen


def ask(server: Server, pieces: Sequence[bytes]) -> dict[str, object] | None:
    """Send one request in pieces over a connection of its own, and return what the app was asked for."""
    with Client(server) as client:
        client.send(pieces)
        return client.answer()


def request(target: str, *headers: str) -> bytes:
    """Return the bytes of a GET request."""
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: a", *headers, "", ""]).encode()


WHOLE = request("/view?next=/admin&story=0+1+2%20+http://b/x", "X-A: b")


def split(data: bytes, *offsets: int) -> list[bytes]:
    """Return the pieces of `data` between the offsets."""
    edges = [0, *offsets, len(data)]
    return [data[start:stop] for start, stop in pairwise(edges)]


def test_the_released_server_has_the_bug(released: Server) -> None:
    """The released uvicorn drops a request whose URL comes in two segments, or is asked for another path."""
    assert ask(released, [WHOLE]) is not None
    assert ask(released, split(WHOLE, 12)) is None
    misrouted = ask(released, split(WHOLE, WHOLE.index(b"/admin")))
    assert misrouted is not None
    assert misrouted["path"] == "/admin&story=0+1+2 +http://b/x"


def test_every_offset_is_answered_intact(patched: Server) -> None:
    """The patched uvicorn answers a request split at any byte as it answers the whole one."""
    whole = ask(patched, [WHOLE])
    assert whole is not None
    assert (whole["path"], whole["query"]) == ("/view", "next=/admin&story=0+1+2%20+http://b/x")
    assert [offset for offset in range(1, len(WHOLE)) if ask(patched, split(WHOLE, offset)) != whole] == []


def test_a_request_in_single_bytes_is_answered_intact(patched: Server) -> None:
    """The patched uvicorn puts together a URL of which each byte comes in a segment of its own."""
    assert ask(patched, split(WHOLE, *range(1, len(WHOLE)))) == ask(patched, [WHOLE])


def test_a_request_that_is_as_long_as_the_forms_is_answered_intact(patched: Server) -> None:
    """A URL of 3.9 KB in segments of 1460 bytes arrives whole."""
    story = "+".join(str(number) for number in range(1000))
    data = request(f"/view?story={story}")
    seen = ask(patched, split(data, 1460, 2920))
    assert seen is not None
    assert seen["query"] == f"story={story}"


def test_the_next_request_on_a_connection_starts_anew(patched: Server) -> None:
    """URL and headers of a request do not run into those of the next one on the same connection."""
    with Client(patched) as client:
        client.send(split(request("/first?a=1", "X-First: 1"), 9))
        first = client.answer()
        client.send(split(request("/second?b=2", "X-Second: 2"), 9))
        second = client.answer()
    assert first is not None
    assert second is not None
    assert (first["path"], first["query"], first["headers"]) == ("/first", "a=1", ["host", "x-first"])
    assert (second["path"], second["query"], second["headers"]) == ("/second", "b=2", ["host", "x-second"])


def test_pipelined_requests_are_answered_in_turn(patched: Server) -> None:
    """Of requests sent without waiting, the last one's URL split in two, each gets its own answer, in order."""
    first, second, third = request("/1?a"), request("/2?b", "X-B: b"), request("/3?c")
    with Client(patched) as client:
        client.send([first + second + third[:6], third[6:]])
        seen = [client.answer() for _ in range(3)]
    assert [(each["path"], each["query"], each["headers"]) for each in seen if each] == [
        ("/1", "a", ["host"]),
        ("/2", "b", ["host", "x-b"]),
        ("/3", "c", ["host"]),
    ]


@pytest.mark.parametrize("offset", [0, 7, 30])
def test_a_websocket_is_opened_with_the_whole_url(patched: Server, offset: int) -> None:
    """An upgrade request whose URL or headers come in two segments opens the socket that was asked for."""
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    data = request("/ws/room?a=1", *upgrade, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    with Client(patched) as client:
        client.send(split(data, offset) if offset else [data])
        assert client.file.readline().startswith(b"HTTP/1.1 101")
        http.client.parse_headers(client.file)
        seen = json.loads(text_frame(client.file))
    assert (seen["type"], seen["path"], seen["query"]) == ("websocket", "/ws/room", "a=1")


def text_frame(file: io.BufferedReader) -> bytes:
    """Return the payload of one unmasked WebSocket text frame (RFC 6455, section 5.2)."""
    kind, length = file.read(2)
    assert kind == 0x81
    if length == 126:
        (length,) = struct.unpack("!H", file.read(2))
    return file.read(length)


def test_a_url_that_does_not_parse_is_refused_as_before(patched: Server) -> None:
    """A malformed URL, whole or in pieces, closes the connection and is logged as an invalid request."""
    bad = request("http://:")
    assert ask(patched, [bad]) is None
    assert ask(patched, split(bad, 8)) is None
    assert patched.log.read_text().count("Invalid HTTP request received.") == 2


def test_an_expectation_does_not_pass_to_the_next_request(patched: Server) -> None:
    """`Expect: 100-continue` counts for its own request alone."""
    with Client(patched) as client:
        client.send([request("/1", "Expect: 100-continue")])
        assert client.answer() is not None
        client.send([request("/2")])
        second = client.answer()
    assert second is not None
    assert second["path"] == "/2"

"""The app as a deploy has it: a copy of common/app in a folder, served by a real server on one of two environments."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from threading import Timer
from typing import cast
from urllib.parse import urlencode

from scripts.pins.environments import ready_environment
from scripts.pins.lockfile import versions
from scripts.process import end, environment, start
from scripts.wire.receive_queue import Reading, ReceiveQueue

PROJECT = Path(__file__).resolve().parents[2]

LIMIT_SECONDS = 30.0
"""How long a server may take to boot, to read or to answer."""


@dataclass(frozen=True)
class Environment:
    """A Python, and the file that pins what the app runs on there."""

    python: str
    lock: Path

    @property
    def programs(self) -> Path:
        """The folder of the environment's programs; it is made when it is not there."""
        return ready_environment(PROJECT / ".local/environments", self.python, self.lock) / "bin"

    def version(self, package: str) -> str:
        """Return the version that is pinned of a package."""
        return str(versions(self.lock.read_text())[package])


ENVIRONMENTS = {
    "of its time": Environment("3.8", PROJECT / "variants/v0.12.1/requirements.txt"),
    "current": Environment("3.13", PROJECT / "tests/app/current.txt"),
}


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def facts(self) -> dict[str, str | None]:
        """The body as the flat JSON of /about.json."""
        facts: dict[str, str | None] = json.loads(self.body)
        return facts


@dataclass(frozen=True)
class Server:
    """A server that runs the app."""

    port: int
    environment: Environment
    http: str = ""
    """The HTTP implementation that its command line names."""
    loop: str = ""
    """The event loop that its command line names."""

    @property
    def affected(self) -> bool:
        """Whether the server is known to have the bug (measured for uvicorn with httptools up to 0.17.4)."""
        return self.http == "httptools" and self.environment.version("uvicorn") == "0.12.1"

    def ask(self, target: str, *, method: str = "GET", form: Mapping[str, str] | None = None) -> Answer:
        """Ask for `target` over a connection of its own; with `form`, post it."""
        body, headers = None, {}
        if form is not None:
            method, body = "POST", urlencode(form)
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_SECONDS)) as connection:
            connection.request(method, target, body, headers)
            return _answer(connection.getresponse())

    def exchange(self, segment: bytes, answers: int = 1) -> list[Answer]:
        """Send bytes as one segment and return so many answers, from one connection."""
        with self._sent(segment) as received:
            return [received.answer() for _ in range(answers)]

    def ask_in_two_segments(self, request: bytes, offset: int) -> Answer:
        """Send a request split at `offset`; the second segment leaves when the server has read the first."""
        with self._sent(request, offset) as received:
            return received.answer()

    def shake_hands(self, target: str, offset: int = 0) -> tuple[Answer, str]:
        """Ask for a WebSocket, split at `offset`; return the answer, and the text frame after it where it accepts."""
        head = f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        with self._sent(head.encode(), offset) as received:
            answer = received.answer()
            return answer, received.text_frame() if answer.status == 101 else ""

    def redirect(self, story: str) -> str:
        """Submit a story and return where the app redirects to."""
        answer = self.ask("/create-new", form={"story": story})
        assert answer.status == 302
        location = answer.headers["Location"]
        assert isinstance(location, str)
        return location

    @contextmanager
    def _sent(self, data: bytes, offset: int = 0) -> Iterator["_Received"]:
        """Send bytes over a connection of their own, split at `offset`, and give what comes back."""
        with socket.create_connection(("127.0.0.1", self.port), LIMIT_SECONDS) as connection, ReceiveQueue() as queue:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            names = connection.getpeername(), connection.getsockname()
            connection.sendall(data[:offset])
            until = time.monotonic() + LIMIT_SECONDS
            while offset and queue.reading(*names, offset) is not Reading.READ:
                assert time.monotonic() < until, "the server does not read"
            connection.sendall(data[offset:])
            yield _Received(connection)


class _Received(BufferedReader):
    """What a server sends over a connection. The end of one answer does not close it: another may follow."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(socket.SocketIO(connection, "r"))

    def makefile(self, _mode: str) -> "_Received":
        """Give http.client what it reads an answer from."""
        return self

    def close(self) -> None:
        """Leave it open: the connection is closed by whoever made it."""

    def answer(self) -> Answer:
        """Read the next answer."""
        response = http.client.HTTPResponse(cast(socket.socket, self))
        response.begin()
        return _answer(response)

    def text_frame(self) -> str:
        """Read a WebSocket's frame, which must be a whole text of less than 64 KB (RFC 6455, section 5.2)."""
        kind, length = self.read(2)
        assert kind == 0x81
        assert length <= 126
        return self.read(int.from_bytes(self.read(2), "big") if length == 126 else length).decode()


def _answer(response: http.client.HTTPResponse) -> Answer:
    """Read a response to its end."""
    return Answer(response.status, response.headers, response.read())


def copy_app(folder: Path, *, variant: str = "") -> Path:
    """Copy the app to `folder`, with the app.json of a branch where `variant` is given; return the folder."""
    shutil.copytree(PROJECT / "common/app", folder, ignore=shutil.ignore_patterns("__pycache__"))
    if variant:
        (folder / "app.json").write_text(json.dumps({"name": "an app", "env": {"VARIANT": {"value": variant}}}))
    return folder


@contextmanager
def serving(folder: Path, command: Sequence[str | Path], **variables: str) -> Iterator[int]:
    """Run a server's command in `folder` with more environment variables, and give the port that it listens on."""
    with start(command, cwd=folder, env=environment({"VARIANT": None, **variables})) as child:
        try:
            yield _announced_port(child)
        finally:
            end(child)


@contextmanager
def uvicorn(
    place: Environment, folder: Path, app: str = "app:app", *, http: str = "auto", loop: str = "auto", **variables: str
) -> Iterator[Server]:
    """Run the app in `folder` under an environment's uvicorn."""
    program = place.programs / "uvicorn"
    options = ["--host=127.0.0.1", "--port=0", "--no-access-log", f"--http={http}", f"--loop={loop}"]
    with serving(folder, [program, app, *options], **variables) as port:
        yield Server(port, place, http, loop)


def _announced_port(child: "subprocess.Popen[bytes]") -> int:
    """Read what a server says until it names its address; return the port."""
    guard = Timer(LIMIT_SECONDS, child.kill)
    guard.start()
    said = []
    assert child.stderr
    try:
        for line in child.stderr:
            said.append(line.decode())
            if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", said[-1], re.IGNORECASE):
                return int(found[1])
    finally:
        guard.cancel()
        guard.join()
    raise AssertionError(f"the server did not boot:\n{''.join(said)}")

"""How the fake Heroku answers over its sockets."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.heroku.rules import body_is_wrong, no_key_is_wrong, request_is_wrong, upload_is_wrong

if TYPE_CHECKING:
    from tests.heroku.fake import Fake

LIST_RANGE = re.compile(r"version \.\.; order=desc, max=(\d+)")


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, name: str, message: str) -> None:
        """Keep the error's parts."""
        super().__init__(message)
        self.status = status
        self.body = {"id": name, "message": message}


class Handler(BaseHTTPRequestHandler):
    """Answers requests."""

    server: Fake
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # heads and bodies are written one after the other

    def do_GET(self) -> None:
        """Answer."""
        self.respond()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the library calls them by these names

    def respond(self) -> None:
        """Answer one request, with what shall go wrong with it."""
        fake = self.server
        length = int(self.headers["Content-Length"] or 0)
        content = self.rfile.read(length)
        if len(content) < length:
            return self.close()  # the client went away
        path = urlsplit(self.path).path
        with fake.lock:
            fake.requests.append(f"{self.command} {path}")
            fault = fake.take_fault(self.command, path)
            if fault and not fault.carried_out:
                answer = fault.status, fault.body.encode(), fault.headers
            else:
                answer = self.carry_out(path, content)
                if fault and fault.status:
                    answer = fault.status, fault.body.encode(), fault.headers
        if path.startswith("/streams/") and answer[0] in (200, 206) and not fault:
            self.stream(path, answer[1])
        elif fault and not fault.status:
            self.cut(answer, half=fault.half)
        else:
            self.answer(*answer)
        return None

    def carry_out(self, path: str, content: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Do what a request asks for, and return its answer: status, body, headers."""
        try:
            if not path.startswith(("/apps", "/sources")):
                return self.outside(path, content)
            self.check(path, content)
            status, value, headers = self.api(path, json.loads(content) if content else None)
        except Problem as problem:
            status, value, headers = problem.status, problem.body, {}
        headers |= {"Content-Type": "application/json", "RateLimit-Remaining": "4000"}
        if self.server.warning:
            headers["X-Heroku-Warning"] = self.server.warning
        return status, json.dumps(value).encode(), headers

    def check(self, path: str, content: bytes) -> None:
        """Refuse a request to the API that breaks a rule."""
        shape = re.sub(r"^/apps/[^/]+", "/apps/_", path)
        wrong = request_is_wrong(self.headers, self.server.key) or body_is_wrong(
            f"{self.command} {shape}", self.headers, json.loads(content) if content else None
        )
        self.complain(wrong, path)

    def complain(self, wrong: str, path: str) -> None:
        """Keep what is wrong with a request, and refuse it."""
        if wrong:
            self.server.complaints.append(f"{self.command} {path}: {wrong}")
            raise Problem(400, "bad_request", wrong)

    def api(self, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """Carry out a request to the API."""
        fake = self.server
        if (self.command, path) == ("POST", "/apps"):
            return 201, fake.create_app(body), {}
        if (self.command, path) == ("POST", "/sources"):
            return 201, fake.create_source(), {}
        _, _, name, *rest = path.split("/")
        if (self.command, rest) == ("GET", ["releases"]):
            return self.releases(fake.app(name).releases)
        part = rest[1] if rest[1:] else ""
        carry: dict[str, Callable[[], tuple[int, Any]]] = {
            "GET ": lambda: (200, fake.app(name).shown()),
            "PATCH ": lambda: (200, fake.set_stack(name, body["build_stack"])),
            "DELETE ": lambda: (200, fake.destroy_app(name)),
            "GET builds": lambda: (200, fake.app(name).builds),
            "GET builds/_": lambda: (200, fake.build(name, part)),
            "POST builds": lambda: (201, fake.create_build(name, body["source_blob"])),
            "POST releases": lambda: (201, fake.roll_back(name, body["release"])),
            "GET dynos": lambda: (200, fake.dynos(name)),
            "GET formation": lambda: (200, [{"type": "web", "quantity": fake.app(name).web_dynos}]),
            "PATCH formation": lambda: (200, fake.scale(name, body["updates"])),
            "POST log-sessions": lambda: (201, fake.log_session(name, body["lines"])),
        }
        wanted = carry.get(f"{self.command} {'/'.join([*rest[:1], '_'][: len(rest)])}")
        if wanted is None:
            raise Problem(404, "not_found", "The requested API endpoint was not found.")
        return *wanted(), {}

    def releases(self, releases: list[dict[str, Any]]) -> tuple[int, Any, dict[str, str]]:
        """List releases in the order that is asked for; the oldest first otherwise."""
        asked = LIST_RANGE.fullmatch(self.headers["Range"] or "")
        if not asked:
            return 200, releases, {}
        listed = releases[::-1]
        page = listed[: int(asked[1])]
        return (206 if len(page) < len(listed) else 200), page, {}

    def outside(self, path: str, content: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Carry out a request that is none of the API's: its address is all that it takes."""
        fake = self.server
        what, _, name = path.removeprefix("/").partition("/")
        plain = {"Content-Type": "text/plain"}
        if (self.command, what) == ("PUT", "uploads"):
            self.complain(upload_is_wrong(self.headers), path)
            fake.uploads[name] = content
            return 200, b"", {}
        self.complain(no_key_is_wrong(self.headers), path)
        match self.command, what:
            case "GET", "streams":
                return 200, fake.build_log.encode(), plain
            case "GET", "release-log":
                return 200, fake.release_log.encode(), plain
            case "GET", "logs":
                app, _, lines = name.partition("/")
                wanted = fake.apps[app].log[-int(lines) :]
                return 200, "".join(f"{line}\n" for line in wanted).encode(), plain
        return 404, b"", {}

    def stream(self, path: str, whole: bytes) -> None:
        """Send a build's log, with heartbeats, from where it is asked for, until it is to be cut."""
        fake = self.server
        fake.reached.set()
        if fake.held:
            fake.held.wait()
            return self.close()
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "bytes=0-")
        if not asked:
            fake.complaints.append(f"Range is {self.headers['Range']!r}")
            return self.answer(400, b"", {})
        start = int(asked[1])
        if start and start >= len(whole):
            return self.answer(416, b"", {})
        with fake.lock:
            cut = fake.cuts.pop(0) if fake.cuts else None
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        rest = whole[start:cut]
        for at in range(0, len(rest), 7):
            for piece in (b"\0", rest[at : at + 7]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if cut is not None:
            return self.close()
        with fake.lock:
            _, _, name, build = path.split("/")
            fake.finish_build(name, build)
        self.wfile.write(b"0\r\n\r\n")
        return None

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def cut(self, answer: tuple[int, bytes, dict[str, str]], *, half: bool) -> None:
        """End the connection without an answer, or in the middle of one."""
        if half:
            _, body, _ = answer
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + 1))
            self.end_headers()
            self.wfile.write(body)
        self.close()

    def close(self) -> None:
        """Close the connection at once."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""

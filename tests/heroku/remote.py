"""Heroku's git remote: git's own server program behind TLS on loopback, with a hook that plays the build."""

import base64
import os
import signal
import ssl
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

BUILD = """
echo '-----> Building on the stack'
printf 'a piece, '; echo 'and its end'
echo '       Released v2'
"""

FAILED = """
echo '-----> Building on the stack'
echo ' !     No matching distribution'
exit 1
"""

STALLED = """
echo '-----> Building on the stack'
mkfifo "$GIT_DIR/never"
read nothing <"$GIT_DIR/never"
"""


def git(*args: str, cwd: Path | None = None) -> str:
    """Run git, and return what it printed."""
    return subprocess.run(["git", *args], cwd=cwd, capture_output=True, encoding="utf-8", check=True).stdout.strip()


def certificate(folder: Path) -> Path:
    """Make a certificate for localhost with its key, and return the file that has both."""
    file = folder / "localhost.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", str(file)]
    made = ["openssl", "req", "-x509", "-days", "2", *key, "-out", str(folder / "it.pem"), *subject]
    subprocess.run(made, capture_output=True, check=True)
    file.write_text(file.read_text() + (folder / "it.pem").read_text())
    return file


def end_all(backend: "subprocess.Popen[bytes]") -> None:
    """End a server program with its hooks."""
    with suppress(ProcessLookupError):
        os.killpg(backend.pid, signal.SIGKILL)
    backend.wait()


class GitRemote:
    """Bare repositories by the apps' names."""

    def __init__(self, folder: Path, pem: Path, key: str, pushed: Callable[[str, str], None]) -> None:
        """Serve repositories below `folder` for who has the `key`; `pushed` is told an app and its new main."""
        self.folder = folder
        self.reached = threading.Event()
        """Set when a build says its first line."""
        self.cutting = False
        """Whether connections are cut off at the first line of a build."""
        self._pushed = pushed
        self._backends: list[subprocess.Popen[bytes]] = []
        self._allowed = "Basic " + base64.b64encode(f"heroku:{key}".encode()).decode()
        remote = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                remote.serve(self)

            def do_POST(self) -> None:
                remote.serve(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.host = f"localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def create(self, app: str) -> Path:
        """Make the repository of an app."""
        repository = self.folder / f"{app}.git"
        git("init", "--quiet", "--bare", "--initial-branch=main", str(repository))
        self.build(app, BUILD)
        return repository

    def build(self, app: str, script: str) -> None:
        """Let the builds of an app go as a shell script says, whose output is the log."""
        hook = self.folder / f"{app}.git/hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ncat >/dev/null\n{script}")
        hook.chmod(0o755)

    def main(self, app: str) -> str:
        """Return the commit that an app's main is; empty where there is none."""
        return git("-C", str(self.folder / f"{app}.git"), "for-each-ref", "--format=%(objectname)", "refs/heads/main")

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Hand a request to `git http-backend`, and its answer back as it comes."""
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        if request.headers.get("Authorization") != self._allowed:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="git"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        url = urlsplit(request.path)
        app = url.path.split("/")[1].removesuffix(".git")
        before = self.main(app)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": request.command,
            "REMOTE_USER": "heroku",
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        backend = subprocess.Popen(
            ["git", "http-backend"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._backends.append(backend)
        assert backend.stdin
        assert backend.stdout
        backend.stdin.write(body)
        backend.stdin.close()
        fields = dict(line.decode().split(": ", 1) for line in iter(backend.stdout.readline, b"\r\n") if b": " in line)
        request.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            request.send_header(name, value.strip())
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        try:
            while piece := backend.stdout.read1():  # type: ignore[attr-defined]
                request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                if b"Building" in piece:
                    self.reached.set()
                    if self.cutting:
                        request.close_connection = True
                        return
        finally:
            backend.stdout.close()
            end_all(backend)
        after = self.main(app)
        if after != before:
            self._pushed(app, after)
        request.wfile.write(b"0\r\n\r\n")

    def close(self) -> None:
        """End, and with it the builds that stall."""
        for backend in self._backends:
            end_all(backend)
        self.server.shutdown()
        self.server.server_close()

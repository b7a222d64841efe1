"""A deployed app's own address: it answers as the commit says that was pushed last."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

FORM = '<form action="/create-new" method="post"><textarea name="story">0 1 2 998 999</textarea></form>'


class Site:
    """The web server of one app."""

    def __init__(self, repository: Path) -> None:
        """Serve what is in the git repository that is pushed to."""
        self.repository = repository
        self.commit = ""
        """What runs."""
        self.failing = ""
        """The H-code that each view of the story ends with."""
        self.logs = True
        """Whether the log says so."""
        self.unexpected = ""
        """A page in place of each story."""
        self.log: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.get(self)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.send_response(303)
                self.send_header("Location", f"/view?story={quote_plus(parse_qs(body)['story'][0])}")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def get(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a GET request."""
        path = urlsplit(request.path).path
        status, text = 200, self.unexpected or "the story: 998 999"
        if path == "/":
            text = FORM
        elif path == "/about.json":
            status, text = (200, json.dumps(self.facts())) if self.commit else (503, "Application error")
        elif self.failing:
            status, text = 503, "Application error"
            said = f'at=error code={self.failing} desc="-" method=GET path="/view" request_id='
            if self.logs:
                self.log.append(
                    f"2026-11-22T15:04:06.000000+00:00 heroku[router]: {said}{request.headers['X-Request-ID']}"
                )
        request.send_response(status)
        request.end_headers()
        request.wfile.write(text.encode())

    def facts(self) -> dict[str, str]:
        """Return what the files of the commit say of themselves."""
        pins = dict(line.split("==") for line in self.file("requirements.txt").split() if "==" in line)
        return {
            "variant": json.loads(self.file("app.json"))["env"]["VARIANT"]["value"],
            "uvicorn": pins["uvicorn"],
            "http": "h11" if "--http h11" in self.file("Procfile") else "httptools",
            "http_version": "0.1.2",
            "python": "3.8.18",
            "event_loop": "uvloop",
            "quart": pins["quart"],
        }

    def file(self, path: str) -> str:
        """Return a file of the commit."""
        command = ["git", "-C", str(self.repository), "show", f"{self.commit}:{path}"]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout

    def close(self) -> None:
        """End."""
        self.server.shutdown()
        self.server.server_close()

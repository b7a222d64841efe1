"""The apps that run at the fake Heroku: each serves, at an address of its own, what was uploaded for it."""

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.heroku.rules import members, no_key_is_wrong

FORM = '<form action="/create-new" method="post"><textarea name="story">{story}</textarea></form>'
STORY = " ".join(str(number) for number in range(1000))


class Site(ThreadingHTTPServer):
    """An app at an address of its own; without a slug it answers as Heroku does for an empty app."""

    daemon_threads = True

    def __init__(self, complain: Callable[[str], None], log: Callable[[str], None]) -> None:
        """Serve on a free port; `log` gets the router's lines."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.complain = complain
        self.log = log
        self.slug: bytes | None = None
        self.variant = ""
        """The variant that it says it is, when that is not what was uploaded."""
        self.failing = ""
        """The H-code with which the view fails, or nothing."""
        self.unexpected = ""
        """What the view shows in place of the story, or nothing."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def address(self) -> str:
        """The app's address."""
        return f"http://127.0.0.1:{self.server_port}/"

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers as the app would, from the uploaded files."""

    server: Site
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # heads and bodies are written one after the other

    def do_GET(self) -> None:
        """Answer the pages."""
        wrong = no_key_is_wrong(self.headers)
        if wrong:
            self.server.complain(wrong)
        path = urlsplit(self.path).path
        if self.server.slug is None:
            self.answer(404, "no app")
        elif path == "/about.json":
            self.answer(200, json.dumps(self.about(self.server.slug)))
        elif path == "/":
            self.answer(200, FORM.format(story=STORY))
        elif path == "/view" and self.server.failing:
            shown = self.headers["X-Request-ID"]
            code = self.server.failing
            self.server.log(f'at=error code={code} desc="…" method=GET path="/view" request_id={shown} status=503')
            self.answer(503, "Application error")
        elif path == "/view":
            story = parse_qs(urlsplit(self.path).query)["story"][0]
            self.answer(200, self.server.unexpected or f"<p>{story}</p>")
        else:
            self.answer(404, "no page")

    def do_POST(self) -> None:
        """Redirect to the story, as the form does."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(302, "", Location=f"view?{body}")

    def about(self, slug: bytes) -> dict[str, str]:
        """Say what the uploaded files say."""
        files = {path: content.decode("utf-8", "replace") for path, (content, _) in members(slug).items()}
        uvicorn = re.search(r"uvicorn(?:-|==| @ \S*/uvicorn-)(\d[\w.+]*)", files["requirements.txt"])
        assert uvicorn
        return {
            "variant": self.server.variant or json.loads(files["app.json"])["env"]["VARIANT"]["value"],
            "uvicorn": uvicorn[1],
            "http": "h11" if "--http h11" in files["Procfile"] else "httptools",
        }

    def answer(self, status: int, text: str, **headers: str) -> None:
        """Send a whole answer."""
        body = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""

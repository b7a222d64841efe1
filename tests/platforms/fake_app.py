"""A small real web app for the tests of the platform: what it does is said by files in its folder."""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent

FACTS = dict.fromkeys(("uvicorn", "http", "http_version", "python", "event_loop", "quart"), "none: a fake app")


class Handler(BaseHTTPRequestHandler):
    """Answers GET requests."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer by the path."""
        if self.path == "/about.json":
            self.answer(json.dumps(FACTS | {"variant": (HERE / "variant").read_text()}))
        elif self.path == "/environ":
            self.answer(json.dumps(dict(os.environ)))
        elif self.path == "/held":
            (HERE / "is-held").touch()
            wait_for(HERE / "let-go")
            self.answer(HERE.name)
        elif self.path == "/die":
            os._exit(3)
        else:
            self.answer(HERE.name)

    def answer(self, text: str) -> None:
        """Send a whole answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    while not path.exists():
        time.sleep(0.01)


def main() -> None:
    """Serve, as the options on the command line say."""
    if "stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "parent" in sys.argv:
        child = subprocess.Popen(["sleep", "600"])
        (HERE / "child").write_text(str(child.pid))
    if "noisy" in sys.argv:
        os.write(1, b"\xff\xfe\n" + b"x" * 100_000 + b"\nlast words\n")
    if "late" in sys.argv:
        wait_for(HERE / "may-open")
    if "broken" in sys.argv:
        os.write(2, b"no app to be found\n")
        sys.exit(4)
    ThreadingHTTPServer((os.environ["BIND_HOST"], int(os.environ["PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()

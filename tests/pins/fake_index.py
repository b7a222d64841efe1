"""A package index on loopback (PEP 691): it answers as a test says, or as the real one did at some moment."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urljoin

import httpx
from pip._internal.models.index import PyPI

from scripts.pins import pip_settings
from scripts.pins.index import JSON

Answer = Callable[[BaseHTTPRequestHandler, str], None]
"""Answers a request for the package of that name."""


def page(package: str, files: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a package's page."""
    return {"meta": {"api-version": "1.1"}, "name": package, "versions": [], "files": files}


def file(name: str, uploaded: str = "2020-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """Return a file's entry on a page; its own address leads nowhere."""
    hashes = {"sha256": "0" * 64}
    return {"filename": name, "url": f"gone/{name}", "hashes": hashes, "size": 1, "upload-time": uploaded, **more}


def send(handler: BaseHTTPRequestHandler, body: bytes, kind: str = JSON, status: int = 200) -> None:
    """Answer whole."""
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(body)


def lists(files: list[dict[str, Any]]) -> Answer:
    """Return an index that lists these files of whatever is asked for."""
    return lambda handler, package: send(handler, json.dumps(page(package, files)).encode())


def as_of(moment: datetime) -> Answer:
    """Return the real index without uvicorn's files of `moment` and later."""
    settings = pip_settings.read()
    real = settings.get("index-url", PyPI.simple_url).rstrip("/")

    def answer(handler: BaseHTTPRequestHandler, package: str) -> None:
        address = f"{real}/{package}/"
        if not handler.path.startswith("/simple/"):
            send(handler, b"", "text/plain", 404)  # the Simple API is all that an index must have
            return
        trust = ssl.create_default_context(cafile=settings.get("cert"))
        got = httpx.get(address, headers={"Accept": JSON}, timeout=60, verify=trust, follow_redirects=True)
        if not got.is_success:
            send(handler, b"", "text/plain", got.status_code)
            return
        body = got.json()
        if package == "uvicorn":
            body["files"] = [each for each in body["files"] if datetime.fromisoformat(each["upload-time"]) < moment]
        for each in body["files"]:
            each["url"] = urljoin(address, each["url"])
        send(handler, json.dumps(body).encode())

    return answer


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Yield the address of an index that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                answer(self, self.path.strip("/").rpartition("/")[2])
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/simple"
        finally:
            server.shutdown()
            thread.join()

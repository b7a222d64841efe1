"""What the real servers serve: a page with the path and query that was asked for; by `python served.py NAME PORT` too.

It runs in the servers' own environments, and imports a server only when that one is to run.
"""

# mypy: ignore-errors
# What it imports is not in the environment of the checks.

from __future__ import annotations  # for Python 3.8

import socketserver
import sys
import wsgiref.simple_server
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Serve as an ASGI app."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = scope["path"].encode() + b"?" + scope["query_string"]
    fields = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ: Any, start: Callable[..., object]) -> Iterable[bytes]:
    """Serve as a WSGI app."""
    body = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}".encode()
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


class Handler(BaseHTTPRequestHandler):
    """Serve by http.server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Old(Handler):
    """The same by HTTP/1.0."""

    protocol_version = "HTTP/1.0"


def by_http_server(port: int) -> None:
    """http.server, one at a time."""
    HTTPServer((HOST, port), Old).serve_forever()


def by_http_server_threaded(port: int) -> None:
    """http.server with a thread a connection."""
    ThreadingHTTPServer((HOST, port), Handler).serve_forever()


def by_wsgiref(port: int) -> None:
    """wsgiref, one at a time."""
    wsgiref.simple_server.make_server(HOST, port, wsgi).serve_forever()


def by_socketserver_forking(port: int) -> None:
    """A process for each connection."""

    class Forking(socketserver.ForkingMixIn, HTTPServer):
        pass

    Forking((HOST, port), Handler).serve_forever()


if __name__ == "__main__":
    globals()[f"by_{sys.argv[1]}"](int(sys.argv[2]))

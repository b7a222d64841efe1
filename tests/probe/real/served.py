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


def by_aiohttp(port: int) -> None:
    """By aiohttp."""
    from aiohttp import web

    async def view(request: Any) -> Any:
        return web.Response(text=request.raw_path)

    app = web.Application()
    app.router.add_get("/{any:.*}", view)
    web.run_app(app, host=HOST, port=port, print=None)


def by_tornado(port: int) -> None:
    """Tornado."""
    import asyncio

    import tornado.web

    class Page(tornado.web.RequestHandler):
        def get(self) -> None:
            self.write(self.request.uri)

    async def serve() -> None:
        tornado.web.Application([(".*", Page)]).listen(port, HOST)
        await asyncio.Event().wait()

    asyncio.run(serve())


def by_twisted(port: int) -> None:
    """Twisted."""
    from twisted.internet import reactor
    from twisted.web import resource, server

    class Page(resource.Resource):
        isLeaf = True  # noqa: N815 - Twisted's

        def render_GET(self, request: Any) -> Any:  # noqa: N802 - Twisted's
            return request.uri

    reactor.listenTCP(port, server.Site(Page()), interface=HOST)
    reactor.run()


def by_cheroot(port: int) -> None:
    """cheroot, ten threads."""
    from cheroot.wsgi import Server

    Server((HOST, port), wsgi).start()


def by_waitress(port: int) -> None:
    """waitress, four threads."""
    import waitress

    waitress.serve(wsgi, host=HOST, port=port)


def by_werkzeug(port: int) -> None:
    """Werkzeug, one at a time."""
    from werkzeug.serving import run_simple

    run_simple(HOST, port, wsgi, threaded=False)


def by_werkzeug_threaded(port: int) -> None:
    """Werkzeug with a thread a connection."""
    from werkzeug.serving import run_simple

    run_simple(HOST, port, wsgi, threaded=True)


def by_gevent(port: int) -> None:
    """By gevent."""
    from gevent.pywsgi import WSGIServer

    WSGIServer((HOST, port), wsgi, log=None).serve_forever()


def by_eventlet(port: int) -> None:
    """By eventlet."""
    import eventlet
    from eventlet import wsgi as server

    server.server(eventlet.listen((HOST, port)), wsgi, log_output=False)


def by_sanic(port: int) -> None:
    """Sanic of today."""
    from sanic import Sanic
    from sanic.response import text

    app = Sanic("page")

    @app.get("/<any:path>")
    async def view(request: Any, any: str) -> Any:  # noqa: A002 - the route's
        return text(f"/{any}?{request.query_string}")

    app.run(HOST, port, single_process=True, access_log=False, motd=False)


def by_old_sanic(port: int) -> None:
    """Sanic 0.4.1, whose protocol has too narrow slots for Python 3.8: a subclass has none."""
    from sanic import Sanic
    from sanic.response import text
    from sanic.server import HttpProtocol

    app = Sanic("page")

    @app.route("/view")
    async def view(request: Any) -> Any:
        return text(f"{request.url}?{request.query_string}")

    app.run(host=HOST, port=port, protocol=type("Protocol", (HttpProtocol,), {}))


if __name__ == "__main__":
    globals()[f"by_{sys.argv[1]}"](int(sys.argv[2]))

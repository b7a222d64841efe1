"""The bare app by WSGI; run by its path with SERVER and PORT it also starts a server that has no command of its own."""

# mypy: ignore-errors
# What it imports is in the environments of the servers.

import sys
from collections.abc import Callable, Iterable
from typing import Any

from bare_app import answer_to, url_of

HOST = "127.0.0.1"


def app(environ: Any, start: Callable[..., object]) -> Iterable[bytes]:
    """Answer what is asked."""
    path, query = environ["PATH_INFO"].encode("latin-1").decode(), environ.get("QUERY_STRING", "")
    asked = {"path": path, "query_string": query}
    fields, content = answer_to(environ["REQUEST_METHOD"], url_of(asked), _body(environ))
    start("200 OK", [(name.decode(), value.decode()) for name, value in fields])
    return [content]


def _body(environ: Any) -> bytes:
    """Read the request's body, which has a length or comes in chunks; some servers read no further without a length."""
    if environ.get("CONTENT_LENGTH"):
        return environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    return environ["wsgi.input"].read() if environ.get("HTTP_TRANSFER_ENCODING") else b""


def werkzeug(port: int) -> None:
    """Start Werkzeug, one request at a time."""
    from werkzeug.serving import run_simple

    run_simple(HOST, port, app)


def werkzeug_threaded(port: int) -> None:
    """Start Werkzeug with a thread a connection, as `flask run` does."""
    from werkzeug.serving import run_simple

    run_simple(HOST, port, app, threaded=True)


def gevent(port: int) -> None:
    """Start gevent's."""
    from gevent.pywsgi import WSGIServer

    WSGIServer((HOST, port), app, log=None).serve_forever()


def eventlet(port: int) -> None:
    """Start eventlet's."""
    import eventlet
    from eventlet import wsgi

    wsgi.server(eventlet.listen((HOST, port)), app, log_output=False)


if __name__ == "__main__":
    globals()[sys.argv[1]](int(sys.argv[2]))

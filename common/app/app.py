"""The app of every variant: a form whose redirect makes a request line of about 3.9 KB, as uvicorn issue 344 needs it.

Each page and /about.json say what served the request. Each answer has a header X-Asked-For with the URL that the app
was asked for: whole up to 256 bytes; of a longer one the first 256 bytes, a semicolon, a space and how long it is:
`; 3901 bytes`. No URL holds a space, so the one form cannot be taken for the other. A page shows the URL whole, with
the method and the body that came with it: one that reached a wrong URL is seen there. A WebSocket is accepted at any
URL, so that a wrong one is seen; its one message is the URL, whole, and then it stays open until the client goes.

All of that is found out at run time. An answer depends on its request and on what serves it, never on time or chance,
so two answers can be compared byte for byte. It runs on Python 3.8 with Quart 0.13 and on current ones of both.
"""

import asyncio
import base64
import functools
import hashlib
import json
import os
import platform
import re
import string
from contextvars import ContextVar
from importlib import metadata
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import quote, quote_plus

from quart import Quart, Response, abort, jsonify, render_template, request, websocket

HERE = Path(__file__).resolve().parent
STORY = " ".join(str(number) for number in range(1000))
"""The form's story. As a URL it is `/view?story=0+1+2+…+999`: 3,901 bytes."""
SEGMENTS = range(len("GET /view?story="), 8001)
"""Segment sizes of the second form, in bytes: a request line beyond 8192 bytes would be refused by Heroku's router."""
FILLER = " ".join(str(number) for number in range(2000))
"""Fills up the second form's story: each character takes one byte of the URL."""
ERRORS = {
    400: f"A story is missing, or the segment size is not a whole number from {SEGMENTS[0]} to {SEGMENTS[-1]}.",
    404: "There is no page at the URL that the app was asked for.",
    405: "This page does not answer to that method.",
    413: "This story is too long for the demonstration.",
    500: "The app failed while it answered. Its log says why.",
}
STYLE = (HERE / "templates" / "style.css").read_text("utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    # A browser must ask again each time the form is submitted.
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

REDIRECT = 302

SHOWN_BYTES = 256
"""How much of a URL X-Asked-For holds: with all of the form's 3.9 KB a stock nginx answers 502 in its place."""
BODY_BYTES = 65536
"""How much of a request's body is taken in."""

Message = Dict[str, Any]


class Asked(NamedTuple):
    """What the app was asked, as its server put it."""

    url: str
    module: str
    """The module of the server's own object that the request came from: what is installed proves nothing."""
    method: str = ""
    body: bytes = b""
    """What came of the body: whole, or a little more than is taken in."""

    @property
    def header(self) -> str:
        """The value of X-Asked-For."""
        if len(self.url) <= SHOWN_BYTES:
            return self.url
        return f"{self.url[:SHOWN_BYTES]}; {len(self.url)} bytes"

    @property
    def text(self) -> str:
        """The body as a page shows it; empty where it is too long to be taken in."""
        return self.body.decode("utf-8", "backslashreplace") if len(self.body) <= BODY_BYTES else ""


asked: "ContextVar[Asked]" = ContextVar("asked")
app = Quart(__name__)
app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES


def asked_url(scope: Dict[str, Any]) -> str:
    """Return the URL that a scope is for, in visible ASCII: all else would break a header."""
    # Servers differ: raw_path may be missing, be text, or hold the query too.
    raw = scope.get("raw_path") or quote(scope["path"])
    url = (raw.encode() if isinstance(raw, str) else raw).partition(b"?")[0]
    if scope["query_string"]:
        url += b"?" + scope["query_string"]
    return quote(url, safe=string.punctuation)


async def whole_body(receive: Callable[[], Awaitable[Message]]) -> Tuple[bytes, List[Message]]:
    """Return a request's body, read until it ends or is too long, and the messages that it came in."""
    body, messages, more = b"", [], True
    while more and len(body) <= BODY_BYTES:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body, messages


def witnessed(asgi: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap an ASGI app: `asked` says what the server asks, and each answer which URL that was."""

    async def wrapper(scope: Dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await asgi(scope, receive, send)
            return
        module = str(getattr(getattr(receive, "__self__", receive), "__module__", None))
        what, messages = Asked(asked_url(scope), module), []
        if scope["type"] == "http":
            # Read before anything is answered: how much has come by then must change no answer.
            body, messages = await whole_body(receive)
            what = what._replace(method=scope["method"], body=body)
        else:
            # A route of WebSockets for any path would answer 400 to pages that are not there.
            scope = {**scope, "path": "/view"}
        asked.set(what)
        extra = [(b"x-asked-for", what.header.encode())]
        guards = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

        async def again() -> Message:
            return messages.pop(0) if messages else await receive()

        async def say(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                # A redirect has no page to guard, and the form's fills by itself what a stock nginx has for a head.
                more = guards if message.get("status", REDIRECT) != REDIRECT else []
                message = {**message, "headers": [*message.get("headers", []), *extra, *more]}
            await send(message)

        await asgi(scope, again, say)

    return wrapper


app.asgi_app = witnessed(app.asgi_app)


@functools.lru_cache(maxsize=None)
def version(distribution: str) -> Optional[str]:
    """Return the version of an installed distribution, or None where there is none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


@functools.lru_cache(maxsize=None)
def variant() -> str:
    """Return the variant's name: $VARIANT, else what a branch's app.json says."""
    try:
        stated = json.loads((HERE / "app.json").read_text("utf-8"))["env"]["VARIANT"]["value"]
    except (FileNotFoundError, KeyError):
        stated = "working tree"
    return os.environ.get("VARIANT") or stated


def about() -> Dict[str, Optional[str]]:
    """Return what answers the present request; None for what is not there."""
    module = asked.get().module
    implementation = re.match(r"uvicorn\.protocols\.http\.(\w+)_impl$", module)
    http = implementation.group(1) if implementation else f"unknown ({module})"
    return {
        "variant": variant(),
        "uvicorn": version("uvicorn") if module.startswith("uvicorn.") else None,
        "http": http,
        "http_version": version(http) if implementation else None,
        "python": platform.python_version(),
        "event_loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
        "quart": version("quart"),
    }


@app.context_processor
async def for_every_page() -> Dict[str, Any]:
    """Return what base.html shows."""
    return {"about": about(), "asked": asked.get(), "style": STYLE}


@app.route("/")
async def index() -> str:
    """Show the two forms; the second one's story puts /admin at byte `segment` of the head, at the URL's very end."""
    segment = request.args.get("segment", "1460")
    if not re.fullmatch("[0-9]{1,4}", segment) or int(segment) not in SEGMENTS:
        abort(400)
    filler = FILLER[: int(segment) - SEGMENTS[0]]
    return await render_template("index.html", story=STORY, filler=filler, segment=int(segment), segments=SEGMENTS)


@app.route("/create-new", methods=["POST"])
async def create_new() -> Response:
    """Redirect to the view of the posted story."""
    story = (await request.form).get("story")
    if story is None:
        abort(400)
    # Browsers send a textarea's line breaks as CRLF.
    url = "view?story=" + quote_plus(story.replace("\r\n", "\n"), safe="/:")
    return Response("", status=REDIRECT, headers={"Location": url})


@app.route("/view", methods=["GET", "POST"])
async def view() -> str:
    """Show a story."""
    return await render_template("view.html", story=request.args.get("story", ""))


@app.route("/admin", methods=["GET", "POST"])
async def admin() -> str:
    """Show the page that nobody asked for."""
    return await render_template("admin.html")


@app.websocket("/view")
async def say_what_was_asked_for() -> None:
    """Accept a WebSocket, say which URL its handshake asked for, and stay until the client goes."""
    await websocket.accept()
    await websocket.send(asked.get().url)
    while True:
        await websocket.receive()


@app.route("/about.json")
async def about_json() -> Response:
    """Say to programs what answers."""
    return jsonify(about())


def error_handler(status: int) -> Callable[[Exception], Awaitable[Response]]:
    """Return the handler that answers with the page for `status`."""

    async def handler(error: Any) -> Response:
        page = Response(await render_template("error.html", status=status, reason=ERRORS[status]), status=status)
        if status == 405:
            # As the library says it, but in the same order in each process.
            page.headers["Allow"] = ", ".join(sorted(dict(error.get_headers())["Allow"].split(", ")))
        return page

    return handler


for code in ERRORS:
    app.register_error_handler(code, error_handler(code))

"""The app of every variant: a form whose redirect makes a request line of about 3.9 KB, as uvicorn issue 344 needs it.

Each page, /about.json and the header X-Asked-For say what served the request and which URL the app was asked for:
both are found out at run time. An answer depends on its request and on what serves it, never on time or chance, so
two answers can be compared byte for byte. It runs on Python 3.8 with Quart 0.13 and on current ones of both.
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
from importlib import metadata
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, Optional
from urllib.parse import quote, quote_plus

from quart import Quart, Response, abort, jsonify, render_template, request

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

app = Quart(__name__)
app.config["MAX_CONTENT_LENGTH"] = 65536


def witnessed(asgi: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap an ASGI app: each request's scope names its server's module, each response the URL that was asked for."""

    async def wrapper(scope: Dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await asgi(scope, receive, send)
            return
        # Servers differ: raw_path may be missing, or hold the query too.
        url = (scope.get("raw_path") or quote(scope["path"]).encode()).partition(b"?")[0]
        if scope["query_string"]:
            url += b"?" + scope["query_string"]
        # What is no visible ASCII would break the header.
        asked_for = quote(url, safe=string.punctuation)
        extra = [(k.lower().encode(), v.encode()) for k, v in {**HEADERS, "X-Asked-For": asked_for}.items()]
        # `receive` belongs to the very object that parsed this request: what is installed proves nothing.
        module = str(getattr(getattr(receive, "__self__", receive), "__module__", None))

        async def say(message: Dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        await asgi({**scope, "asked_for": asked_for, "server_module": module}, receive, say)

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
    module = request.scope["server_module"]
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
    return {"about": about(), "asked_for": request.scope["asked_for"], "style": STYLE}


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
    return Response("", status=302, headers={"Location": url})


@app.route("/view")
async def view() -> str:
    """Show a story."""
    return await render_template("view.html", story=request.args.get("story", ""))


@app.route("/admin")
async def admin() -> str:
    """Show the page that nobody asked for."""
    return await render_template("admin.html")


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

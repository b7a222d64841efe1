"""The platform's own page: what runs here, the segment size, the probe, the router's log, the request that failed last.

What changes something is a form with a token of this process's, sent by this page's own origin: no other page can do
it. Whoever asks by another host name than localhost gets a page without forms, with 404: a name that somebody points at
this machine shows nothing that he could use. What a page shows also comes as server-sent events, part by part as it
changes, so that it stays true while it is open. Without JavaScript it is as true as its last reload.
"""

import asyncio
import json
import os
import platform
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from importlib import metadata
from pathlib import Path
from typing import Any

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from common.live.asking import Gone, ask, platform_state
from common.live.state import INSTANCE, LARGEST_SEGMENT, TOKEN, Live, pages, place

HERE = Path(__file__).resolve().parent
SITE = HERE.parent / "site"
FILES = {
    "style.css": (SITE / "style.css", "text/css"),
    "wire.css": (SITE / "wire.css", "text/css"),
    "live.css": (HERE / "live.css", "text/css"),
    "live.js": (HERE / "live.js", "text/javascript"),
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # Not no-referrer: with that the page's own forms would come from the origin `null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
NAME = os.environ.get("VARIANT", "live")
BEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 2000

app = Quart(__name__, static_folder=None)
app.config["MAX_CONTENT_LENGTH"] = 4096


live = Live()


def own_host() -> str:
    """Return the one host and port that the whole page answers to."""
    port = platform_state()["port"]
    return "localhost" if port == 80 else f"localhost:{port}"


def is_own() -> bool:
    """Say whether a request comes from this page, or from no page at all: browsers say where it comes from."""
    own = f"http://{own_host()}"
    is_same = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    return is_same and request.headers.get("Origin", own) == own


@app.before_serving
async def begin() -> None:
    """Learn what takes a while before the first page is asked for."""
    await live.learn()


@app.before_request
async def refuse_others() -> Response | None:
    """Answer other hosts with 404 and no form, other pages with 403."""
    if request.path == "/about.json" or request.path[1:] in FILES:
        return None
    try:
        if request.host != own_host():
            return await away()
        if (request.method == "POST" or request.path == "/events") and not is_own():
            return told_page(403, "That is not allowed", "Another page sent this. Nothing was done.")
        if request.method == "POST":
            token = (await request.form).get("token", "")
            if not secrets.compare_digest(token.encode(), TOKEN.encode()):
                why = "This form is of an older page: reload the page, and send it again. Nothing was done."
                return told_page(403, "That is not allowed", why)
    except Gone as gone:
        return told_page(503, "The platform is ending", f"{gone}. Start it again: make deploy VARIANT=v0.12.1")
    return None


@app.after_request
async def add_headers(response: Response) -> Response:
    """Add what every answer has."""
    response.headers.extend(HEADERS)
    return response


@app.errorhandler(Exception)
async def answer_error(error: Exception) -> Response:
    """Say what went wrong on a page like the others."""
    if isinstance(error, HTTPException):
        return told_page(error.code or 500, error.name, f"{error.description}")
    app.logger.exception("a request met a bug", exc_info=error)
    return told_page(
        500, "The page has failed", "This is a bug of the live page. What happened is in .local/logs/live.log."
    )


def told_page(status: int, title: str, sentence: str, rows: Any = ()) -> Response:
    """Return a page that says one thing."""
    home = f"http://{own_host()}/" if status < 500 else ""
    html = pages.get_template("told.html").render(status=status, title=title, sentence=sentence, home=home, rows=rows)
    return Response(html, status, content_type="text/html; charset=utf-8")


async def away() -> Response:
    """Return what an unknown host gets."""
    await live.ask()
    return told_page(404, "No such app", "No app answers to this host name. These do:", live.rows)


@app.get("/")
async def index() -> Response:
    """Show everything."""
    try:
        await live.refresh()
    except Gone as gone:
        return told_page(503, "The platform is ending", f"{gone}. Start it again: make deploy VARIANT=v0.12.1")
    html = pages.get_template("page.html").render(
        parts=live.board.parts,
        names=[row["variant"] for row in live.rows],
        listed=live.listed,
        running=live.probes.run,
        host=own_host(),
    )
    return Response(html, content_type="text/html; charset=utf-8")


@app.get("/<name>")
async def file(name: str) -> Response:
    """Send one of the page's files."""
    if name not in FILES:
        return told_page(404, "No such page", "There is nothing at this address.")
    path, kind = FILES[name]
    return Response(path.read_bytes(), content_type=f"{kind}; charset=utf-8")


@app.get("/about.json")
async def about_json() -> dict[str, str]:
    """Say what answers, as every app of the platform does."""
    versions = {name: metadata.version(name) for name in ("uvicorn", "quart", "httptools")}
    return {
        "variant": NAME,
        "uvicorn": versions["uvicorn"],
        "http": "httptools",
        "http_version": versions["httptools"],
        "python": platform.python_version(),
        "event_loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
        "quart": versions["quart"],
    }


@app.post("/segment")
async def segment() -> Response:
    """Set the router's segment size."""
    given = (await request.form).get("segment_bytes", "")
    if not (given.isascii() and given.isdigit()) or len(given) > 5 or int(given) > LARGEST_SEGMENT:
        return told_page(
            400,
            "No such size",
            f"A segment has 1 to {LARGEST_SEGMENT} bytes; 0 sends heads on whole. Nothing was done.",
        )
    try:
        await ask("SetSegment", segment_bytes=int(given))
    except Gone as gone:
        return told_page(503, "Nothing was done", f"{gone}.")
    return Response("", 303, headers={"Location": "/#segment"})


@app.post("/probe")
async def probe() -> Response:
    """Have a variant probed."""
    variant = (await request.form).get("variant", "")
    try:
        row = await live.row(variant)
    except Gone as gone:
        return told_page(503, "Nothing was done", f"{gone}.")
    if not row:
        return told_page(404, "It does not run", "This variant is not deployed: there is nothing to probe.")
    parser = live.facts["variants"].get(variant, {}).get("http", "httptools")
    if not live.probes.start(variant, parser):
        return told_page(429, "Enough wait", f"Several probes of {variant} wait for their turn already.")
    return Response("", 303, headers={"Location": f"/#{place(variant)}"})


@app.get("/events")
async def events() -> Response:
    """Send what changes."""
    response = Response(stream(), content_type="text/event-stream")
    response.timeout = None
    return response


async def stream() -> AsyncIterator[bytes]:
    """Yield the events for one page, until it is closed."""
    live.look()
    try:
        yield b"retry: %d\n" % RETRY_MILLISECONDS
        yield event("hello", instance=INSTANCE)
        async with aclosing(live.board.news(BEAT_SECONDS)) as news:
            async for part in news:
                if part is None:
                    yield event("beat")
                else:
                    name, change, html = part
                    yield event("part", name=name, change=change, html=html)
    finally:
        live.leave()


def event(kind: str, **data: Any) -> bytes:
    """Return a server-sent event (HTML Standard, section 9.2)."""
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()

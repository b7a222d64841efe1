"""A current uvicorn behind the router: of a request made to be taken for two, its app sees one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from scripts.router.router import PROFILES, DynoState, RoutedDyno
from tests.app.server import ENVIRONMENTS, uvicorn
from tests.router.router_bench import ASYNC, Bench, bench

pytestmark = [*ASYNC, pytest.mark.parametrize("http", ["httptools", "h11"])]

APP = """
import json

seen = []


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/seen":
        body = json.dumps(seen).encode()
        seen.clear()
    else:
        more, body = True, b""
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
        seen.append([scope["path"], headers, body.decode("latin-1")])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
"""

INNER = b"GET /inner HTTP/1.1\r\nHost: app.localhost\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
SEEN = b"GET /seen HTTP/1.1\r\nHost: app.localhost\r\n\r\n"


@asynccontextmanager
async def routed_app(folder: Path, http: str) -> AsyncIterator[Bench]:
    """Run the app that tells what it saw, and the router in front of it."""
    (folder / "telling.py").write_text(APP)
    with uvicorn(ENVIRONMENTS["current"], folder, "telling:app", http=http) as server:
        up = RoutedDyno(state=DynoState.UP, address=("127.0.0.1", server.port))
        async with bench(up, segment_bytes=0) as started:
            yield started


async def seen(started: Bench, sent: bytes) -> list[tuple[str, dict[str, str], str]]:
    """Send what confuses, and return what the app has seen when that is answered: paths, headers, bodies."""
    async with started.client() as client:
        await client.send(sent)
        await client.answer()
    for _ in range(20):
        await asyncio.sleep(0)
    async with started.client() as client:
        found = json.loads((await client.ask(SEEN)).body)
    return [(path, dict(headers), body) for path, headers, body in found]


@pytest.mark.parametrize("protocol", [b"foo", b"h2c", b"websocket"])
@pytest.mark.parametrize("profile", list(PROFILES))
async def test_a_body_with_upgrade_is_a_body(tmp_path: Path, http: str, protocol: bytes, profile: str) -> None:
    """A request in the body of one that wants to upgrade stays a body, and says nothing of who asked."""
    lines = b"POST /outer HTTP/1.1", b"Host: app.localhost", b"Connection: Upgrade", b"Upgrade: " + protocol
    head = b"\r\n".join((*lines, b"Content-Length: %d" % len(INNER), b"", INNER))
    async with routed_app(tmp_path, http) as started:
        started.router.profile = PROFILES[profile]
        ((path, headers, body),) = await seen(started, head)
    assert (path, headers["x-forwarded-for"], body) == ("/outer", "127.0.0.1", INNER.decode())


async def test_trailers_are_no_headers(tmp_path: Path, http: str) -> None:
    """What a client sends behind its body does not become a header of its request."""
    head = b"POST /outer HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with routed_app(tmp_path, http) as started:
        trailers = b"X-Forwarded-For: 6.6.6.6\r\nX-Admin: yes\r\n"
        ((_, headers, body),) = await seen(started, head + b"2\r\nab\r\n0\r\n" + trailers + b"\r\n")
    assert (headers["x-forwarded-for"], body) == ("127.0.0.1", "ab")
    assert "x-admin" not in headers

"""The app in other ways than on a branch under uvicorn: other servers, other names, and a failure of its own."""

import json
from pathlib import Path

import pytest

from scripts.process import run
from tests.app.pages import Page
from tests.app.server import Environment, Server, copy_app, serving, uvicorn

BROKEN = """
from app import app

@app.route("/broken")
async def broken():
    raise RuntimeError("a secret of the app")
"""

# A server of a few lines: it calls the app with each of the scopes that its standard input lists.
BARE_SERVER = """
import asyncio, json, sys
from app import app

async def asked_for(path, raw_path, query):
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "query_string": query.encode(), "root_path": "", "headers": [(b"host", b"a")],
    }
    if raw_path is not None:
        scope["raw_path"] = raw_path.encode()
    messages = [{"type": "http.request", "body": b"", "more_body": False}]
    answered = asyncio.Event()
    headers = {}

    async def receive():
        if messages:
            return messages.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        headers.update(message.get("headers", []))
        if not message.get("more_body", message["type"] == "http.response.start"):
            answered.set()

    await asyncio.wait_for(app(scope, receive, send), 30)
    return headers[b"x-asked-for"].decode("latin1")

async def serve(scopes):
    print(json.dumps([await asked_for(*scope) for scope in scopes]))

asyncio.run(serve(json.load(sys.stdin)))
"""

# Path, raw path, query string; and the header that they must make.
ODD_SCOPES = [
    (("/é b", None, ""), "/%C3%A9%20b"),
    (("/view", None, "story=1"), "/view?story=1"),
    (("/view", "/vie%77?story=1", "story=1"), "/vie%77?story=1"),
    (("/view", "/view", ""), "/view"),
    (("/a", "/a\r\nSet-Cookie: b=c", "d=\x7f\x00\t e"), "/a%0D%0ASet-Cookie:%20b=c?d=%7F%00%09%20e"),
]


def test_the_environment_names_the_variant_first(place: Environment, tmp_path: Path) -> None:
    """$VARIANT, which Heroku sets from app.json and lets the user change, beats the file."""
    folder = copy_app(tmp_path / "app", variant="of the file")
    with uvicorn(place, folder, VARIANT="of the environment") as server:
        assert server.ask("/about.json").facts["variant"] == "of the environment"


@pytest.mark.parametrize("content", ["", '{"env": {}}'], ids=["no app.json", "app.json without it"])
def test_without_a_variant_it_is_the_working_tree(place: Environment, tmp_path: Path, content: str) -> None:
    """Neither the environment nor app.json names a variant: so it is no branch; an empty $VARIANT is none."""
    folder = copy_app(tmp_path / "app")
    if content:
        (folder / "app.json").write_text(content)
    with uvicorn(place, folder, VARIANT="") as server:
        assert server.ask("/about.json").facts["variant"] == "working tree"


def test_a_failure_of_the_app_gets_its_page(place: Environment, tmp_path: Path) -> None:
    """500 looks like the other pages, says what was asked for, and tells nothing of the app's inside."""
    folder = copy_app(tmp_path / "app")
    (folder / "broken.py").write_text(BROKEN)
    with uvicorn(place, folder, "broken:app") as server:
        answer = server.ask("/broken?a=b")
        assert server.ask("/admin").status == 200
    assert answer.status == 500
    assert Page(answer.text).one("h1").text == "500"
    assert "secret" not in answer.text
    assert answer.headers["X-Asked-For"] == "/broken?a=b"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_another_server_is_not_taken_for_uvicorn(place: Environment, tmp_path: Path) -> None:
    """Under hypercorn, with uvicorn and httptools installed beside it, neither is claimed."""
    folder = copy_app(tmp_path / "app", variant="v1")
    with serving(
        folder, [place.programs / "hypercorn", "app:app", "--bind=127.0.0.1:0", "--graceful-timeout=0"]
    ) as port:
        server = Server(port, place)
        facts = server.ask("/about.json").facts
        terms = Page(server.ask("/admin").text).terms
    assert facts["uvicorn"] is None
    assert facts["http_version"] is None
    assert str(facts["http"]).startswith("unknown (")
    assert terms["uvicorn"] == "none"
    assert terms["HTTP"] == facts["http"]


def test_the_header_is_safe_and_alike_on_any_server(place: Environment, tmp_path: Path) -> None:
    """Whatever a server calls path, raw path and query string, X-Asked-For is one URL that a header may hold."""
    folder = copy_app(tmp_path / "app")
    scopes = json.dumps([scope for scope, _ in ODD_SCOPES]).encode()
    said = json.loads(run([place.programs / "python", "-c", BARE_SERVER], cwd=folder, stdin=scopes).stdout)
    assert said == [header for _, header in ODD_SCOPES]

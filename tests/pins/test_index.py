"""Which releases there are: a real client against an index on loopback, in good and in bad health."""

import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from scripts.errors import Failure
from scripts.pins import pip_settings
from scripts.pins.index import Release, releases
from tests.pins.fake_index import Answer, file, lists, send, serving

DAY = "2026-01-02T03:04:05.678900Z"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the user's pip be told to wait a moment only; settings are read anew in each test."""
    monkeypatch.delenv("PIP_DEFAULT_TIMEOUT", raising=False)
    monkeypatch.setenv("PIP_TIMEOUT", "0.2")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    yield
    pip_settings.read.cache_clear()


def ask(answer: Answer, monkeypatch: pytest.MonkeyPatch, limit: float = 20.0) -> list[Release]:
    """Return the releases of uvicorn on an index that answers so."""
    with serving(answer) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        pip_settings.read.cache_clear()
        return releases("uvicorn", limit=limit)


def test_releases_come_with_their_facts_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are compared as PEP 440 does; a file that is no release of it is left out."""
    found = ask(
        lists(
            [
                file("uvicorn-0.10.0-py3-none-any.whl", DAY, **{"requires-python": ">=3.7"}),
                file("uvicorn-0.10.0.tar.gz", "2026-01-02T03:04:07Z", **{"requires-python": ">=3.7"}),
                file("uvicorn-0.9.0.tar.gz", DAY),
                file("uvicorn-1.0rc1-py3-none-any.whl", DAY, yanked="broken"),
                file("uvicorn-0.9.0.exe", DAY),
            ]
        ),
        monkeypatch,
    )
    assert [(each.name, each.requires_python, each.yanked, each.wheel) for each in found] == [
        ("v0.9.0", "", False, False),
        ("v0.10.0", ">=3.7", False, True),
        ("v1.0rc1", "", True, True),
    ]
    assert found[1].uploaded == datetime(2026, 1, 2, 3, 4, 7, tzinfo=UTC)


def test_a_file_that_was_taken_back_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release whose wheel alone was yanked is not yanked, but has no wheel any more."""
    (found,) = ask(lists([file("uvicorn-1.0-py3-none-any.whl", yanked=True), file("uvicorn-1.0.tar.gz")]), monkeypatch)
    assert (found.yanked, found.wheel) == (False, False)


def test_the_files_of_several_indexes_are_taken_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pip does: one index may lack the package, and an index of this machine alone is not asked."""
    one, other = (lists([file(f"uvicorn-{version}-py3-none-any.whl")]) for version in ("1.0", "2.0"))
    with serving(other) as extra, serving(gives(b"", "text/plain", 404)) as empty:
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"file:///nowhere {empty} {extra}")
        assert [each.name for each in ask(one, monkeypatch)] == ["v1.0", "v2.0"]


def only_for(credentials: str) -> Answer:
    """Return an index that answers nobody but who has these."""
    wanted = f"Basic {b64encode(credentials.encode()).decode()}"

    def answer(handler: BaseHTTPRequestHandler, package: str) -> None:
        if handler.headers["Authorization"] == wanted:
            lists([file("uvicorn-1.0.tar.gz")])(handler, package)
        else:
            send(handler, b"", "text/plain", 401)

    return answer


def test_the_credentials_in_an_indexs_address_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them it refuses."""
    with pytest.raises(Failure, match="401"):
        ask(only_for("me:address"), monkeypatch)
    with serving(only_for("me:address")) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address.replace("://", "://me:address@"))
        pip_settings.read.cache_clear()
        assert releases("uvicorn")


def test_the_proxy_of_the_users_pip_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the whole address of an index that nothing else reaches; it needs no scheme."""
    asked: list[str] = []

    def proxy(handler: BaseHTTPRequestHandler, package: str) -> None:
        asked.append(handler.path)
        lists([file("uvicorn-1.0.tar.gz")])(handler, package)

    with serving(proxy) as address:
        monkeypatch.setenv("PIP_PROXY", urlsplit(address).netloc)
        monkeypatch.setenv("PIP_INDEX_URL", "http://index.invalid/simple/")
        pip_settings.read.cache_clear()
        assert releases("uvicorn")
    assert asked == ["http://index.invalid/simple/uvicorn/"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("PIP_CERT", "/nowhere/ca.pem"), ("PIP_CLIENT_CERT", "/nowhere/me.pem"), ("PIP_PROXY", "ftp://x")],
)
def test_a_setting_of_pip_that_is_no_good_is_one_clear_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing certificate, and a proxy of a kind that there is not."""
    monkeypatch.setenv(name, value)
    with pytest.raises(Failure, match="the package index cannot be asked"):
        ask(lists([file("uvicorn-1.0.tar.gz")]), monkeypatch)


def gives(body: bytes, kind: str = "application/vnd.pypi.simple.v1+json", status: int = 200) -> Answer:
    """Return an index that gives always the same."""
    return lambda handler, _: send(handler, body, kind, status)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (gives(b"no such page", "text/plain", 404), "lists no release of uvicorn"),
        (gives(b"oh no", "text/plain", 500), "500"),
        (gives(b"<h1>Welcome to the hotel's network</h1>", "text/html; charset=utf-8"), "answers in HTML alone"),
        (gives(b"<a>uvicorn-1.0.tar.gz</a>", "application/vnd.pypi.simple.v1+html"), "PIP_INDEX_URL="),
        (gives(b"\x89PNG", "image/png"), "makes no sense"),
        (gives(b'{"files": 7}'), "makes no sense"),
        (gives(b"[1, 2"), "makes no sense"),
        (gives(b'{"meta": {"api-version": "9.0"}, "name": "uvicorn", "files": []}'), "makes no sense"),
    ],
    ids=[
        "404",
        "500",
        "a page of HTML",
        "an old index",
        "a picture",
        "another shape",
        "half of it",
        "a version to come",
    ],
)
def test_nonsense_is_one_clear_line(answer: Answer, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what the index gave."""
    with pytest.raises(Failure) as caught:
        ask(answer, monkeypatch)
    assert said in caught.value.message


def test_an_index_that_is_down_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on that port."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    pip_settings.read.cache_clear()
    with pytest.raises(Failure, match="the package index does not answer"):
        releases("uvicorn")


def test_an_index_that_is_silent_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and says nothing, for longer than pip is told to wait."""
    over = threading.Event()

    def silent(_handler: BaseHTTPRequestHandler, _package: str) -> None:
        over.wait(30)

    try:
        with pytest.raises(Failure, match="the package index does not answer"):
            ask(silent, monkeypatch)
    finally:
        over.set()


def test_an_index_that_is_never_done_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps the connection busy; the whole answer has a limit of its own."""
    over = threading.Event()

    def dripping(handler: BaseHTTPRequestHandler, _package: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        handler.end_headers()
        while not over.wait(0.05):
            handler.wfile.write(b" ")

    try:
        with pytest.raises(Failure, match=r"too slow: no whole answer within 0\.5 s"):
            ask(dripping, monkeypatch, limit=0.5)
    finally:
        over.set()

"""What an app says of itself: read strictly, and held against its variant."""

import json
from pathlib import Path

import httpx
import pytest

from scripts.errors import Failure
from scripts.matrix import load
from scripts.platforms.about import About, Server, ask, differences, read_about

VARIANT = load(Path(__file__).parents[2]).one("v0.12.1")
FACTS = {
    "variant": "v0.12.1",
    "uvicorn": "0.12.1",
    "http": "httptools",
    "http_version": "0.1.2",
    "python": "3.8.18",
    "event_loop": "uvloop",
    "quart": "0.13.1",
}


def answering(status: int, text: str) -> httpx.Client:
    """Return a client of an app that answers so at /about.json alone, wherever it is."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status if request.url.path == "/about.json" else 404, text=text)

    return httpx.Client(base_url="http://app.invalid/here/", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("web_url", ["http://other.invalid/", "http://other.invalid/page"])
def test_the_app_at_an_address_is_asked_at_its_root(web_url: str) -> None:
    """The facts come as one record, and what really answers as a part of it."""
    about = ask(answering(200, json.dumps(FACTS)), web_url)
    assert about == About(**FACTS)
    assert about.server == Server("0.12.1", "httptools", "0.1.2", "3.8.18", "uvloop", "0.13.1")


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (404, "{}"),
        (500, json.dumps(FACTS)),
        (200, "<h1>Welcome</h1>"),
        (200, "{}"),
        (200, json.dumps(FACTS | {"uvicorn": None})),
        (200, json.dumps(FACTS | {"more": "than known"})),
        (200, json.dumps(FACTS).encode().replace(b"uvloop", b"\xff")),
    ],
    ids=["404", "500", "HTML", "nothing", "not uvicorn", "unknown key", "no text"],
)
def test_another_answer_is_none(status: int, text: str | bytes) -> None:
    """Another app's page, half the facts and an error's page are refused with one line."""
    with pytest.raises(Failure, match="names no variant"):
        read_about(httpx.Response(status, content=text))


def test_what_differs_from_the_variant_is_named() -> None:
    """Each of its facts, with what was found and what was expected."""
    assert differences(About(**FACTS), VARIANT) == ""
    other = About(**FACTS | {"uvicorn": "0.12.3", "http": "h11"})
    assert differences(other, VARIANT) == "uvicorn is 0.12.3, not 0.12.1, http is h11, not httptools"
    assert "variant is v0.16.0" in differences(About(**FACTS | {"variant": "v0.16.0"}), VARIANT)

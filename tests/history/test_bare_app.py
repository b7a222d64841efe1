"""The bare app, called as each convention calls it."""

import asyncio
from typing import Any

import pytest

from scripts.history.bare_app import app, app3

SCOPE = {"type": "http", "method": "POST", "path": "/view", "query_string": b"a=1"}

SAID = b"POST /view?a=1\nbody"


class Both:
    """What an app receives, and what it sends."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        """Have these messages for it."""
        self.messages = list(messages)
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        """Give the next message."""
        return self.messages.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        """Take a message."""
        self.sent.append(message)


def body_in_two() -> Both:
    """Return a request's body, in two pieces."""
    return Both({"body": b"bo", "more_body": True}, {"body": b"dy"})


def test_asgi_3_gets_method_url_and_body_back() -> None:
    """The field X-Asked-For names the URL."""
    both = body_in_two()
    asyncio.run(app3(SCOPE, both.receive, both.send))
    start, body = both.sent
    assert body["body"] == SAID
    assert [b"x-asked-for", b"/view?a=1"] in start["headers"]
    assert [b"content-length", b"19"] in start["headers"]


def test_asgi_2_gets_the_same() -> None:
    """It is called twice."""
    both, other = body_in_two(), body_in_two()
    asyncio.run(app3(SCOPE, both.receive, both.send))
    asyncio.run(app(SCOPE)(other.receive, other.send))
    assert other.sent == both.sent


@pytest.mark.parametrize("name", ["receive", "recieve"])
def test_a_message_with_channels_gets_the_same(name: str) -> None:
    """Also where the body's channel has the name that the first releases gave it."""
    pieces = [{"content": b"bo", "more_content": True}, {"content": b"dy", "more_content": False}]

    async def read() -> dict[str, Any]:
        return pieces.pop(0)

    reply = Both()
    body = type("Body", (), {name: staticmethod(read)})()
    asyncio.run(app({**SCOPE, "channel": "http.request"}, {"reply": reply, "body": body}))
    assert reply.sent[0]["content"] == SAID
    assert reply.sent[0]["status"] == 200


@pytest.mark.parametrize("key", ["message", "content"])
def test_a_message_alone_gets_the_same_at_once(key: str) -> None:
    """Nothing is waited for: the reply channel of then is no coroutine."""
    sent: list[dict[str, Any]] = []
    channel = type("Channel", (), {"send": staticmethod(sent.append)})()
    app({"reply_channel": channel, key: {**SCOPE, "body": b"body"}})
    assert sent[0]["content"] == SAID


def test_a_long_url_is_named_by_its_beginning_and_its_length() -> None:
    """With all of it in a field, a stock proxy answers 502."""
    both = Both({"body": b""})
    asyncio.run(app3({**SCOPE, "query_string": b"x" * 300}, both.receive, both.send))
    fields = dict(both.sent[0]["headers"])
    assert fields[b"x-asked-for"] == b"/view?" + b"x" * 250 + b"; 306 bytes"


def test_a_websocket_is_accepted_and_told_its_url() -> None:
    """In one text frame; then it stays until the other side goes."""
    both = Both({"type": "websocket.connect"}, {"type": "websocket.disconnect"})
    asyncio.run(app3({**SCOPE, "type": "websocket"}, both.receive, both.send))
    assert both.sent == [{"type": "websocket.accept"}, {"type": "websocket.send", "text": "/view?a=1"}]


def test_a_websocket_of_the_first_releases_is_accepted_too() -> None:
    """Its other messages get no reply."""
    reply = Both()
    for channel in ("websocket.connect", "websocket.receive", "websocket.disconnect"):
        asyncio.run(app({"channel": channel, "path": "/view", "query_string": b"a=1"}, {"reply": reply}))
    assert reply.sent == [{"accept": True, "text": "/view?a=1"}]


def test_a_lifespan_is_lived() -> None:
    """From its start to its end."""
    both = Both({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    asyncio.run(app3({"type": "lifespan"}, both.receive, both.send))
    assert [message["type"] for message in both.sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

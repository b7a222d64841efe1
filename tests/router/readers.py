"""How other programs read what a dyno got: h11, httptools, and uvicorn's own two protocols, in this process.

It runs by itself, in an environment that has a current uvicorn: it reads lines of hexadecimal digits, each of which is
all that came over one connection, and prints a line of JSON for each: by reader, the requests that it saw (method,
target, body), or why it saw none.
"""

import asyncio
import json
import sys
from typing import Any

import h11
import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

Seen = list[list[str]]

TURNS = 12
"""How often the loop goes round until an app has read its request and answered it."""


def as_asgi(target: str) -> str:
    """Return a target as an ASGI scope can carry it: with an empty query and without one are the same there."""
    path, _, query = target.partition("?")
    return f"{path}?{query}" if query else path


def by_h11(data: bytes) -> Seen:
    """Read with h11 alone."""
    connection = h11.Connection(h11.SERVER, 1 << 21)
    connection.receive_data(data)
    seen: Seen = []
    while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
        if isinstance(event, h11.Request):
            seen.append([event.method.decode(), as_asgi(event.target.decode()), ""])
        elif isinstance(event, h11.Data):
            seen[-1][2] += bytes(event.data).hex()
    return [*seen, *(["more", "", connection.trailing_data[0].hex()] for _ in connection.trailing_data[0][:1])]


class Callbacks:
    """Notes what httptools finds."""

    def __init__(self) -> None:
        """Begin without a request."""
        self.seen: Seen = []

    def on_message_begin(self) -> None:
        """Note a request."""
        self.seen.append(["", "", ""])

    def on_url(self, url: bytes) -> None:
        """Note a part of its target."""
        self.seen[-1][1] += url.decode()

    def on_body(self, body: bytes) -> None:
        """Note a part of its body."""
        self.seen[-1][2] += body.hex()


def by_httptools(data: bytes) -> Seen:
    """Read with httptools alone."""
    callbacks = Callbacks()
    parser = httptools.HttpRequestParser(callbacks)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade as upgrade:
        if data[upgrade.args[0] :]:
            callbacks.seen.append(["more", "", data[upgrade.args[0] :].hex()])
    if callbacks.seen and (method := parser.get_method()):
        callbacks.seen[0][0] = method.decode()
    for entry in callbacks.seen:
        if entry[0] != "more":
            entry[1] = as_asgi(entry[1])
    return callbacks.seen


class Nowhere(asyncio.Transport):
    """A transport whose writing goes nowhere."""

    closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Say nothing but two addresses."""
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take it."""

    def close(self) -> None:
        """Note the end."""
        self.closing = True

    def is_closing(self) -> bool:
        """Say whether it has ended."""
        return self.closing

    def pause_reading(self) -> None:
        """All has come already."""

    def resume_reading(self) -> None:
        """All has come already."""


async def by_uvicorn(protocol_class: type[Any], data: bytes) -> Seen:
    """Read with a protocol of uvicorn's; what counts is what its app is asked."""
    seen: Seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        seen.append(entry := [scope["method"], scope["raw_path"].decode(), ""])
        if scope["query_string"]:
            entry[1] += "?" + scope["query_string"].decode()
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        entry[2] = body.hex()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    config = Config(app, ws="none", lifespan="off", log_config=None, h11_max_incomplete_event_size=1 << 21)
    protocol = protocol_class(config=config, server_state=ServerState(), app_state={}, _loop=asyncio.get_running_loop())
    protocol.connection_made(Nowhere())
    protocol.data_received(data)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    return seen


async def main() -> None:
    """Read line after line."""
    for line in sys.stdin:
        data = bytes.fromhex(line)
        found: dict[str, Any] = {}
        for name, read in (("h11", by_h11), ("httptools", by_httptools)):
            try:
                found[name] = read(data)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                found[name] = [repr(error)]
        for protocol in (H11Protocol, HttpToolsProtocol):
            try:
                found[protocol.__name__] = await by_uvicorn(protocol, data)
            except Exception as error:  # noqa: BLE001
                found[protocol.__name__] = [repr(error)]
        print(json.dumps(found))  # noqa: T201 - its whole purpose


if __name__ == "__main__":
    asyncio.run(main())

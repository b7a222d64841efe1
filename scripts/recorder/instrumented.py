"""Run uvicorn's own httptools protocol over split requests, and write down each step that it takes.

    python -I instrumented.py < trials.json > steps.json

It runs in a release's own environment, so it imports nothing but the standard library and what is there. The protocol,
the parser (httptools itself) and the WebSocket protocol are the release's; only the ends are this module's: a transport
in this process in place of a socket, and an app that says what it was asked for. Callbacks are wrapped, never replaced,
and one that the release does not have is not added: what is written down is what a server of that release does.

Standard input is a list of trials, each a list of segments; standard output is a list of their steps. A step is a kind,
a name and a list of values, all text; bytes are written as Latin-1 has them.
"""

import asyncio
import json
import logging
import sys
from typing import Any, Dict, List, Optional, Tuple

import httptools
import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_impl import WebSocketProtocol

try:
    from uvicorn.server import ServerState
except ImportError:  # before 0.13.0
    from uvicorn.main import ServerState

Step = Tuple[str, str, List[str]]
Message = Dict[str, Any]

CALLBACKS = ("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete")

IDLE_TURNS = 50
"""How many turns of the event loop without a step mean that all is done: nothing here waits for anything outside it."""

ADDRESSES = {"sockname": ("127.0.0.1", 80), "peername": ("127.0.0.1", 50000)}

DATE = b"Thu, 01 Jan 1970 00:00:00 GMT"
"""The WebSocket library dates its answer, unless the app has: a recording must be the same each time."""

steps: List[Step] = []
"""The steps of the present trial."""


def note(kind: str, name: str = "", *values: Any) -> None:
    """Write down a step."""
    steps.append((kind, name, [text(value) for value in values]))


def text(value: Any) -> str:
    """Return a value as a step has it."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class Transport(asyncio.Transport):
    """A connection that ends in this process: it hands segments on, and notes what is written and when it is closed."""

    def __init__(self, protocol: Any) -> None:
        """Begin with a protocol, which may hand the connection to another one."""
        super().__init__(ADDRESSES)
        self.protocol = protocol
        self.closing = False
        self.paused = False

    def write(self, data: Any) -> None:
        """Note what goes back to the client; a closed connection takes nothing more."""
        if data and not self.closing:
            note("write", "", bytes(data))

    def close(self) -> None:
        """Close as asyncio does: nothing more is read, and the protocol is told in the loop's next turn."""
        if not self.closing:
            self.closing = True
            note("close")
            asyncio.get_event_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        """Say whether it was closed."""
        return self.closing

    def set_protocol(self, protocol: Any) -> None:
        """Have another protocol read what comes."""
        self.protocol = protocol

    def get_protocol(self) -> Any:
        """Return the protocol that reads."""
        return self.protocol

    def pause_reading(self) -> None:
        """Let what comes wait."""
        self.paused = True

    def resume_reading(self) -> None:
        """Read again."""
        self.paused = False

    def can_write_eof(self) -> bool:
        """Say that one direction cannot be closed alone."""
        return False

    def get_write_buffer_size(self) -> int:
        """Say that everything was sent."""
        return 0

    def set_write_buffer_limits(self, high: Optional[int] = None, low: Optional[int] = None) -> None:
        """Take limits, which nothing here reaches."""


def wrapped(name: str) -> Any:
    """Return the callback `name` of the protocol with notes of what it was given, what it changed, how it failed."""

    def callback(self: Any, *values: bytes) -> None:
        note("call", name, *values)
        scope, before = self.scope, state(self)
        try:
            getattr(HttpToolsProtocol, name)(self, *values)
        except Exception as error:
            note("raise", type(error).__name__, error)
            raise
        for key, value in state(self).items():
            if before.get(key) != value or (self.scope is not scope and key != "method"):
                note("set", key, value)

    return callback


def state(protocol: Any) -> Dict[str, Any]:
    """Return what the protocol has made of the request so far."""
    found = {"url": getattr(protocol, "url", None), **asked(protocol.scope or {})}
    return {key: value for key, value in found.items() if value is not None}


def asked(scope: Message) -> Message:
    """Return what a scope says of the request line; the path as it came only where decoding changed it."""
    found: Message = {key: scope[key] for key in ("method", "path", "raw_path", "query_string") if key in scope}
    if text(found.get("raw_path", "")) == found.get("path"):
        del found["raw_path"]
    return found


def data_received(self: Any, data: bytes) -> None:
    """Note the handshake, which the HTTP protocol has put together, and hand it to the release's WebSocket protocol."""
    note("hand", "", data)
    WebSocketProtocol.data_received(self, data)


class Log(logging.Handler):
    """Notes what the release logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line, with the exception that it is about."""
        error = record.exc_info[1] if record.exc_info else None
        note("log", record.levelname.lower(), record.getMessage(), *([type(error).__name__] if error else []))


async def app(scope: Message, receive: Any, send: Any) -> None:
    """Note what is asked, and answer with it."""
    note("app", scope["type"])
    for key, value in asked(scope).items():
        note("scope", key, value)
    url = text(scope["raw_path"]).encode("latin-1").partition(b"?")[0]
    url += b"?" + scope["query_string"] if scope["query_string"] else b""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept", "headers": [(b"x-asked-for", url), (b"date", DATE)]})
        await send({"type": "websocket.send", "text": url.decode("ascii")})
        await receive()
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if body:
        note("scope", "body", body)
    content = scope["method"].encode() + b" " + url + b"\n" + body
    fields = [(b"x-asked-for", url), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": content})


async def settle() -> None:
    """Wait until nothing happens any more."""
    idle = 0
    while idle < IDLE_TURNS:
        before = len(steps)
        await asyncio.sleep(0)
        idle = idle + 1 if len(steps) == before else 0


async def run_trial(config: Config, segments: List[bytes]) -> List[Step]:
    """Give a new protocol the segments, each when it has done all that it does with the one before."""
    names = [name for name in CALLBACKS if hasattr(HttpToolsProtocol, name)]
    recorded = type("Recorded", (HttpToolsProtocol,), {name: wrapped(name) for name in names})
    protocol = recorded(config=config, server_state=ServerState())
    transport = Transport(protocol)
    protocol.connection_made(transport)
    steps.clear()
    for segment in segments:
        deaf = transport.closing or transport.paused
        assert not deaf, "a segment that nobody would read"
        note("read", "", segment)
        transport.protocol.data_received(segment)
        await settle()
    found = list(steps)
    transport.close()
    await settle()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:  # a keep-alive ping, an app that waits
        task.cancel()
    await settle()
    return found


async def run_trials(trials: List[List[str]]) -> List[List[Step]]:
    """Run each trial on a connection of its own."""
    websocket = type("RecordedWebSocket", (WebSocketProtocol,), {"data_received": data_received})
    config = Config(app, http="httptools", loop="asyncio", ws=websocket, lifespan="off", log_level="info")
    config.load()
    for name in ("uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [Log()], False
    return [await run_trial(config, [segment.encode("latin-1") for segment in trial]) for trial in trials]


def main() -> None:
    """Read the trials, and write their steps and who took them."""
    recorded = asyncio.get_event_loop().run_until_complete(run_trials(json.load(sys.stdin)))
    said = {"uvicorn": uvicorn.__version__, "httptools": httptools.__version__, "trials": recorded}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()

"""A bare app in each calling convention that uvicorn ever had, and what starts the installed uvicorn with it.

    python -I bare_app.py PORT [PARSER [LOOP]]

It runs in a release's own environment, Python 3.6 and later, so it imports nothing but the standard library and the
uvicorn that is there. First it prints a line that begins with `parsers`: the choices of that uvicorn's own --http. Then
it starts uvicorn by its own command on a port of the loopback address, with a parser and an event loop where that
command lets one choose, and where it is told.

The app answers each request with 200, a field X-Asked-For that names the URL that it was asked for, and a body that
names the method, the URL and the body that came. A WebSocket is accepted, and gets one text frame that names the URL.
At ABOUT it says which packages answer. The conventions, the newest first:
- `await app(scope, receive, send)`: ASGI 3, since 0.7;
- `await app(scope)(receive, send)`: ASGI 2, since 0.1;
- `await app(message, channels)`: a message and channels to reply by, since 0.0.5;
- `app({"message": …, "reply_channel": …})`: since 0.0.1, waiting for nothing; 0.0.4 says `content` for `message`.
"""

import asyncio
import importlib
import json
import logging
import os
import sys
from glob import glob
from typing import Any, Awaitable, Callable, Dict, List, Tuple
from urllib.parse import quote

ABOUT = "/uvicorn-issue-344-about"

SHOWN_BYTES = 256
"""How much of a URL the field X-Asked-For holds."""

PACKAGES = ("h11", "httptools", "zttp", "websockets", "wsproto", "gunicorn", "uvloop")
"""What may answer beside uvicorn; where other servers run the app, the variable BARE_APP_PACKAGES names theirs."""

Message = Dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def app3(scope: Message, receive: Receive, send: Send) -> None:
    """Answer by ASGI 3."""
    await _converse(scope, receive, send)


def app(*args: Any) -> Any:
    """Answer by an older convention, which shows in the arguments."""
    if len(args) == 2:
        return _by_channels(*args)
    if "reply_channel" in args[0]:
        return _at_once(args[0])

    async def instance(receive: Receive, send: Send) -> None:
        await _converse(args[0], receive, send)

    return instance


async def _converse(scope: Message, receive: Receive, send: Send) -> None:
    """Answer what a scope is about."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": url_of(scope)})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    else:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        fields, content = _answer(scope, body)
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": content})


async def _live(receive: Receive, send: Send) -> None:
    """Start and end with the server."""
    while True:
        what = (await receive())["type"]
        await send({"type": "{}.complete".format(what)})
        if what != "lifespan.startup":
            return


async def _by_channels(message: Message, channels: Dict[str, Any]) -> None:
    """Answer a message by its reply channel."""
    if message.get("channel", "http.request") == "http.request":
        body, more = message.get("body", b""), "body" in channels
        while more:
            # 0.0.5 to 0.0.10 spell it so.
            channel = channels["body"]
            piece = await getattr(channel, "receive" if hasattr(channel, "receive") else "recieve")()
            body += piece["content"]
            more = piece["more_content"]
        fields, content = _answer(message, body)
        await channels["reply"].send({"status": 200, "headers": fields, "content": content})
    elif message["channel"] == "websocket.connect":
        await channels["reply"].send({"accept": True, "text": url_of(message)})


def _at_once(asked: Message) -> None:
    """Answer a message that has its body, and waits for nothing."""
    message = asked["message"] if "message" in asked else asked["content"]
    fields, content = _answer(message, message["body"])
    asked["reply_channel"].send({"status": 200, "headers": fields, "content": content})


def _answer(asked: Message, body: bytes) -> Tuple[List[List[bytes]], bytes]:
    """Return the fields and the body of the answer to a message."""
    return answer_to(asked["method"], url_of(asked), body)


def answer_to(method: str, url: str, body: bytes) -> Tuple[List[List[bytes]], bytes]:
    """Return the fields and the body of the answer."""
    content = json.dumps(_about()).encode() if url == ABOUT else "{} {}\n".format(method, url).encode() + body
    named = url if len(url) <= SHOWN_BYTES else "{}; {} bytes".format(url[:SHOWN_BYTES], len(url))
    fields = [
        [b"content-type", b"text/plain"],
        [b"content-length", str(len(content)).encode()],
        [b"x-asked-for", named.encode()],
    ]
    return fields, content


def url_of(asked: Message) -> str:
    """Return the path and the query that the app was asked for."""
    path = quote(asked["path"], safe="%/:@!$&'()*+,;=~[]")
    query = asked.get("query_string") or b""
    if isinstance(query, bytes):
        query = query.decode("latin-1")
    return "{}?{}".format(path, quote(query, safe="%/:@!$&'()*+,;=~[]?")) if query else path


def _about() -> Message:
    """Return which of the packages are in this process, by their versions; the event loop's only where it runs."""
    try:
        loop = type(asyncio.get_event_loop()).__module__.partition(".")[0]
    except RuntimeError:  # a thread that has none
        loop = ""
    packages = os.environ.get("BARE_APP_PACKAGES", "").split() or PACKAGES
    there = [name for name in packages if name in sys.modules and (name != "uvloop" or name == loop)]
    python = "{}.{}".format(*sys.version_info)
    return {"uvicorn": _version("uvicorn"), "python": python, "versions": {name: _version(name) for name in there}}


def _version(name: str) -> str:
    """Return the version of a package at work, from the folder that its installer wrote down what it did in."""
    if name not in sys.modules:
        return ""
    folder = os.path.dirname(os.path.dirname(getattr(sys.modules[name], "__file__", "") or ""))
    found = glob(os.path.join(folder, "{}-*.dist-info".format(name)))
    if found:
        return os.path.basename(found[0])[len(name) + 1 : -len(".dist-info")]
    said = getattr(sys.modules[name], "version", "")  # a module that a program has in itself, as uWSGI does
    return said.decode() if isinstance(said, bytes) else ""


def main() -> None:
    """Start uvicorn as the command line says."""
    port, parser, loop = ([*sys.argv[1:], "", ""])[:3]
    sys.modules["bare_app"] = sys.modules["__main__"]  # uvicorn imports the app by its name
    # A server that drops 4,000 requests would print as many tracebacks.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    uvicorn = importlib.import_module("uvicorn.main")
    command = getattr(uvicorn, "main", None)  # type: Any
    if not hasattr(command, "params"):  # before 0.2 it is gunicorn's, which looks at sys.argv
        _say_parsers(["httptools"])
        sys.argv[1:] = ["--bind", "127.0.0.1:{}".format(port), "--timeout", "3600", "--log-level", "error"]
        sys.argv.append("bare_app:app")
        uvicorn.run()
        return
    options = {option.name: option for option in command.params}
    _say_parsers(_choices(options.get("http")))
    words = ["--host", "127.0.0.1", "--port", port, "--log-level", "error"]
    words += ["--http", parser] if parser and "http" in options else []
    words += ["--loop", loop] if loop and "loop" in options else []
    command(["bare_app:app3" if "interface" in options else "bare_app:app", *words])


def _choices(option: Any) -> List[str]:
    """Return what one can choose by an option: newer releases take any word, and list theirs where they show it."""
    if option is None:
        return ["httptools"]
    return list(getattr(option.type, "choices", None) or (option.metavar or "httptools").strip("[]").split("|"))


def _say_parsers(choices: List[str]) -> None:
    """Print the parsers that one can choose."""
    print("parsers", *choices, flush=True)


if __name__ == "__main__":
    main()

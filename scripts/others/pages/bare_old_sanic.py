"""The bare app for the Sanic of February 2017; run by its path with PORT it starts it: it has no command of its own."""

# mypy: ignore-errors
# What it imports is in the environments of the servers.

import sys
from typing import Any

from bare_app import answer_to
from sanic import Sanic
from sanic.response import raw
from sanic.server import HttpProtocol

app = Sanic("bare")


@app.middleware("request")
async def view(request: Any) -> Any:
    """Answer what is asked before it is looked up: the routes of that day cannot stand for every path."""
    url = request.url + ("?" + request.query_string if request.query_string else "")
    fields, content = answer_to(request.method, url, request.body or b"")
    return raw(content, headers={name.decode(): value.decode() for name, value in fields})


if __name__ == "__main__":
    # Its protocol has too narrow slots for Python 3.8: a subclass has none.
    app.run(host="127.0.0.1", port=int(sys.argv[1]), protocol=type("Protocol", (HttpProtocol,), {}))

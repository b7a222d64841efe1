"""The bare app for Sanic, which Sanic's own command starts."""

# mypy: ignore-errors
# What it imports is in the environments of the servers.

from typing import Any

from bare_app import answer_to
from sanic import Sanic
from sanic.response import raw

app = Sanic("bare")


@app.route("/", methods=["GET", "POST"], name="top")
@app.route("/<any:path>", methods=["GET", "POST"])
async def view(request: Any, any: str = "") -> Any:  # noqa: A002, ARG001 - the route's
    """Answer what is asked."""
    fields, content = answer_to(request.method, request.raw_url.decode("latin-1"), request.body)
    return raw(content, headers={name.decode(): value.decode() for name, value in fields})

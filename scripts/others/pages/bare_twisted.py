"""The bare app for Twisted, which `twist web` starts."""

# mypy: ignore-errors
# What it imports is in the environments of the servers.

from typing import Any

from bare_app import answer_to
from twisted.web.resource import Resource


class TwistedPage(Resource):
    """Answers what is asked."""

    isLeaf = True  # noqa: N815 - Twisted's

    def render(self, request: Any) -> bytes:
        """Answer."""
        fields, content = answer_to(request.method.decode(), request.uri.decode("latin-1"), request.content.read())
        for name, value in fields:
            request.setHeader(name, value)
        return content

"""The bare app for Tornado; run by its path with PORT it starts it, which has no command of its own."""

# mypy: ignore-errors
# What it imports is in the environments of the servers.

import asyncio
import sys
from typing import Any

from bare_app import answer_to
from tornado.web import Application
from tornado.websocket import WebSocketHandler


class TornadoPage(WebSocketHandler):
    """Answers what is asked; a WebSocket gets one text frame."""

    async def get(self, *args: Any) -> None:
        """Answer a GET, or shake hands."""
        if "Upgrade" in self.request.headers:
            await super().get(*args)
        else:
            self.post()

    def post(self) -> None:
        """Answer."""
        fields, content = answer_to(self.request.method, self.request.uri, self.request.body)
        for name, value in fields:
            self.set_header(name.decode(), value)
        self.finish(content)

    def open(self) -> None:
        """Send the frame."""
        self.write_message(self.request.uri)


async def serve(port: int) -> None:
    """Serve for ever."""
    Application([(".*", TornadoPage)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))

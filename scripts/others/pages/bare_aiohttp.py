"""The bare app for aiohttp, which `python -m aiohttp.web` starts."""

# mypy: ignore-errors
# What it imports is in the environments of the servers.

from typing import Any

from aiohttp import web
from bare_app import answer_to


async def view(request: web.Request) -> web.StreamResponse:
    """Answer what is asked; a WebSocket gets one text frame."""
    upgrade = web.WebSocketResponse()
    if upgrade.can_prepare(request).ok:
        await upgrade.prepare(request)
        await upgrade.send_str(request.raw_path)
        async for _ in upgrade:
            pass
        return upgrade
    fields, content = answer_to(request.method, request.raw_path, await request.read())
    return web.Response(body=content, headers={name.decode(): value.decode() for name, value in fields})


def make(_: Any) -> web.Application:
    """Return the app."""
    made = web.Application()
    made.router.add_route("*", "/{any:.*}", view)
    return made

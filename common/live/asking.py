"""What the live page asks of others: the supervisor over its socket, and the tooling as a child process.

All of it comes from elsewhere, some of it from servers under test: what is text in it is cleaned here, at the door.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from scripts.screen import clean

CHECKOUT = Path(os.environ["CHECKOUT"])
PLATFORM = Path(os.environ["PLATFORM"])
TOOLING = os.environ.get("TOOLING", sys.executable)

ANSWER_SECONDS = 10.0
CHILD_SECONDS = 30.0
LONGEST_LINE = 1 << 22


class Gone(Exception):
    """Whoever was asked does not answer, or refuses; the text says it."""


def cleaned(value: Any) -> Any:
    """Return what JSON brought, without control characters in its texts, line breaks too."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(each) for each in value]
    if isinstance(value, dict):
        return {clean(key): cleaned(each) for key, each in value.items()}
    return value


def platform_state() -> dict[str, Any]:
    """Return what supervisor.json says; Gone where it is not there."""
    try:
        state: dict[str, Any] = json.loads(PLATFORM.read_bytes())
    except (OSError, ValueError):
        raise Gone("the local platform is ending") from None
    return state


async def ask(kind: str, **fields: Any) -> dict[str, Any]:
    """Send the supervisor a request, and return its answer; Gone where it gives none, or refuses."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(platform_state()["socket"], limit=LONGEST_LINE)
            try:
                writer.write(json.dumps({"type": kind, **fields}).encode() + b"\n")
                answer = json.loads(await reader.readline() or b"{}")
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        raise Gone("the local platform does not answer") from None
    if answer.get("type") != "Listed":
        raise Gone(clean(answer.get("message", "the local platform is ending")))
    return answer


async def told(*args: str, stdin: bytes = b"") -> AsyncIterator[dict[str, Any]]:
    """Yield what `python -m scripts.live` tells, line by line; it is ended when nobody listens any more.

    Gone where it cannot be run, for its environment is being made anew, say, and where a line cannot be read.
    """
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    command = [TOOLING, "-m", "scripts.live", *args]
    try:
        child = await asyncio.create_subprocess_exec(
            *command, cwd=CHECKOUT, stdin=pipe, stdout=pipe, stderr=nothing, limit=LONGEST_LINE
        )
    except OSError as error:
        raise Gone(f"the tooling cannot be run: {clean(error.strerror or str(error))}") from None
    assert child.stdin
    assert child.stdout
    try:
        with suppress(ConnectionError):
            child.stdin.write(stdin)
            child.stdin.close()
        async for line in child.stdout:
            yield cleaned(json.loads(line))
    except ValueError:  # a line that is too long is one too
        raise Gone("the tooling told what cannot be read") from None
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


async def told_once(*args: str, stdin: bytes = b"") -> dict[str, Any]:
    """Return the one line of `told`; Gone where there is none in time, or it is an error."""
    try:
        async with asyncio.timeout(CHILD_SECONDS):
            async for news in told(*args, stdin=stdin):
                if "error" in news:
                    raise Gone(news["error"])
                return news
    except TimeoutError:
        raise Gone("the tooling does not answer") from None
    raise Gone("the tooling does not answer")

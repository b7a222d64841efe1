"""A uvicorn in an environment of its own, running with the bare app on a port of the loopback address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.history import bare_app
from scripts.history.answering import BOOT_SECONDS, Answering, answering


@contextmanager
def serving(environment: Path, parser: str = "", loop: str = "", *, limit: float = BOOT_SECONDS) -> Iterator[Answering]:
    """Hold the uvicorn of an environment that answers; it reads HTTP with `parser`, if one is named.

    NotServed where it ends, or does not answer within `limit` seconds.
    """
    python = environment.resolve() / "bin/python"
    with answering(lambda port: [python, "-I", bare_app.__file__, str(port), parser, loop], limit=limit) as found:
        yield found

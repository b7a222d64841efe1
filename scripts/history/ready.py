"""A uvicorn made ready to be measured: on the first Python that it is installed and answers on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import Failure
from scripts.history.environment import NotInstallable, Source, add, install, is_to_be_had, pythons
from scripts.history.serve import NotServed, Served, serving

LOOPS = ("", "asyncio")
"""The event loops to try: the one that it takes by itself, which is uvloop's where that is there, and Python's own."""

MOST_MISSING = 5
"""How many modules that it imports without requiring them are installed, one after the other."""


@dataclass(frozen=True)
class Ready:
    """An environment in which a uvicorn answers."""

    source: Source
    place: Path
    parsers: tuple[str, ...]
    """Those that it says one can choose."""

    @contextmanager
    def serving(self, parser: str) -> Iterator[Served]:
        """Hold it, reading HTTP with a parser; NotServed where it does not answer so, with the reason."""
        try:
            with _serving(self.source, self.place, parser) as served:
                yield served
        except NotInstallable as failure:  # what brings the parser
            raise NotServed("it cannot be started", failure.found) from None


def make_ready(source: Source, place: Path, known: str = "") -> Ready:
    """Make the environment of a source at `place`, on a Python that it answers on; `known` is one that did before.

    Raises what `install` raises, or NotServed, with what stood in the way on the first Python that was tried.
    """
    first: Failure | None = None
    for python in pythons(source, is_to_be_had, known):
        try:
            install(source, place, python)
            with _serving(source, place) as served:
                return Ready(source, place, served.parsers)
        except (NotInstallable, NotServed) as failure:
            first = first or failure
    raise first or NotInstallable(f"{source.name} cannot be installed", found="no Python that it runs on is to be had")


@contextmanager
def _serving(source: Source, place: Path, parser: str = "") -> Iterator[Served]:
    """Hold it with the first event loop that works, installing what it imports and does not require."""
    first: NotServed | None = None
    for loop in LOOPS:
        for _ in range(MOST_MISSING):
            running = serving(place, parser, loop)
            try:
                served = running.__enter__()
            except NotServed as failure:
                first = first or failure
                if not failure.missing:
                    break
                add(source, place, [failure.missing])
                first = None
                continue
            try:
                yield served
            finally:
                running.__exit__(None, None, None)
            return
    assert first
    raise first

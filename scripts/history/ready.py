"""A uvicorn made ready to be measured: on the first Python that it is installed and answers on."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import Failure
from scripts.history.answering import Answering, NotServed
from scripts.history.environment import BRINGS, NotInstallable, Source, add, install, is_to_be_had, pythons
from scripts.history.serve import serving
from scripts.pins.patched_wheel import PACKAGE

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
    def serving(self, parser: str) -> Iterator[Answering]:
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
def _serving(source: Source, place: Path, parser: str = "") -> Iterator[Answering]:
    """Hold it with the first event loop that works; NotServed says what stood in the way with the first."""
    with ExitStack() as stack:
        first: NotServed | None = None
        for loop in LOOPS:
            try:
                served = _begun(stack, source, place, parser, loop)
            except NotServed as failure:
                first = first or failure
            else:
                yield served
                return
    assert first
    raise first


def _begun(stack: ExitStack, source: Source, place: Path, parser: str, loop: str) -> Answering:
    """Start it for as long as the stack is open, installing what it imports and does not require."""
    added = {PACKAGE}
    while True:
        try:
            return stack.enter_context(serving(place, parser, loop))
        except NotServed as failure:
            if failure.missing not in BRINGS or failure.missing in added or len(added) > MOST_MISSING:
                raise
            added.add(failure.missing)
            add(source, place, [BRINGS[failure.missing]])

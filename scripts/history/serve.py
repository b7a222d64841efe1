"""A uvicorn in an environment of its own, running with the bare app on a port of the loopback address.

It runs under a keeper, as a dyno does (`scripts.platforms.local.keeper`), so it ends when this process does, however
that ends.
"""

import http.client
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from scripts import process
from scripts.errors import Failure
from scripts.history import bare_app
from scripts.platforms.local import keeper
from scripts.platforms.local.dyno import hold_port
from scripts.wire.receive_queue import Address

BOOT_SECONDS = 20.0
"""How long a uvicorn may take until it answers."""

TRY_SECONDS = 5.0

PAUSE_SECONDS = 0.02

KEPT_LINES = 40

CHOSEN_BY_ITSELF = "auto"
"""The choice of --http by which uvicorn takes what is installed: no parser of its own."""


class AboutUvicorn(msgspec.Struct, frozen=True):
    """What answers, as the bare app in it says."""

    uvicorn: str
    python: str
    """Major and minor: 3.7."""
    versions: Mapping[str, str]
    """The packages that are at work beside uvicorn, by name."""


@dataclass(frozen=True)
class Served:
    """A uvicorn that answers."""

    address: Address
    about: AboutUvicorn
    parsers: tuple[str, ...]
    """The choices of its --http, without the one that chooses by itself."""


class NotServed(Failure):
    """A uvicorn that does not answer; `found` says why, and `parsers` which parsers it says that one can choose."""

    def __init__(self, what: str, found: str, *, parsers: tuple[str, ...] = (), missing: str = "") -> None:
        """Say so; `missing` is a module that it imports and that is not installed."""
        super().__init__(what, found=found)
        self.parsers = parsers
        self.missing = missing


@contextmanager
def serving(environment: Path, parser: str = "", loop: str = "", *, limit: float = BOOT_SECONDS) -> Iterator[Served]:
    """Hold the uvicorn of an environment that answers; it reads HTTP with `parser`, if one is named.

    NotServed where it ends, or does not answer within `limit` seconds.
    """
    held = hold_port()
    try:
        address: Address = held.getsockname()
        if sys.platform != "linux":  # where a bound socket would keep the server out too
            held.close()
        words = [environment.resolve() / "bin/python", "-I", bare_app.__file__, address[1], parser, loop]
        command = f"exec {shlex.join(map(str, words))}"
        kept = process.start(
            [sys.executable, "-I", "-S", keeper.__file__, "0", command],
            cwd=Path(tempfile.gettempdir()),
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TMPDIR": tempfile.gettempdir()},
        )
        try:
            printed = _Printed(kept)
            about = _first_answer(address, kept, printed, time.monotonic() + limit)
            if not about:
                raise printed.why()
            yield Served(address, about, printed.parsers)
        finally:
            _end(kept)
    finally:
        held.close()


class _Printed:
    """What a server prints: its first line, and the last ones."""

    def __init__(self, kept: "subprocess.Popen[bytes]") -> None:
        """Read on in a thread of its own until no process holds the output open."""
        assert kept.stdout
        self._pipe = kept.stdout
        self._last: deque[str] = deque(maxlen=KEPT_LINES)
        self.parsers: tuple[str, ...] = ()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(ValueError):  # closed
            for line in self._pipe:
                text = line.decode("utf-8", "replace").rstrip()
                if text.startswith("parsers "):
                    self.parsers = tuple(word for word in text.split()[1:] if word != CHOSEN_BY_ITSELF)
                elif text.strip():
                    self._last.append(text)

    def why(self) -> NotServed:
        """Return the failure of a server that did not come up."""
        self._reader.join(0.5)
        errors = [line for line in self._last if "Error" in line.partition(":")[0]]
        found = (errors or list(self._last) or ["it does not answer"])[-1]
        missing = found.partition("No module named ")[2].strip("'\"").partition(".")[0]
        return NotServed("it cannot be started", " ".join(found.split())[:200], parsers=self.parsers, missing=missing)


def _first_answer(
    address: Address, kept: "subprocess.Popen[bytes]", printed: _Printed, until: float
) -> AboutUvicorn | None:
    """Ask what answers until something does; None where the server ends or takes too long."""
    while time.monotonic() < until:
        connection = http.client.HTTPConnection(*address, timeout=TRY_SECONDS)
        try:
            connection.request("GET", bare_app.ABOUT)
            answer = connection.getresponse()
            content = answer.read()
            return msgspec.json.decode(content, type=AboutUvicorn)
        except (msgspec.DecodeError, http.client.HTTPException) as error:
            found = f"its first answer makes no sense ({type(error).__name__})"
            raise NotServed("it does not answer", found, parsers=printed.parsers) from None
        except OSError:
            if kept.poll() is not None:
                return None
            time.sleep(PAUSE_SECONDS)
        finally:
            connection.close()
    return None


def _end(kept: "subprocess.Popen[bytes]") -> None:
    """End a server and its keeper."""
    for pipe in (kept.stdin, kept.stderr):
        if pipe:
            pipe.close()
    try:
        kept.wait(10)
    except subprocess.TimeoutExpired:
        kept.kill()
        kept.wait()
    if kept.stdout:
        with suppress(OSError):
            kept.stdout.close()

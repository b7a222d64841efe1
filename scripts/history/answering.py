"""A server that runs with a bare app on a port of the loopback address, and says there what it is.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
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
"""How long a server may take until it answers."""

TRY_SECONDS = 5.0

PAUSE_SECONDS = 0.02

KEPT_LINES = 40

CHOSEN_BY_ITSELF = "auto"
"""The choice of --http by which uvicorn takes what is installed: no parser of its own."""


class AboutServer(msgspec.Struct, frozen=True):
    """What answers, as the bare app in it says."""

    uvicorn: str
    """Its version; empty where none is at work."""
    python: str
    """Major and minor: 3.7."""
    versions: Mapping[str, str]
    """The other packages that are at work, by name."""


@dataclass(frozen=True)
class Answering:
    """A server that answers."""

    address: Address
    about: AboutServer
    parsers: tuple[str, ...]
    """What it printed as the choices of uvicorn's --http, without the one that chooses by itself."""


class NotServed(Failure):
    """A server that does not answer; `found` says why, and `parsers` which parsers it says that one can choose."""

    def __init__(self, what: str, found: str, *, parsers: tuple[str, ...] = (), missing: str = "") -> None:
        """Say so; `missing` is a module that it imports and that is not installed."""
        super().__init__(what, found=found)
        self.parsers = parsers
        self.missing = missing


@contextmanager
def answering(
    command: Callable[[int], Sequence[str | Path]],
    variables: Mapping[str, str] | None = None,
    *,
    cwd: Path | None = None,
    limit: float = BOOT_SECONDS,
) -> Iterator[Answering]:
    """Hold the server that the `command` for a port starts in `cwd`, in an environment of `variables` and little else.

    NotServed where it ends, or does not answer within `limit` seconds.
    """
    held = hold_port()
    try:
        address: Address = held.getsockname()
        if sys.platform != "linux":  # where a bound socket would keep the server out too
            held.close()
        words = shlex.join(map(str, command(address[1])))
        scratch = tempfile.gettempdir()
        kept = process.start(
            [sys.executable, "-I", "-S", keeper.__file__, "0", f"exec {words}"],
            cwd=cwd or Path(scratch),
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LANG": "C.UTF-8",
                "TMPDIR": scratch,
                **(variables or {}),
            },
        )
        try:
            printed = _Printed(kept)
            about = _first_answer(address, kept, printed, time.monotonic() + limit)
            if not about:
                raise printed.why()
            yield Answering(address, about, printed.parsers)
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
) -> AboutServer | None:
    """Ask what answers until something does; None where the server ends or takes too long."""
    while time.monotonic() < until:
        connection = http.client.HTTPConnection(*address, timeout=TRY_SECONDS)
        try:
            connection.request("GET", bare_app.ABOUT)
            answer = connection.getresponse()
            content = answer.read()
            return msgspec.json.decode(content, type=AboutServer)
        except (msgspec.DecodeError, UnicodeDecodeError, http.client.HTTPException) as error:
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

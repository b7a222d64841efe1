"""A dyno: the web process of a slug, as its Procfile says, on a port of the loopback address.

It runs under a keeper (`scripts.platforms.local.keeper`), so it ends when it is stopped, and also when the process that
started it dies. It gets a minimal environment, as on Heroku: whatever else is in the environment of whoever deploys,
keys and tokens above all, stays there.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

from scripts import process
from scripts.errors import Failure
from scripts.platforms.local import keeper
from scripts.platforms.local.slug import Slug
from scripts.wire.receive_queue import Address

NAME = "web.1"

GRACE_SECONDS = 30.0
"""How long a stopped dyno may take between SIGTERM and SIGKILL (Heroku's R12)."""

KEEPER_SECONDS = 5.0
"""How long a keeper may take to start its web process, and, beyond the grace, to end it."""

KEPT_LINES = 20
"""How many of its last lines a dyno remembers."""

LONGEST_LINE = 65536
"""Bytes after which a printed line is broken in two."""

DRAIN_SECONDS = 1.0
"""How long the output of an ended dyno is read on: a process that left the group may hold it open for ever."""

KILLED = 128 + signal.SIGKILL
"""Exit status of a process that SIGKILL ended, as a shell reports it."""

PROCFILE = re.compile(r"web: (\S[^\r\n]*)\n")
"""What common/branch/Procfile.j2 makes: one process, on one line."""

MEND = "Make the branches anew: make branches"

Say = Callable[[str], None]
"""Called with each line that a dyno prints, without its line break."""


class Dyno:
    """A web process that was started; `Dyno.start` makes one, and `stop` must end it."""

    def __init__(
        self, kept: "subprocess.Popen[bytes]", held: socket.socket, address: Address, say: Say, grace: float
    ) -> None:
        """Take over a keeper that was just started, and the port that is held for its web process."""
        assert kept.stdin
        assert kept.stdout
        assert kept.stderr
        self._keeper = kept
        self._lifeline, self._output, self._report = kept.stdin, kept.stdout, kept.stderr
        self._held = held
        self._say = say
        self._grace = grace
        self._last: deque[str] = deque(maxlen=KEPT_LINES)
        self._pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live())
        self.address = address
        """Where the web process listens once it is up."""

    @classmethod
    async def start(
        cls, slug: Slug, say: Say, *, grace: float = GRACE_SECONDS, more: Mapping[str, str] | None = None
    ) -> "Dyno":
        """Start the web process of `slug`; `say` gets what it prints.

        `grace` is how long the process may take to end when it is stopped, in seconds; `more` is what its
        environment holds beside that of a dyno. Failure when the slug has no web process to start, or none can be
        started.
        """
        command = web_command(slug)
        try:
            return await cls._start(slug, command, say, grace, more or {})
        except OSError as error:
            raise Failure("a dyno did not start", found=error.strerror or str(error)) from None

    @classmethod
    async def _start(cls, slug: Slug, command: str, say: Say, grace: float, more: Mapping[str, str]) -> "Dyno":
        """Start `command`; OSError where this process has no room for it."""
        held = hold_port()
        address = held.getsockname()
        if sys.platform != "linux":  # where a bound socket would keep the dyno out too
            held.close()
        args = [sys.executable, "-I", "-S", keeper.__file__, str(grace), command]
        try:
            kept = process.start(args, cwd=slug.folder, env={**environment(slug, address[1]), **more})
        except BaseException:
            held.close()
            raise
        dyno = cls(kept, held, address, say, grace)
        try:
            await asyncio.wait({dyno._pid, dyno._life}, timeout=KEEPER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            await dyno.stop()
            raise
        if not dyno._pid.done():
            kept.kill()  # which means nothing to one that has ended
            await dyno.ended()  # raises what went wrong
        return dyno

    @property
    def pid(self) -> int:
        """The web process; its process group has the same id."""
        return self._pid.result()

    @property
    def last_lines(self) -> tuple[str, ...]:
        """What it printed last."""
        return tuple(self._last)

    @property
    def has_ended(self) -> bool:
        """Whether the web process has ended."""
        return self._life.done()

    async def ended(self) -> int:
        """Wait until the web process has ended; return its exit status, 128 + N for one that signal N ended."""
        return await asyncio.shield(self._life)

    async def stop(self) -> int:
        """End the web process and all that it started: SIGTERM, then SIGKILL after the grace; return its status.

        The end comes also when the wait for it is cancelled, and where the keeper is stopped.
        """
        self._lifeline.close()
        self._keeper.send_signal(signal.SIGCONT)
        done, _ = await asyncio.wait({self._life}, timeout=self._grace + KEEPER_SECONDS)
        if not done:
            self._keeper.kill()
        return await self.ended()

    async def _live(self) -> int:
        """Pass on what the web process prints until it has ended; return its exit status."""
        try:
            report, report_pipe = await _reader(self._report)
            output, output_pipe = await _reader(self._output)
            relay = asyncio.create_task(self._relay(output))
            if pid := _number(await report.readline()):
                self._pid.set_result(pid)
            status = _number(await report.readline())
            if pid and status is None:  # the keeper itself was killed: what it kept is ended here
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            await report.read()  # it has ended when this does, so that nothing waits below
            self._keeper.wait()
            await asyncio.wait({relay}, timeout=DRAIN_SECONDS)
            relay.cancel()
            report_pipe.close()
            output_pipe.close()
        finally:
            self._lifeline.close()
            self._held.close()
        if not pid:
            raise Failure("a dyno did not start", found="its keeper did not say that it runs")
        return KILLED if status is None else status

    async def _relay(self, output: asyncio.StreamReader) -> None:
        """Pass on what the web process prints, line by line, until no process holds its output open."""
        while line := await _read_line(output):
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self._last.append(text)
            self._say(text)


def web_command(slug: Slug) -> str:
    """Return the command on the one line of the Procfile of `slug`; Failure where it holds anything else."""
    what = f"the Procfile of the tree {slug.tree[:10]}"
    try:
        text = (slug.folder / "Procfile").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{what} cannot be read", found=str(error), do=MEND) from None
    line = PROCFILE.fullmatch(text)
    if not line:
        raise Failure(f"{what} is wrong", found=f"{text[:60]!r} is not one line `web: COMMAND`", do=MEND)
    return line[1]


def environment(slug: Slug, port: int) -> dict[str, str]:
    """Return all the environment that the web process of `slug` gets; `port` is the one to listen on."""
    programs = slug.python.parent
    if os.pathsep in str(programs):  # which PATH cannot hold: the process starts in the slug's folder
        programs = programs.relative_to(slug.folder)
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(slug.folder),  # as on Heroku, where both are /app: the user's own is none of the app's business
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "TMPDIR": tempfile.gettempdir(),
        "PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "DYNO": NAME,
        "PYTHONUNBUFFERED": "1",
    }


def hold_port() -> socket.socket:
    """Return a socket that is bound to a free port of the loopback address.

    While it is open, Linux gives the port to nobody who asks for any port, be it for a connection of a probe that runs
    at the same time; a server that asks for this very one, and sets SO_REUSEADDR as servers do, gets it.
    """
    held = socket.socket()
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
    except BaseException:
        held.close()
        raise
    return held


async def _reader(pipe: IO[bytes]) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    """Return what reads from a pipe, and what closes it."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    return reader, transport


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    """Return the next line with its end, a piece of it where it is longer than LONGEST_LINE, or nothing at the end."""
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        return await reader.readexactly(min(error.consumed, LONGEST_LINE))


def _number(line: bytes) -> int | None:
    """Return the number on a line of the keeper's, or None where it wrote none."""
    return int(line) if line.strip().isdigit() else None

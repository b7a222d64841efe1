"""The one doorway to external commands: each is logged as a shell would quote it, and fails in one way.

A child gets this process's environment without the secrets (`SECRETS`), so index, proxy and certificate settings are
honoured and keys stay here. When this process is interrupted, the child is ended before the interrupt goes on.
"""

import logging
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scripts.errors import Failure

log = logging.getLogger(__name__)

SECRETS = frozenset({"HEROKU_API_KEY", "GH_TOKEN", "GITHUB_TOKEN"})
"""Environment variables that no child gets unless it is handed them by name."""

GRACE_SECONDS = 5.0
"""How long an ended child may take between SIGTERM and SIGKILL, in seconds."""

LAST_LINES = 10
"""How many of the last lines that a command printed an error shows."""

LONGEST_LINE = 500
"""How many characters of such a line: pip lists all releases in one."""


FRAMES = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)+", re.MULTILINE)
"""A traceback without the exception's line, as Python documents it (library reference, "traceback")."""


@dataclass(frozen=True)
class Completed:
    """What a finished command left behind."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text, without the last line break."""
        return self.stdout.decode("utf-8", "replace").rstrip("\n")


class CommandFailed(Failure):
    """A command ended with a code that was not asked for; `completed` has all that it printed."""

    def __init__(self, args: Sequence[str], completed: Completed, *, what: str = "", do: str = "") -> None:
        """Say that the command ended, or with `what`, what it was to do; its last printed lines are kept."""
        self.completed = completed
        lines = last_lines(completed.stderr) or last_lines(completed.stdout)
        named = [Path(args[0]).name, *(word for word in args[1:2] if not word.startswith("-"))]
        ended = f"{' '.join(named)} ended with code {completed.code}"
        last = lines[-1] if lines else "it printed nothing"
        super().__init__(what or ended, found=ended if what else last, do=do, lines=lines)


def last_lines(printed: bytes) -> list[str]:
    """Return the last LAST_LINES lines of what a command printed, none blank, none longer than LONGEST_LINE.

    Of a Python traceback, only the exception's own line counts: pip-tools ends in one even where an index is not there.
    """
    told = FRAMES.sub("", printed.decode("utf-8", "replace").replace("\r\n", "\n"))
    lines = [line.rstrip() for line in told.splitlines() if line.strip()]
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in lines[-LAST_LINES:]]


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return this process's environment without the secrets, changed by `extra` (None takes a variable away)."""
    env = {key: value for key, value in os.environ.items() if key not in SECRETS}
    for key, value in (extra or {}).items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = value
    return env


def run(
    args: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    stdin: bytes | Iterable[bytes] = b"",
    codes: Sequence[int] = (0,),
    what: str = "",
    do: str = "",
) -> Completed:
    """Run a command to its end and return what it printed.

    `env` changes the inherited environment; `stdin` is given whole, or in pieces that are never all in memory; a code
    that is not among `codes` raises CommandFailed, with `what` as what failed and `do` as the way to mend it; a command
    that is not there raises Failure.
    """
    words = [str(word) for word in args]
    log.debug("run %s", shlex.join(words))
    with _input(stdin) as source:
        try:
            child = subprocess.Popen(
                words,
                cwd=cwd,
                env=environment(env),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError:
            missing = f"{words[0]} cannot be run"
            raise Failure(missing, found="there is no such command", do=do or "Install it") from None
        try:
            stdout, stderr = child.communicate(stdin if isinstance(stdin, bytes) else None)
        except BaseException:
            end(child)
            raise
    completed = Completed(child.returncode, stdout, stderr)
    if completed.code not in codes:
        log.debug("%s", stderr.decode("utf-8", "replace"))
        raise CommandFailed(words, completed, what=what, do=do)
    return completed


@contextmanager
def _input(stdin: bytes | Iterable[bytes]) -> Iterator[IO[bytes] | int]:
    """Yield what a child reads: a pipe for what is given whole, else a file that the pieces were written to."""
    if isinstance(stdin, bytes):
        yield subprocess.PIPE
        return
    with tempfile.TemporaryFile() as file:
        file.writelines(stdin)
        file.seek(0)
        yield file


def start(args: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a command that goes on, with pipes for its streams and with `env` as its whole environment.

    It is in a session of its own, so it does not get the Ctrl-C that this process gets: who starts it ends it.
    """
    words = [str(word) for word in args]
    log.debug("start %s", shlex.join(words))
    pipe = subprocess.PIPE
    return subprocess.Popen(words, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)


def end(child: "subprocess.Popen[bytes]") -> int:
    """End a child: SIGTERM, then SIGKILL after GRACE_SECONDS; return its code."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()

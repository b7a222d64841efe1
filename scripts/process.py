"""The one doorway to external commands: each is logged as a shell would quote it, and fails in one way.

A child gets this process's environment without the secrets (`SECRETS`), so index, proxy and certificate settings are
honoured and keys stay here; a child that is the user's own way of logging in somewhere gets it unchanged. When this
process is interrupted, its children are ended before the interrupt goes on. A child is ended by SIGTERM, and by SIGKILL
where it has not ended GRACE_SECONDS later.
"""

import io
import logging
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scripts.errors import Failure

log = logging.getLogger(__name__)

SECRETS = frozenset({"HEROKU_API_KEY", "GH_TOKEN", "GITHUB_TOKEN"})
"""Environment variables that no child gets, unless it is handed them by name or runs with `secrets`."""

GRACE_SECONDS = 5.0
"""How long an ended child may take between SIGTERM and SIGKILL, in seconds."""

LAST_LINES = 10
"""How many of the last lines that a command printed an error shows."""

LONGEST_LINE = 500
"""How many characters of such a line: pip lists all releases in one."""


FRAMES = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)+", re.MULTILINE)
"""A traceback without the exception's line, as Python documents it (library reference, "traceback")."""

_children: "set[subprocess.Popen[bytes]]" = set()
"""The children that `run` waits for, in all threads."""

_over = threading.Event()
"""Set when no thread shall begin anything any more."""


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


class TookTooLong(Failure):
    """A command was ended because it took longer than it may."""


def environment(extra: Mapping[str, str | None] | None = None, *, secrets: bool = False) -> dict[str, str]:
    """Return this process's environment, changed by `extra` (None takes a variable away).

    The secrets stay in it only with `secrets`.
    """
    env = {key: value for key, value in os.environ.items() if secrets or key not in SECRETS}
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
    secrets: bool = False,
    say: Callable[[str], None] | None = None,
    limit: float | None = None,
    holds: Collection[int] = (),
) -> Completed:
    """Run a command to its end and return what it printed.

    `env` changes the inherited environment; `stdin` is given whole, or in pieces that are never all in memory; a code
    that is not among `codes` raises CommandFailed, with `what` as what failed and `do` as the way to mend it; a command
    that is not there raises Failure. With `secrets` the command gets them too. `say` gets each line of its standard
    error as it comes. A command that takes more than `limit` seconds is ended, with all that it started: TookTooLong.
    The child also `holds` these descriptors, of a lock for example.
    """
    words = [str(word) for word in args]
    log.debug("run %s", shlex.join(words))
    with _input(stdin) as source:
        try:
            child = subprocess.Popen(
                words,
                cwd=cwd,
                env=environment(env, secrets=secrets),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=None if limit is None else 0,
                pass_fds=tuple(holds),
            )
        except FileNotFoundError:
            missing = f"{words[0]} cannot be run"
            raise Failure(missing, found="there is no such command", do=do or "Install it") from None
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _begin_to_end(child)

        late = threading.Timer(limit or 0, expire)
        _children.add(child)
        try:
            if _over.is_set():
                _begin_to_end(child)
            if limit is not None:
                late.start()
            whole = stdin if isinstance(stdin, bytes) else None
            stdout, stderr = _followed(child, say) if say else child.communicate(whole)
        except BaseException:
            end(child)
            raise
        finally:
            _children.discard(child)
            late.cancel()
    if expired.is_set():
        raise TookTooLong(f"{words[0]} took longer than {limit:g} seconds, and was ended", do=do)
    completed = Completed(child.returncode, stdout, stderr)
    if completed.code not in codes:
        log.debug("%s", stderr.decode("utf-8", "replace"))
        raise CommandFailed(words, completed, what=what, do=do)
    return completed


def _followed(child: "subprocess.Popen[bytes]", say: Callable[[str], None]) -> tuple[bytes, bytes]:
    """Return what a child that reads nothing prints; each line of its standard error is said as it comes."""
    assert child.stdin
    assert child.stdout
    assert child.stderr
    child.stdin.close()
    output: list[bytes] = []
    reader = threading.Thread(target=lambda pipe: output.append(pipe.read()), args=[child.stdout], daemon=True)
    reader.start()
    lines = []
    errors = io.TextIOWrapper(child.stderr, "utf-8", "replace")
    for line in errors:  # a lone carriage return ends one too
        lines.append(line)
        say(line.rstrip())
    reader.join()
    errors.close()
    child.stdout.close()  # only now: while it is read by the other thread, it cannot be closed
    child.wait()
    return b"".join(output), "".join(lines).encode()


def attached(args: Sequence[str | Path]) -> int:
    """Run a command on this process's own terminal, with its whole environment, and return the command's code."""
    words = [str(word) for word in args]
    with subprocess.Popen(words) as child:
        try:
            return child.wait()
        except BaseException:
            end(child)
            raise


def interrupt() -> None:
    """End the children of all threads, and let `run` and `pause` begin nothing any more, here and in other threads.

    Nothing is waited for here: the threads' calls of `run` return when their children have ended.
    """
    _over.set()
    for child in list(_children):
        _begin_to_end(child)


def pause(seconds: float) -> None:
    """Wait; Failure where all is over meanwhile."""
    if _over.wait(seconds):
        raise Failure("interrupted")


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


def _send(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Send a signal to a child, and to what it started where it leads a process group: git leaves its helpers behind.

    One that was waited for gets none: its number may be another process's by now.
    """
    if child.returncode is not None:
        return
    try:
        if os.getpgid(child.pid) == child.pid:
            os.killpg(child.pid, number)
        else:
            child.send_signal(number)
    except ProcessLookupError:  # it has ended
        pass


def _begin_to_end(child: "subprocess.Popen[bytes]") -> None:
    """Send SIGTERM to a child that another thread waits for, and SIGKILL after GRACE_SECONDS; wait for neither."""
    _send(child, signal.SIGTERM)
    late = threading.Timer(GRACE_SECONDS, _send, [child, signal.SIGKILL])
    late.daemon = True  # the process need not stay for it: whoever waits for the child does
    late.start()


def end(child: "subprocess.Popen[bytes]") -> int:
    """End a child, and what it started where it leads a process group: SIGTERM, then SIGKILL after GRACE_SECONDS.

    Return its code; where it has one before SIGKILL, what it started has got SIGTERM alone.
    """
    if child.poll() is None:
        _send(child, signal.SIGTERM)
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _send(child, signal.SIGKILL)
    return child.wait()

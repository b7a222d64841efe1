"""What a person sees: plain lines in a pipe, colours and progress on a terminal.

All that is printed goes through `clean`, so that no text from elsewhere moves the cursor or hides what follows. The
escapes of a terminal are rich's own, and with NO_COLOR (no-color.org) or TERM=dumb there are none: no colour, no bar.
rich is imported when something is to be coloured or moved: its import takes longer than most listings do.
"""

import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences: colours, moves of the cursor
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # strings: titles, links
    r"|\x1b[ -/]*[0-~]"
)
"""What a terminal takes for an order (ECMA-48, 5.4 to 5.6)."""

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls: C0 but tab and line feed, DEL, C1; marks that change the direction of text (Unicode Standard Annex 9), and
halves of characters, which no output can hold."""


ESTIMATE_SECONDS = 600.0
"""From how long a time's steps it is told how long the rest will take."""


def clean(text: str) -> str:
    """Return a text without control characters; tabs and line feeds stay, a carriage return at a line's end goes."""
    return UNSEEN.sub("", SEQUENCES.sub("", text))


class Output:
    """A stream of this process. A closed pipe is left to `scripts.cli`: whoever reads no further has enough.

    Unless the stream holds no results: then the work goes on, and what would still be printed is lost.
    """

    def __init__(self, name: str, *, results: bool) -> None:
        """Be the stream that `sys` has under this name; `results` says whether it is what the work is done for."""
        self._name = name
        self._results = results
        self.live: Console | None = None
        """What shows progress at this moment: it lets lines stand above it."""

    @property
    def stream(self) -> TextIO:
        """The stream as it is now."""
        stream: TextIO = getattr(sys, self._name)
        return stream

    @property
    def is_terminal(self) -> bool:
        """Whether a person sits in front of it."""
        return self.stream.isatty()

    @property
    def is_plain(self) -> bool:
        """Whether it gets neither colours nor progress."""
        return not self.is_terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"

    @property
    def width(self) -> int:
        """Columns that a line may take."""
        return shutil.get_terminal_size().columns

    def print(self, text: str | Sequence[tuple[str, str]], *, style: str = "", end: str = "\n") -> None:
        """Print a text in a style of rich's, or pieces of text, each with its style."""
        pieces = [(clean(piece), its) for piece, its in ([(text, style)] if isinstance(text, str) else text)]
        try:
            self._write(pieces, end)
        except BrokenPipeError:
            if self._results:
                raise BrokenPipeError from None  # without its number, by which click would end with code 1
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())  # also for children, and for what the stream has not written yet
            os.close(nowhere)

    def _write(self, pieces: Sequence[tuple[str, str]], end: str) -> None:
        """Write pieces of text, each with its style; BrokenPipeError where nobody reads them."""
        if self.live or (any(its for _, its in pieces) and not self.is_plain):
            from rich.text import Text  # noqa: PLC0415 - see above

            (self.live or self.console()).print(Text.assemble(*pieces), end=end, soft_wrap=True)
        else:
            self.stream.write("".join(piece for piece, _ in pieces) + end)
            self.stream.flush()

    def console(self) -> "Console":
        """Return rich's view of the stream."""
        from rich.console import Console  # noqa: PLC0415 - see above

        class Calm(Console):
            def on_broken_pipe(self) -> None:
                """Say so to the caller; rich itself would end the process with code 1."""
                raise BrokenPipeError

        return Calm(file=self.stream)


out = Output("stdout", results=True)
"""Results."""

err = Output("stderr", results=False)
"""Progress and errors."""


class _Lines(logging.Handler):
    """Writes log records to standard error, so that they do not tear a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        err.print(self.format(record), style="dim")


def show_log(*, debug: bool) -> None:
    """Show the tooling's log lines: progress, and with `debug` every command that is run."""
    logger = logging.getLogger("scripts")
    logger.handlers = [_Lines()]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)


@contextmanager
def progress(label: str, total: int, *, estimate: bool = False) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts steps done; a bar shows them where standard error is a terminal.

    With `estimate` it also says how long the rest will take.
    """
    with _live(counted=True, estimate=estimate) as bars:
        if bars is None:
            yield lambda _done: None
        else:
            task = bars.add_task(clean(label), total=total)
            yield lambda done: bars.advance(task, done)


@contextmanager
def lines(names: Sequence[str]) -> Iterator[Callable[[str, str], None]]:
    """Yield a function that says what one of `names` does now: a line for each where standard error is a terminal."""
    with _live(counted=False) as shown:
        if shown is None:
            yield lambda _name, _text: None
        else:
            tasks = {name: shown.add_task(name, total=None) for name in names}
            yield lambda name, text: shown.update(tasks[name], description=clean(f"{name:12} {text}"))


@contextmanager
def _live(*, counted: bool, estimate: bool = False) -> Iterator["Progress | None"]:
    """Yield rich's progress while the block runs, or None where standard error is plain."""
    if err.is_plain:
        yield None
        return
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns: list[ProgressColumn] = [BarColumn(), MofNCompleteColumn()] if counted else []
    columns += [TextColumn("left:"), TimeRemainingColumn()] if estimate else []
    label = TextColumn("{task.description}", markup=False)
    err.live = err.console()
    bars = Progress(
        label,
        *columns,
        TimeElapsedColumn(),
        console=err.live,
        transient=True,
        speed_estimate_period=ESTIMATE_SECONDS,
        redirect_stdout=False,  # it may be a pipe; what is printed to standard error meanwhile goes through `err`
        redirect_stderr=False,
    )
    try:
        with bars:
            yield bars
    finally:
        err.live = None


def print_json(value: object) -> None:
    """Print a result as JSON, for programs: what `clean` would take away is written as JSON's own escape."""
    out.print(as_json(value, indent=2))


def as_json(value: object, *, indent: int | None = None) -> str:
    """Return JSON that holds the very value, but no control character as it is."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

"""What a person sees: plain lines in a pipe, progress on a terminal. rich honours NO_COLOR."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class _Output(Console):
    """A console that leaves a closed pipe to `scripts.cli`: whoever reads no further has enough, and nothing failed."""

    def on_broken_pipe(self) -> None:
        """Say so to the caller; rich itself would end the process with code 1."""
        raise BrokenPipeError


out = _Output(highlight=False, soft_wrap=True, markup=False, emoji=False)
"""Results."""

err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)
"""Progress and errors."""


class _Lines(logging.Handler):
    """Writes log records to the error console, so that they do not tear a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        err.print(self.format(record), style="dim")


def show_log(*, debug: bool) -> None:
    """Show the tooling's log lines: progress, and with `debug` every command that is run."""
    logger = logging.getLogger("scripts")
    logger.handlers = [_Lines()]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts steps done; a bar shows them where standard error is a terminal."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as bars:
        task = bars.add_task(label, total=total)
        yield lambda done: bars.advance(task, done)


@contextmanager
def lines(names: Sequence[str]) -> Iterator[Callable[[str, str], None]]:
    """Yield a function that says what one of `names` does now: a line for each where standard error is a terminal."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as shown:
        tasks = {name: shown.add_task(name, total=None) for name in names}
        yield lambda name, text: shown.update(tasks[name], description=f"{name:12} {text}")


def print_json(value: object) -> None:
    """Print a listing as JSON, for programs."""
    out.print(json.dumps(value, indent=2, ensure_ascii=False))

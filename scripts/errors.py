"""The errors that a user meets. They hold fields; `scripts.cli` shows them and ends with their exit code."""

from collections.abc import Sequence
from difflib import get_close_matches


class Failure(Exception):
    """A run that failed."""

    exit_code = 1

    def __init__(
        self, what: str, *, found: str = "", do: str = "", lines: Sequence[str] = (), exit_code: int | None = None
    ) -> None:
        """Hold what happened, what was found, what mends it, and what a tool had printed last.

        `exit_code` is the one that the process ends with, where it is not the class's own.
        """
        super().__init__(what)
        self.what = what
        self.found = found
        self.do = do
        self.lines = tuple(lines)
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        """Compose the error's one line, for whoever shows it."""
        return self.message

    @property
    def message(self) -> str:
        """The error as one line: line breaks inside the fields become spaces."""
        sentence = f"{self.what}: {self.found}" if self.found else self.what
        return " ".join((f"{sentence}. {self.do}" if self.do else sentence).split())


class WrongUse(Failure):
    """The command line or a file written by hand asks for something that cannot be."""

    exit_code = 2


def nearest(word: str, known: list[str], others: Sequence[str] = ()) -> str:
    """Return the hint of an error about an unknown `word`: the nearest of the `known` ones, else all of them.

    The nearest may also be one of `others`, which are too many to list.
    """
    close = get_close_matches(word, [*known, *others], n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known) or 'none'}"

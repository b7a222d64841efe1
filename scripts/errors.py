"""The errors that a user meets. `scripts.cli` turns them into one line and an exit code; nothing else prints them."""

from difflib import get_close_matches


class Failure(Exception):
    """A run that failed.

    `what` says what happened, `found` what was met, `do` what mends it. The message is one line.
    """

    exit_code = 1

    lines: tuple[str, ...] = ()
    """What to show above the message: the last lines that whatever failed has printed."""

    def __init__(self, what: str, *, found: str = "", do: str = "") -> None:
        """Compose the one line; line breaks inside the parts become spaces."""
        sentence = f"{what}: {found}" if found else what
        self.message = " ".join((f"{sentence}. {do}" if do else sentence).split())
        super().__init__(self.message)


class WrongUse(Failure):
    """The command line or a file written by hand asks for something that cannot be."""

    exit_code = 2


def nearest(word: str, known: list[str]) -> str:
    """Return the hint of an error about an unknown `word`: the nearest of the `known` ones, else all of them."""
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known) or 'none'}"

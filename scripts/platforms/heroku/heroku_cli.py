"""Heroku's own command-line interface: it holds the user's key and speaks to Heroku's API; this tooling runs it.

Nothing here knows the key: the CLI gets this process's environment unchanged, and reads from it, from the system's
keychain, or from where else `heroku login` wrote it. Checked against the CLI's release 11.
"""

import re
import shlex
import shutil
from pathlib import Path
from typing import TypeVar

import msgspec

from scripts import screen
from scripts.errors import Failure
from scripts.process import CommandFailed, Completed, attached, run

T = TypeVar("T")

LIMIT_SECONDS = 60.0
"""How long the CLI may take to answer one question."""

LAST_LINES = 20

WHOAMI = ("auth:whoami",)

INSTALL = "Install it: https://devcenter.heroku.com/articles/heroku-cli"
INSTEAD = "The local platform does without it (leave TO out), and so do the deploy buttons of the README"

ERROR_ID = re.compile(r"^\W*Error ID: (\w+)", re.MULTILINE)
"""How the CLI prints an error's id of Heroku's API."""

ERROR = re.compile(r"^\W*Error: (.+)", re.MULTILINE)
"""How the CLI begins an error."""


class HerokuRefused(Failure):
    """The CLI said no; `id` is the error's id in Heroku's API (`not_found`), empty where it came from elsewhere."""

    def __init__(self, words: tuple[str, ...], completed: Completed) -> None:
        """Read what the CLI printed."""
        said = completed.stderr.decode("utf-8", "replace")
        about = ERROR_ID.search(said)
        self.id = about[1] if about else ""
        first = ERROR.search(said)
        lines = [line.strip() for line in said.splitlines() if line.strip()][-LAST_LINES:]
        found = first[1] if first else (lines or ["it printed nothing"])[-1]
        super().__init__(f"heroku {words[0]} ended with code {completed.code}", found=found.strip(), lines=lines)


def program() -> Path:
    """Return where the CLI is; Failure says how to get it, and what does without it."""
    path = shutil.which("heroku")
    if not path:
        raise Failure("Heroku's command-line interface is missing", do=f"{INSTALL}. {INSTEAD}", exit_code=2)
    return Path(path).absolute()


def _require_login() -> None:
    """Say that nobody is logged in where that is so: the CLI's other commands would ask for a key on the terminal."""
    try:
        ask(*WHOAMI)
    except HerokuRefused as refused:
        if "not logged in" in refused.found:  # the CLI's words; there is no other sign of it
            do = f"Log in: heroku login. {INSTEAD}"
            raise Failure("nobody is logged in at Heroku", do=do, exit_code=2) from None
        raise


def ask(*words: str) -> str:
    """Run a command of the CLI and return what it printed; HerokuRefused where it said no."""
    try:
        return run([program(), *words], secrets=True, limit=LIMIT_SECONDS).text
    except CommandFailed as failed:
        refused = HerokuRefused(words, failed.completed)
    if not refused.id and words != WHOAMI:
        _require_login()
    raise refused


def ask_for(kind: type[T], *words: str) -> T:
    """Run a command of the CLI that answers in JSON, and return the answer as `kind`."""
    said = ask(*words, "--json")
    try:
        return msgspec.json.decode(said, type=kind)
    except msgspec.DecodeError as error:
        do = "This was written for the CLI's release 11: heroku version"
        raise Failure(f"heroku {words[0]} answered something else than expected", found=str(error), do=do) from None


def show(*words: str) -> int:
    """Print a command of the CLI, run it on this process's terminal, and return its exit code."""
    heroku = program()
    screen.err.print(f"$ {shlex.join(['heroku', *words])}", style="dim")
    return attached([heroku, *words])

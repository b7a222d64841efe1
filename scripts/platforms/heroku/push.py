"""The push that deploys: a commit becomes the main of an app's git remote, which builds it and prints the log.

Nothing is forced. git asks Heroku's own CLI for the key, and no other helper, for that host alone.
"""

import shlex
from collections import deque
from pathlib import Path
from urllib.parse import urlsplit

from scripts.branches.git import git
from scripts.errors import Failure
from scripts.platforms.heroku import heroku_cli as cli
from scripts.platforms.platform import Say
from scripts.process import CommandFailed, TookTooLong

MAIN = "refs/heads/main"

BUILD_SECONDS = 1200.0
"""How long a push may take; Heroku itself ends a build after 15 minutes."""

LAST_LINES = 20
"""How many lines of the build's log an error shows."""

FLAGS = ("--porcelain", "--no-follow-tags", "--recurse-submodules=no")


def main_commit(root: Path, git_url: str) -> str:
    """Return the commit that an app's main is; empty where nothing was ever pushed."""
    try:
        said = git(root, "ls-remote", git_url, MAIN, remote=True, secrets=True, settings=_login(git_url))
    except CommandFailed as failed:
        raise Failure("the app's git remote does not answer", found=failed.found, lines=failed.lines) from None
    return said.text.partition("\t")[0]


def refuse_foreign(root: Path, name: str, there: str, commit: str) -> None:
    """Refuse to push where the app has what the commit does not go on from: only force would overwrite it."""
    if there and git(root, "merge-base", "--is-ancestor", there, commit, codes=(0, 1, 128)).code:
        raise Failure(
            f"the app {name} has another history, and nothing is forced",
            found=f"its main is {there[:10]}",
            do="Choose another app (APP= or PREFIX=), or destroy this one: make destroy … TO=heroku",
        )


def push(root: Path, name: str, git_url: str, commit: str, say: Say) -> None:
    """Push a commit as an app's main; `say` gets each line of the build's log. Failure where the build fails."""
    last: deque[str] = deque(maxlen=LAST_LINES)

    def hear(line: str) -> None:
        if line.startswith("remote:"):
            line = line.removeprefix("remote:").removeprefix(" ")
            say(line)
        if line.strip():
            last.append(line)

    login = _login(git_url)
    what, do = f"the build of {name} failed", "What ran before runs on"
    try:
        words = ("push", *FLAGS, git_url, f"{commit}:{MAIN}")
        git(root, *words, remote=True, secrets=True, settings=login, say=hear, limit=BUILD_SECONDS)
    except CommandFailed:
        raise Failure(what, found="its last lines are above", do=do, lines=tuple(last)) from None
    except TookTooLong as late:
        raise Failure(what, found=late.message, do=do, lines=tuple(last)) from None


def _login(git_url: str) -> list[tuple[str, str]]:
    """Return git's settings that ask Heroku's CLI for the key of an app's remote; Failure for a remote that is none."""
    parts = urlsplit(git_url)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise Failure("the app's git remote is no https address", found=repr(git_url))
    helper = f"credential.https://{parts.netloc}.helper"
    # The empty one takes back all others: none of them may store the key.
    return [(helper, ""), (helper, f"!{shlex.quote(str(cli.program()))} git:credentials")]

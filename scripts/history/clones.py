"""A clone of uvicorn's repository below .local/, and what is asked of it: commits, their files, git's own bisection."""

import datetime as dt
import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.branches.git import git
from scripts.errors import Failure, WrongUse, nearest
from scripts.files import alone, made_once
from scripts.process import CommandFailed

OFFICIAL = "https://github.com/Kludex/uvicorn"
"""Where uvicorn's repository is."""

PULL_REQUEST = re.compile(r"\(#([0-9]+)\)\s*\Z")
"""How the subject of a commit ends that GitHub made of a pull request."""

OLD, NEW = "before", "after"
"""What git calls the two outcomes here."""

SKIP = "skip"
"""What git is told of a commit of which nothing can be known."""

FIRST = re.compile(rf"^([0-9a-f]{{40,64}}) is the first {NEW} commit$", re.MULTILINE)
"""What git says when it has found it."""

LEFT = re.compile(r"^([0-9a-f]{40,64})$", re.MULTILINE)
"""How git lists the commits of which it is one, where some of them were skipped."""

ONLY_SKIPPED = 2
"""The exit code of git's bisection where only commits are left that were skipped (its builtin/bisect.c)."""

CHANGED_BEFORE = 3
"""Its exit code where the commit at which the two ends part is as the newer one is."""


@dataclass(frozen=True)
class UvicornCommit:
    """A commit of uvicorn's repository."""

    commit: str
    committed: dt.datetime
    subject: str

    @property
    def short(self) -> str:
        """Its id as people write it."""
        return self.commit[:10]

    @property
    def pull_request(self) -> int | None:
        """The pull request that it is, where its subject names one."""
        found = PULL_REQUEST.search(self.subject)
        return int(found[1]) if found else None


@dataclass(frozen=True)
class UvicornClone:
    """A bare clone: nobody works in it but these functions, one process at a time (`opened`)."""

    folder: Path
    address: str

    def find(self, word: str) -> UvicornCommit:
        """Return the commit that a tag, a branch or an id names; WrongUse for one that names none."""
        for name in (word, f"v{word}"):
            asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            found = git(self.folder, *asked, codes=(0, 1, 128))
            if not found.code:
                return self.commit(found.text)
        tags = git(self.folder, "tag", "--list").text.split()
        raise WrongUse(f"{self.address} has no commit {word!r}", do=nearest(word, [], tags) if tags else "")

    def commit(self, name: str) -> UvicornCommit:
        """Return what is known of a commit by its id."""
        told = git(self.folder, "show", "--no-patch", "--format=%H%x00%cI%x00%s", name).text
        commit, committed, subject = told.split("\0", 2)
        return UvicornCommit(commit, dt.datetime.fromisoformat(committed), subject)

    def check(self, start: UvicornCommit, end: UvicornCommit) -> None:
        """Refuse ends of which the second is in the first, or that share nothing.

        A release may have been tagged beside the branch that the next one is on: git asks for where they part then.
        """
        if not self.distance(start, end):
            what = f"nothing lies between {start.short} and {end.short}"
            raise WrongUse(what, do="Name the older one in FROM, the newer one in TO")
        if git(self.folder, "merge-base", start.commit, end.commit, codes=(0, 1)).code:
            raise WrongUse(f"{start.short} and {end.short} share no history", do="Name others")

    @contextmanager
    def tree(self, commit: UvicornCommit) -> Iterator[Path]:
        """Hold the files of a commit in a folder of their own: no build finds what another one left there."""
        place = self.folder.with_name("tree") / commit.short
        self._remove(place)
        git(self.folder, "worktree", "add", "--quiet", "--force", "--detach", str(place), commit.commit)
        try:
            yield place
        finally:
            self._remove(place)

    def _remove(self, place: Path) -> None:
        """Remove a folder that holds a commit's files, also one that a killed git left half made or half removed."""
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(self.folder / "worktrees" / place.name, ignore_errors=True)
        git(self.folder, "worktree", "prune")

    def distance(self, start: UvicornCommit, end: UvicornCommit) -> int:
        """Return how many commits are in `end` that are not in `start`."""
        return int(git(self.folder, "rev-list", "--count", f"{start.commit}..{end.commit}").text)

    def begin(self, start: UvicornCommit, end: UvicornCommit) -> tuple[UvicornCommit, ...]:
        """Let git look between two commits whose outcomes differ; return what `tell` does."""
        git(self.folder, "bisect", "reset")
        git(self.folder, "bisect", "start", f"--term-old={OLD}", f"--term-new={NEW}", "--no-checkout")
        git(self.folder, "bisect", OLD, start.commit)
        return self.tell(NEW, end)

    def next(self) -> UvicornCommit:
        """Return the commit that git wants to know of."""
        return self.commit("BISECT_HEAD")

    def tell(self, word: str, commit: UvicornCommit) -> tuple[UvicornCommit, ...]:
        """Tell git what a commit came to, OLD, NEW or SKIP.

        Once git knows all that can be known, the commits are returned of which one is the first with the other outcome:
        that one alone, unless some were skipped.
        """
        said = git(self.folder, "bisect", word, commit.commit, codes=(0, ONLY_SKIPPED, CHANGED_BEFORE))
        if said.code == CHANGED_BEFORE:
            what = "the two ends have no change between them, but one that came before they parted"
            raise Failure(what, found=f"{commit.short} is as TO is", do=f"Name that in TO: TO={commit.short}")
        ids = (LEFT if said.code == ONLY_SKIPPED else FIRST).findall(said.stdout.decode("utf-8", "replace"))
        return tuple(self.commit(each) for each in ids)

    def end(self) -> str:
        """Return git's own log of the search, and let git forget it."""
        log = git(self.folder, "bisect", "log").text
        git(self.folder, "bisect", "reset")
        return log


@contextmanager
def opened(root: Path, address: str, names: tuple[str, ...]) -> Iterator[UvicornClone]:
    """Hold the clone of a repository, made where it is not there and brought up to date where it has not all `names`.

    Failure when another process holds it, or when the repository is not within reach.
    """
    folder = root / ".local/bisect" / hashlib.sha256(address.encode()).hexdigest()[:16]
    with alone(folder / "lock", busy="another search is under way in this repository"):
        clone = UvicornClone(made_once(folder / "uvicorn.git", lambda beside: _clone(root, address, beside)), address)
        git(clone.folder, "worktree", "prune")
        if not all(_is_tag(clone, name) for name in names):  # a tag stays where it is, all else may have moved
            _speak(
                clone.folder, address, "fetch", "--quiet", "--tags", "--prune", "origin", "+refs/heads/*:refs/heads/*"
            )
        yield clone


def _clone(root: Path, address: str, beside: Path) -> None:
    """Clone a repository, whose address may be a folder, seen from where the user stands."""
    place = str(Path(address).resolve()) if Path(address).is_dir() else address
    _speak(root, address, "clone", "--quiet", "--bare", "--", place, str(beside))


def _speak(root: Path, address: str, *args: str) -> None:
    """Run a git that speaks to another repository."""
    what, do = f"{address} cannot be read", "Name another one, a folder too: REPO=…"
    git(root, *args, remote=True, what=what, do=do)


def _is_tag(clone: UvicornClone, name: str) -> bool:
    """Say whether a name is that of a tag which the clone has."""
    with suppress(CommandFailed):
        git(clone.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"refs/tags/{name}")
        return True
    return False

"""Checkouts of this project in temporary folders: its real common/ and variants/, and git histories of their own."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.branches.generate import BranchChange, regenerate
from scripts.matrix import Matrix, load

PROJECT = Path(__file__).resolve().parents[2]

IGNORED = shutil.ignore_patterns("__pycache__", ".*_cache", "verdict.json", "deployment.json", "heroku.json")


@dataclass(frozen=True)
class Checkout:
    """A working tree with a repository."""

    root: Path

    def git(self, *args: str, stdin: str = "") -> str:
        """Run git as a user whose configuration is empty, and return what it printed."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "Keeper", f"GIT_{role}_EMAIL": "keeper@example.invalid"}
            env[f"GIT_{role}_DATE"] = "1700000000 +0530"
        done = subprocess.run(
            ["git", *args], cwd=self.root, env=env, input=stdin, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def write(self, path: str, text: str) -> None:
        """Write a file of the working tree."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def commit(self) -> str:
        """Commit the working tree as it is, and return the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A change")
        return self.git("rev-parse", "HEAD")

    def change_app(self, text: str) -> str:
        """Commit another app.py and return the commit's id."""
        self.write("common/app/app.py", text)
        return self.commit()

    @property
    def matrix(self) -> Matrix:
        """The matrix as it is written here."""
        return load(self.root)

    def regenerate(self, variant: str = "") -> list[BranchChange]:
        """Regenerate the branches of one variant, or of all."""
        matrix = self.matrix
        return regenerate(matrix, matrix.select(variant))

    def refs(self, below: str = "refs/") -> dict[str, str]:
        """Return ref → id for the refs below a name; HEAD's own branch is the user's and left out."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", below).splitlines()
        own = self.git("rev-parse", "--symbolic-full-name", "HEAD")
        return {ref: commit for ref, commit in (line.split(" ") for line in lines) if ref != own}

    def branches(self) -> dict[str, str]:
        """Return ref → commit of the generated branches."""
        return self.refs("refs/heads/")

    def clone(self, to: Path, *options: str) -> "Checkout":
        """Clone this repository over git's own transport, as from another machine."""
        self.git("clone", "--quiet", *options, self.root.as_uri(), str(to))
        return Checkout(to)


def new_checkout(root: Path, *, object_format: str = "sha1", drop: tuple[str, ...] = ("patched",)) -> Checkout:
    """Make a checkout of the project's present files with one commit, without the variants to `drop`."""
    for folder in ("common", "variants"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=IGNORED)
    for name in drop:
        shutil.rmtree(root / "variants" / name)
    for name in ("LICENSE", ".gitattributes", ".gitignore"):
        shutil.copy(PROJECT / name, root / name)
    checkout = Checkout(root)
    checkout.git("init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")
    checkout.commit()
    return checkout


def commits_of(changes: list[BranchChange]) -> dict[str, str]:
    """Return branch → commit of what `regenerate` said."""
    return {change.branch: change.commit for change in changes}


def actions_of(changes: list[BranchChange]) -> dict[str, str]:
    """Return variant → action of what `regenerate` said."""
    return {change.variant.name: change.action for change in changes}


def wrap_git(folder: Path, monkeypatch: pytest.MonkeyPatch, verb: str, script: str) -> None:
    """Put a git on PATH that runs a shell script in place of one verb; `$git` is the real one."""
    real = shutil.which("git")
    folder.mkdir()
    wrapper = f'#!/bin/sh\ngit={real}\nif [ "$1" = {verb} ]; then\n{script}\nfi\nexec $git "$@"\n'
    (folder / "git").write_text(wrapper, encoding="utf-8")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

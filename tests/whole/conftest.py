"""A clone of the project as it stands in the working tree, for tests that use it as its users do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


class Clone:
    """A clone, its commands, and what its user would see."""

    def __init__(self, root: Path) -> None:
        """Be the clone at `root`."""
        self.root = root

    def run(self, *args: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the clone, with more environment variables."""
        return subprocess.run(
            args, cwd=self.root, env=os.environ | variables, capture_output=True, encoding="utf-8", check=False
        )

    def verb(self, *args: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a verb of the tooling."""
        return self.run(sys.executable, "-m", "scripts", *args, **variables)

    def done(self, *args: str, **variables: str) -> str:
        """Run a verb that must succeed, and return what it printed."""
        finished = self.verb(*args, **variables)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout


def clone_working_tree(folder: Path) -> Clone:
    """Commit the files of the working tree, as git would see them, in a repository of their own, and clone that."""
    source, root = folder / "source", folder / "a clone"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        if (PROJECT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, source / name)
    identity = ["-c", "user.name=Keeper", "-c", "user.email=keeper@example.invalid"]
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        [*identity, "commit", "--quiet", "--message", "The working tree"],
        ["clone", "--quiet", str(source), str(root)],
    ):
        subprocess.run(["git", *command], cwd=source, check=True)
    return Clone(root)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Give each module a clone, in a folder with a space in its name; what it left running is ended."""
    made = clone_working_tree(tmp_path_factory.mktemp("whole"))
    yield made
    made.done("down")

"""Small git repositories, made by the tests, whose commits follow each other by a day."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

IDENTITY = ("-c", "user.name=Keeper", "-c", "user.email=keeper@example.invalid", "-c", "commit.gpgsign=false")

DAY = "2022-02-{:02}T12:00:00+00:00"


def git(folder: Path, *args: str, **variables: str) -> str:
    """Run git in a repository and return what it printed."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **variables}
    done = subprocess.run(["git", *IDENTITY, *args], cwd=folder, env=env, capture_output=True, check=True)
    return done.stdout.decode().strip()


class Repository:
    """A repository."""

    def __init__(self, folder: Path) -> None:
        """Begin one without a commit."""
        self.folder = folder
        self._day = 0
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--initial-branch=main")

    def commit(self, subject: str, files: Mapping[str, str], tag: str = "") -> str:
        """Commit files with this content beside those that are there, and return the commit's id."""
        for path, content in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(content, "utf-8")
        self._day += 1
        day = DAY.format(self._day)
        git(self.folder, "add", "--all")
        git(
            self.folder,
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            subject,
            GIT_AUTHOR_DATE=day,
            GIT_COMMITTER_DATE=day,
        )
        if tag:
            git(self.folder, "tag", tag)
        return git(self.folder, "rev-parse", "HEAD")

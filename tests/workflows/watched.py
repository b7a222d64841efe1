"""A release that has just been made a variant, on its way from the watch's one job to the other."""

import os
import shutil
import subprocess
from pathlib import Path

from scripts.matrix import load
from tests.workflows.workflows import PROJECT, jobs, new_machine

NEW = load(PROJECT).latest.name
BRANCH = f"update/{NEW}"
FOLDER = f"variants/{NEW}"

ACTOR = {f"GIT_{who}_{what}": "x@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
"""Who commits."""


class GitHub:
    """A repository of the test's own, and a machine of each of the watch's two jobs with a clone of it."""

    def __init__(self, folder: Path, before: Path) -> None:
        """Lay out all in `folder`; in the first clone the newest release has just been made a variant."""
        self.origin = folder / "git hub.git"
        subprocess.run(["git", "clone", "--quiet", "--bare", str(before), str(self.origin)], check=True)
        self.update = new_machine(folder / "update", self.origin)
        self.propose = new_machine(folder / "propose", self.origin, "--depth", "1", "--no-checkout")
        self.artifact = self.update.temp / "update"
        self.artifact.mkdir()
        (self.artifact / "body.txt").write_text(f"{FOLDER}/: written\n")

    def refs(self) -> str:
        """Return the branches of the repository with their commits."""
        return self.propose.git("ls-remote", str(self.origin))

    def commit(self, change: str = "", then: str = "") -> str:
        """Run the step that commits, and return its output.

        `change` are lines of shell that change the new variant's checkout before, `then` what its commit becomes.
        """
        files = self.update.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
        for name in (*files, *(f"{FOLDER}/{file.name}" for file in (PROJECT / FOLDER).iterdir())):
            if name.startswith((FOLDER, "common/runtimes/", "README.md", ".github/outcome")):
                (self.update.root / name).parent.mkdir(exist_ok=True)
                shutil.copy(PROJECT / name, self.update.root / name)
        self._shell(change)
        self.update.done("watch:update", "Commit what is new")
        if then:
            self._shell(f'{then}; git bundle create --quiet "$BUNDLE" HEAD ^origin/main')
        return self.update.read("output")

    def _shell(self, lines: str) -> None:
        """Run lines of shell in the clone of the job that measures."""
        env = {"PATH": os.environ["PATH"], "NEW": FOLDER, "BUNDLE": f"{self.artifact}/commit.bundle", **ACTOR}
        subprocess.run(["bash", "-ec", lines], cwd=self.update.root, env=env, check=True)

    def take(self, branch: str = BRANCH) -> "subprocess.CompletedProcess[str]":
        """Hand the artifact on, run the steps of the job that may write up to the first that fails; return the last."""
        shutil.copytree(self.artifact, self.propose.temp / "update", symlinks=True, dirs_exist_ok=True)
        for name, step in jobs()["watch:propose"].commands.items():
            assert not step.keys() & {"if", "continue-on-error"}
            done = self.propose.run("watch:propose", name, BRANCH=branch)
            if done.returncode:
                break
        return done

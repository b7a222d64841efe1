"""The workflows of .github/workflows/, and the commands of their steps, run as they are written.

What is no command of this project is not played here: actions of other people's making, expressions, conditions.
"""

import functools
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / ".github/workflows"

TOKEN = "a-token-of-this-job-alone"

OWN = ("GITHUB_", "GH_", "RUNNER_", "MAKE", "MFLAGS", "GIT_")
"""Variables of the machine that runs this test which must not reach the steps."""

GH = """#!/bin/sh
printf '%s: %s\\n' "$GH_TOKEN" "$*" >>"$RUNNER_TEMP/gh.txt"
[ "$1 $2" != 'pr list' ] || cat "$RUNNER_TEMP/open.txt"
"""
"""In the place of GitHub's own client: it notes what it was asked for, and knows the open pull requests."""


@dataclass(frozen=True)
class Job:
    """One job of a workflow, as it is written."""

    workflow: str
    name: str
    raw: Mapping[str, Any]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Its steps in their order."""
        return list(self.raw["steps"])

    @property
    def commands(self) -> dict[str, dict[str, Any]]:
        """The steps that run a command, by their names."""
        return {step["name"]: step for step in self.steps if "run" in step}

    def __str__(self) -> str:
        return f"{self.workflow}:{self.name}"


@functools.cache
def workflows() -> dict[str, Any]:
    """Return all workflows by the names of their files. YAML 1.1 reads the key `on` as True."""
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.y*ml"))}


@functools.cache
def jobs() -> dict[str, Job]:
    """Return the jobs of all workflows by `workflow:job`."""
    found = (Job(name, job, raw) for name, workflow in workflows().items() for job, raw in workflow["jobs"].items())
    return {str(job): job for job in found}


@dataclass(frozen=True)
class Machine:
    """A checkout, and the folder that a runner has beside it."""

    root: Path
    temp: Path

    def run(self, job: str, step: str, **given: str) -> "subprocess.CompletedProcess[str]":
        """Run a step's command with the shell that the workflows ask for.

        `given` has the values of the variables that the step or its job sets from an expression; the token is known.
        """
        wanted = jobs()[job]
        command = wanted.commands[step]
        declared = {**wanted.raw.get("env", {}), **command.get("env", {})}
        known = {"GH_TOKEN": TOKEN, **given}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command["run"]],
            cwd=self.root,
            env=self._environment() | {name: known[name] for name in declared},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    def done(self, job: str, step: str, **given: str) -> str:
        """Run a step that must succeed and keep the token to itself, and return what it printed."""
        finished = self.run(job, step, **given)
        assert finished.returncode == 0, finished.stdout
        assert TOKEN not in finished.stdout + self.read("summary")
        return finished.stdout

    def read(self, name: str) -> str:
        """Return a file that steps wrote: `output`, `summary` or another; empty where there is none."""
        file = self.temp / name
        return file.read_text("utf-8") if file.exists() else ""

    def git(self, *args: str, **variables: str) -> str:
        """Run git in the checkout, which must succeed, and return what it printed."""
        env = self._environment() | variables
        done = subprocess.run(
            ["git", *args], cwd=self.root, env=env, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        """Return the environment that a runner gives every step."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
        sha = subprocess.run(["git", "rev-parse", "origin/main"], cwd=self.root, capture_output=True, check=True).stdout
        return env | {
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_REF_NAME": "main",
            "GITHUB_SHA": sha.decode().strip(),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": f"{self.temp / 'bin'}:{env['PATH']}",
            "RUNNER_TEMP": str(self.temp),
        }


def new_machine(folder: Path, origin: Path, *options: str) -> Machine:
    """Return a machine in `folder` with a fresh clone of `origin`; `options` go to git clone."""
    machine = Machine(folder / "work", folder / "temp")
    (machine.temp / "bin").mkdir(parents=True)
    (machine.temp / "bin/gh").write_text(GH)
    (machine.temp / "bin/gh").chmod(0o755)
    (machine.temp / "open.txt").touch()
    subprocess.run(["git", "clone", "--quiet", *options, origin.as_uri(), str(machine.root)], check=True)
    # The tooling's environment is there already: it is the one that runs this test.
    (machine.root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    (machine.root / ".git/info/exclude").write_text("/.venv\n")
    return machine

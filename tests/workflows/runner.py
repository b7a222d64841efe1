"""A stand-in for GitHub's runners: it runs a job's commands as they are written, each job on a checkout of its own.

Actions of other people's making cannot be had here. Their part is played: a checkout is a clone of the bare repository
that stands for GitHub, an artifact is a folder.
"""

import functools
import itertools
import operator
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.workflows.workflows import Job, Step, filled, holds, workflows

TOKEN = "a-token-of-this-job-alone"

OWN = ("GITHUB_", "GH_", "RUNNER_", "MAKE", "MFLAGS", "GIT_")
"""Variables of the machine that runs this test which must not reach the jobs."""


@dataclass
class Done:
    """What a job left behind."""

    outputs: dict[str, str] = field(default_factory=dict)
    """`steps.ID.outputs.NAME` → value."""
    printed: str = ""
    summary: str = ""
    failed: str = ""
    """The name of the step that failed; the later ones were not run."""
    ran: list[str] = field(default_factory=list)
    """The names of the steps that were run."""


@dataclass(frozen=True)
class GitHub:
    """The repository with its workflows, its artifacts, its pull requests."""

    folder: Path
    origin: Path
    """The bare repository."""

    @property
    def state(self) -> Path:
        """Where the stand-in for gh keeps what it was asked for."""
        return self.folder / "gh"

    def artifact(self, name: str) -> Path:
        """Return the folder of an artifact."""
        return self.folder / "artifacts" / name

    def git(self, *args: str, cwd: Path | None = None) -> str:
        """Run git in the bare repository, or elsewhere, and return what it printed."""
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.origin, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def heads(self) -> dict[str, str]:
        """Return branch → commit."""
        lines = self.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").splitlines()
        return dict(line.split() for line in lines)

    def run(self, workflow: str, job: str, known: Mapping[str, str] | None = None) -> Done:
        """Run a job; `known` has the values of the expressions that this runner cannot know."""
        wanted = workflows()[workflow].jobs[job]
        runner = _Runner(self, wanted, dict(known or {}))
        for step in wanted.steps:
            if (runner.done.failed and "always()" not in step.condition) or not holds(step.condition, runner.known):
                continue
            runner.done.ran.append(step.name)
            runner.take(step)
        return runner.done


class _Runner:
    """A machine for one job."""

    def __init__(self, github: GitHub, job: Job, known: dict[str, str]) -> None:
        self.github, self.job, self.done = github, job, Done()
        number = len(list(github.folder.glob("job *")))
        self.folder = github.folder / f"job {number} {job.name}"
        self.workspace, self.temp = self.folder / "work", self.folder / "temp"
        self.temp.mkdir(parents=True)
        self.known = {"runner.temp": str(self.temp), "github.token": TOKEN, "github.ref": "refs/heads/main", **known}
        for step in job.steps:
            if step.id:
                # An output that was not set is empty.
                self.known |= {f"steps.{step.id}.outputs.{name}": "" for name in ("branch", "matrix")}

    def take(self, step: Step) -> None:
        """Take one step."""
        if step.run:
            self._command(step)
            return
        inputs = {
            key: filled(value, self.known) if isinstance(value, str) else value for key, value in step.inputs.items()
        }
        match step.action:
            case "actions/checkout":
                self._check_out(full=inputs.get("fetch-depth") == 0)
            case "actions/setup-python":
                pass  # the Python that runs this test is set up by it
            case "actions/upload-artifact":
                assert any(Path(inputs["path"]).iterdir()), "if-no-files-found: error"
                shutil.copytree(inputs["path"], self.github.artifact(inputs["name"]), dirs_exist_ok=True)
            case "actions/download-artifact":
                for artifact in (self.github.folder / "artifacts").glob(inputs.get("pattern") or inputs["name"]):
                    shutil.copytree(artifact, inputs["path"], dirs_exist_ok=True)
            case other:
                raise AssertionError(f"{other} is not played here")

    def _check_out(self, *, full: bool) -> None:
        """Clone what stands for GitHub: one commit deep unless said otherwise."""
        depth = [] if full else ["--depth", "1"]
        self.github.git("clone", "--quiet", *depth, self.github.origin.as_uri(), str(self.workspace), cwd=self.folder)
        (self.workspace / ".venv").symlink_to(sys.prefix, target_is_directory=True)
        (self.workspace / ".git/info/exclude").write_text("/.venv\n")
        caches = Path(__file__).resolve().parents[2] / ".mypy_cache"
        if caches.is_dir():
            shutil.copytree(caches, self.workspace / ".mypy_cache", dirs_exist_ok=True)

    def _command(self, step: Step) -> None:
        """Run a step's command with the shell that the workflow asks for."""
        files = {name: self.folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        script = self.folder / "step.sh"
        script.write_text(step.run, encoding="utf-8")
        finished = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env=self._environment(step) | {name: str(file) for name, file in files.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        self.done.printed += finished.stdout
        if finished.returncode:
            self.done.failed = step.name
        self._note_outputs(step, files["GITHUB_OUTPUT"])
        self.done.summary = files["GITHUB_STEP_SUMMARY"].read_text("utf-8")

    def _environment(self, step: Step) -> dict[str, str]:
        """Return the environment that GitHub gives a step."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
        sha = self.github.git("rev-parse", "HEAD", cwd=self.workspace)
        env |= {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REF_NAME": "main",
            "GITHUB_REPOSITORY": "owner/repository",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_SHA": sha,
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "FAKE_GH": str(self.github.state),
            "PATH": f"{self.github.folder / 'bin'}:{env['PATH']}",
        }
        for given in (self.job.raw.get("env", {}), step.env):
            env |= {name: filled(value, self.known) for name, value in given.items()}
        return env

    def _note_outputs(self, step: Step, file: Path) -> None:
        """Read `name=value` and `name<<END` … `END` as GitHub does."""
        lines = iter(file.read_text("utf-8").splitlines())
        for line in lines:
            name, heredoc, end = line.partition("<<")
            if heredoc:
                value = "\n".join(itertools.takewhile(functools.partial(operator.ne, end), lines))
            else:
                name, _, value = line.partition("=")
            self.done.outputs[name] = value
            self.known[f"steps.{step.id}.outputs.{name}"] = value
        file.unlink()


def new_github(folder: Path, source: Path) -> GitHub:
    """Make what stands for GitHub: the repository at `source` as a bare one, and gh."""
    origin = folder / "origin.git"
    github = GitHub(folder, origin)
    github.git("clone", "--quiet", "--bare", str(source), str(origin), cwd=folder)
    github.state.mkdir()
    gh = folder / "bin/gh"
    gh.parent.mkdir()
    stand_in = Path(__file__).with_name("gh.py")
    gh.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(stand_in))} "$@"\n')
    gh.chmod(0o755)
    return github

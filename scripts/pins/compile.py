"""`make pin`: compiles requirements files with pip-tools, each under its own runtime's Python.

All is compiled in a scratch folder first and put in its place last, so a failure changes nothing. Relative names are
used there, so nothing of the machine gets into the output; extra indexes and folders of this machine are not asked,
because a pin must be of what everyone can get.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from scripts.errors import Failure
from scripts.files import write_all, write_whole
from scripts.matrix import Matrix, Variant
from scripts.pins import jobs as plan
from scripts.pins import lockfile, pip_settings
from scripts.pins.environments import ready_environment
from scripts.pins.jobs import Job
from scripts.pins.parsers import refuse_unknown_parser
from scripts.pins.patched_wheel import patched_wheel
from scripts.pins.pythons import find_python
from scripts.process import run

log = logging.getLogger(__name__)

PIP_COMPILE = (
    *("compile", "--quiet", "--no-config", "--generate-hashes", "--no-reuse-hashes", "--allow-unsafe"),
    *("--strip-extras", "--no-header", "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
)
"""--no-reuse-hashes: the hashes come from the index each time, never from a file that somebody may have edited."""

UV_COMPILE = ("pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--no-config")


@dataclass(frozen=True)
class Pinned:
    """What became of one compiled file."""

    path: str
    """From the checkout's root."""
    action: str
    """`written` or `unchanged`."""
    packages: int
    """How many packages it pins."""


def pin(matrix: Matrix, variants: Sequence[Variant], *, upgrade: bool = False, everything: bool) -> Iterator[Pinned]:
    """Compile what is stale of the pins of `variants` and of their runtimes' tools, and say what became of each file.

    With `everything` the pins of the tooling and the tests as well. What is pinned stays pinned where it still fits,
    unless `upgrade` asks for the newest of all, or the runtime says as of when they are resolved: the same inputs then
    give the same pins, whenever they are compiled and whatever was pinned before. Nothing stale: nothing is done, and
    no network needed. Failure, with all files as they were, when a Python, a release or the network is missing or a
    result is no good.
    """
    runtimes = {variant.runtime.name: plan.runtime_job(variant.runtime) for variant in variants}
    tooling = plan.tooling_jobs() if everything else ()
    after = [plan.sanic_job()] if everything else []
    jobs = [*tooling, *runtimes.values(), *after, *map(plan.variant_job, variants)]
    with tempfile.TemporaryDirectory(prefix="pin-") as scratch:
        desk = _Desk(matrix, Path(scratch))
        for job in jobs:
            why = plan.why_stale(job, desk.read)
            if why or upgrade:
                log.info("compile %s: it %s", job.path, why or "shall be upgraded")
                desk.compile(job, upgrade=upgrade)
        texts = {job.path: desk.read(job.path) for job in jobs}
        written = write_all({matrix.root / path: text for path, text in texts.items()})
    for path, text in texts.items():
        yield Pinned(path, "written" if matrix.root / path in written else "unchanged", len(lockfile.pins(text)))


class _Desk:
    """A scratch folder, laid out as the checkout is, in which files are compiled before they count."""

    def __init__(self, matrix: Matrix, scratch: Path) -> None:
        self._root = matrix.root.resolve()  # commands run elsewhere
        self._scratch = scratch
        self._done = scratch / "done"

    def read(self, path: str) -> str:
        """Return the text of a file: as it has just been compiled, else as the checkout has it."""
        return plan.text_of(self._place(path))

    def compile(self, job: Job, *, upgrade: bool) -> None:
        """Compile one file; Failure says what stood in the way."""
        inputs = plan.inputs(job, self.read)
        if job.variant and job.variant.names_parser:
            refuse_unknown_parser(job.variant)
        work = self._lay_out(job)
        about = self._uv(job, work, upgrade) if not job.tools else self._pip_tools(job, work, upgrade)
        body = (work / job.path).read_text(encoding="utf-8")
        if bad := plan.misfits(job, body):
            raise Failure(f"{job.path} would be no good", found="; ".join(bad), do=f"Look at {job.source}")
        write_whole(self._done / job.path, lockfile.compose(about, job.make, inputs, body))

    def _place(self, path: str) -> Path:
        fresh = self._done / path
        return fresh if fresh.exists() else self._root / path

    def _lay_out(self, job: Job) -> Path:
        """Return a folder with what a compilation reads, and what is pinned so far."""
        work = self._scratch / "work"
        shutil.rmtree(work, ignore_errors=True)
        texts = {path: self.read(path) for path in job.files}
        if job.constraints:
            texts[job.constraints_from] = "\n".join(job.constraints) + "\n"
        if job.requirements:
            texts[f"{job.path}.in"] = "\n".join(job.requirements) + "\n"
        # What is resolved as of a moment stands on that moment alone, whatever an older file says.
        if not job.resolved_as_of and (self._root / job.path).exists():
            text = self.read(job.path)
            lock = lockfile.read(text)
            texts[job.path] = lock.body if lock else text
        for path, text in texts.items():
            write_whole(work / path, text)
        if job.variant and job.variant.patch:
            wheel = patched_wheel(self._root, job.variant)
            write_whole((work / job.path).parent / "wheels" / wheel.name, wheel.content)
        return work

    def _uv(self, job: Job, work: Path, upgrade: bool) -> str:
        """Compile with uv, and return what the header says about it."""
        python = find_python(job.python)
        env = {**pip_settings.uv_environment(), "UV_FIND_LINKS": None}
        names = ["--output-file", job.path, f"{job.path}.in", *(["--upgrade"] if upgrade else [])]
        args: list[str | Path] = [find_uv_bin(), *UV_COMPILE, "--python", python, *names]
        run(args, cwd=work, env=env, what=f"{job.path} cannot be compiled", do=f"Look at {job.source}")
        return f"Compiled by `{job.make}` with uv from the `tools` of {job.source}, for Python {job.python}."

    def _pip_tools(self, job: Job, work: Path, upgrade: bool) -> str:
        """Compile with pip-tools under the job's Python, and return what the header says about it."""
        tools = self._place(job.tools)
        self._refuse_unsound(job.tools)
        venv = ready_environment(self._root / ".local/environments", job.python, tools)
        folder = (work / job.path).parent
        words = ["--output-file", Path(job.path).name, Path(job.source).name]
        if job.constraints:
            words += ["--constraint", os.path.relpath(work / job.constraints_from, folder)]
        if (folder / "wheels").exists():
            words += ["--find-links", "wheels"]
        env = pip_settings.for_pip(pip_settings.read(), os.environ)
        moment = plan.in_utc(job.resolved_as_of) if job.resolved_as_of else ""
        if moment:
            words += ["--uploaded-prior-to", moment]
        if upgrade:
            words.append("--upgrade")
        args: list[str | Path] = [venv / "bin/python", "-I", "-m", "piptools", *PIP_COMPILE, *words]
        mend = f"Look at {' and '.join(job.origins)}"
        run(args, cwd=folder, env=env, what=f"{job.path} cannot be compiled", do=mend)
        versions = lockfile.versions(tools.read_text(encoding="utf-8"))
        used = f"pip {versions['pip']} and pip-tools {versions['pip-tools']}"
        used += f", as of {moment}" if moment else ""
        return f"Compiled by `{job.make}` from {Path(job.source).name} under Python {job.python} with {used}."

    def _refuse_unsound(self, tools: str) -> None:
        """Refuse to run tools from a file that somebody edited: what it says was pinned by nobody."""
        try:
            lock = lockfile.read(self.read(tools))
        except FileNotFoundError:
            lock = None
        if lock is None or not lock.intact:
            raise Failure(
                f"{tools} is not as it was compiled",
                found="the tools that it names are not run",
                do=f"Restore it: git checkout -- {tools}",
            )

"""Which files `make pin` compiles, from what, and which of them are stale. It reads files and changes none.

Three kinds, one record: the variants' pins, the pins of the tools that compile them (one file a runtime), and the pins
of this project's own tooling and tests. Some are inputs of others, so the order counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.errors import Failure
from scripts.files import shown
from scripts.matrix import Matrix, Variant
from scripts.pins import lockfile
from scripts.pins.patched_wheel import FORMAT as WHEEL_FORMAT
from scripts.pins.patched_wheel import PACKAGE, patches
from scripts.runtimes import Runtime

FORMAT = 1
"""Raise it with every change after which the same inputs give another file, so that all count as stale."""

OLDEST_PYTHON = "3.11"
"""The oldest Python that the tooling supports (pyproject.toml): its pins are compiled under it."""

CURRENT_PYTHON = "3.13"
"""The newer of the two Pythons that the app is tested on; the other servers run on it too."""

TOOLING = "scripts/requirements.txt"
TESTS = "tests/requirements.txt"
CURRENT_APP = "tests/app/current.txt"
SERVERS = "common/servers/current/requirements.txt"
SANIC = "common/servers/early/requirements.txt"

Read = Callable[[str], str]
"""Gives the text of a file, named by its path from the checkout's root; FileNotFoundError where there is none."""

LAST_PATCH = 99
"""A patch release later than any: what asks for 3.8.1 and later runs on Python 3.8."""


@dataclass(frozen=True)
class Job:
    """One compiled requirements file."""

    path: str
    """Where it stands, from the checkout's root."""
    source: str
    """The file of its requirements."""
    python: str
    """The Python, as major.minor, that it is compiled under and for."""
    tools: str
    """The compiled file with the pip and pip-tools that compile it; empty where uv does."""
    make: str
    """The command that compiles it."""
    files: tuple[str, ...] = ()
    """Files that the compilation reads: the source, and what the source names."""
    requirements: tuple[str, ...] = ()
    """The requirements, where the source is no requirements file."""
    constraints: tuple[str, ...] = ()
    constraints_from: str = ""
    """The file that the constraints stand in, as pip-tools' comments shall name it."""
    facts: tuple[str, ...] = ()
    """Whatever else the result depends on."""
    resolved_as_of: datetime | None = None
    """Nothing is taken that was uploaded at this moment or later.

    It is no input of the digest: what is pinned stays pinned when the moment moves on, and the branches with it.
    """
    variant: Variant | None = None

    @property
    def origins(self) -> tuple[str, ...]:
        """The files that decide what is compiled, for a message."""
        counts = self.variant and (self.variant.patch or self.variant.names_parser)
        toml = f"{Path(self.source).parent}/variant.toml" if counts else ""
        return tuple(dict.fromkeys(filter(None, [self.source, *self.files, self.constraints_from, toml])))


@dataclass(frozen=True)
class Stale:
    """A compiled file that is not what its inputs ask for."""

    path: str
    why: str
    command: str
    """What mends it."""


def reader(matrix: Matrix) -> Read:
    """Return how the checkout's files are read."""
    return lambda path: text_of(matrix.root / path)


def text_of(path: Path) -> str:
    """Return the text of a file; FileNotFoundError where there is none, Failure where it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Failure(f"{shown(path)} is no UTF-8 text", found=str(error)) from None


def in_utc(moment: datetime) -> str:
    """Return a moment as TOML and pip both take it (RFC 3339), in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def tooling_jobs() -> tuple[Job, ...]:
    """Return the compilations of this project's own tooling and tests, in their order."""
    own = Job(TOOLING, "scripts/requirements.in", OLDEST_PYTHON, TOOLING, "make pin", ("scripts/requirements.in",))
    tests = Job(TESTS, "tests/requirements.in", OLDEST_PYTHON, TOOLING, "make pin", ("tests/requirements.in", TOOLING))
    app = Job(CURRENT_APP, "tests/app/current.in", CURRENT_PYTHON, TOOLING, "make pin", ("tests/app/current.in",))
    source = "common/servers/current/requirements.in"
    servers = Job(SERVERS, source, CURRENT_PYTHON, TOOLING, "make pin", (source,))
    return own, tests, app, servers


def sanic_job() -> Job:
    """Return the compilation of an old server that is measured beside the current ones, by the tools of its time."""
    source, tools = "common/servers/early/requirements.in", "common/runtimes/python3.8-tools.txt"
    return Job(SANIC, source, "3.8", tools, "make pin", (source,))


def tools_path(runtime: Runtime) -> str:
    """Return the place of the compiled file of a runtime's tools."""
    return f"common/runtimes/{runtime.name}-tools.txt"


def runtime_job(runtime: Runtime) -> Job:
    """Return the compilation of a runtime's tools.

    uv does it: pip-tools would have to be there first, unpinned, to compile its own pins.
    """
    source = f"common/runtimes/{runtime.name}.toml"
    return Job(tools_path(runtime), source, runtime.python, "", "make pin", requirements=runtime.tools)


def variant_job(variant: Variant) -> Job:
    """Return the compilation of a variant's pins."""
    runtime, folder = variant.runtime, f"variants/{variant.folder.name}"
    facts: tuple[str, ...] = ()
    files = [f"{folder}/requirements.in"]
    if variant.names_parser:
        facts = (f"--http {variant.http}",)
    if variant.patch:
        facts += (str(WHEEL_FORMAT), variant.patch.released_sha256, variant.patch.local_version)
        files += [f"{folder}/patches/{patch.name}" for patch in patches(variant)]
    return Job(
        path=f"{folder}/requirements.txt",
        source=f"{folder}/requirements.in",
        python=runtime.python,
        tools=tools_path(runtime),
        make=f"make pin VARIANT={variant.name}",
        files=tuple(files),
        constraints=runtime.constraints,
        constraints_from=f"common/runtimes/{runtime.name}.toml",
        facts=(*runtime.tools, *facts),
        resolved_as_of=runtime.resolved_as_of,
        variant=variant,
    )


def all_jobs(matrix: Matrix) -> tuple[Job, ...]:
    """Return all compilations in an order in which each comes after those that it reads."""
    runtimes = [runtime_job(runtime) for runtime in matrix.runtimes]
    return *tooling_jobs(), *runtimes, sanic_job(), *(variant_job(variant) for variant in matrix.variants)


def inputs(job: Job, read: Read) -> str:
    """Return the digest of all that a file is compiled from; Failure when some of it is missing."""
    own = [str(FORMAT), job.python, "\n".join(job.requirements), "\n".join(job.constraints), "\n".join(job.facts)]
    if job.tools == TOOLING != job.path:
        own += compilers(read)
    for path in job.files:
        try:
            own += [path, read(path)]
        except FileNotFoundError:
            raise Failure(f"{job.path} cannot be compiled", found=f"{path} is missing") from None
    return lockfile.digest(own)


def compilers(read: Read) -> list[str]:
    """Return the pip and the pip-tools of the tooling, as requirements; Failure where it pins none."""
    try:
        pinned = lockfile.versions(read(TOOLING))
        return [f"{name}=={pinned[name]}" for name in ("pip", "pip-tools")]
    except (OSError, ValueError, KeyError):
        raise Failure(f"{TOOLING} is no good", do=f"Restore it: git checkout -- {TOOLING}") from None


def misfits(job: Job, body: str) -> list[str]:
    """Return what is wrong with a compiled body; nothing for a good one."""
    bad = lockfile.problems(body)
    if bad or not job.variant:
        return bad
    pinned = lockfile.versions(body)
    if pinned.get(PACKAGE) != job.variant.requirement:
        found = f"{PACKAGE} {pinned[PACKAGE]}" if PACKAGE in pinned else f"no {PACKAGE}"
        bad.append(f"it pins {found}, variant.toml says {job.variant.requirement}")
    if job.variant.http not in pinned:
        # Without httptools h11 would answer, which handles split requests: the verdict would be about something else.
        why = (
            f"{job.source} must name it"
            if job.variant.names_parser
            else "uvicorn 0.12 and later need the extra `standard`"
        )
        bad.append(f"it pins no {job.variant.http} ({why})")
    return bad


def why_stale(job: Job, read: Read) -> str:
    """Return why a compiled file must be compiled again, or nothing when it is as its inputs ask."""
    try:
        lock = lockfile.read(read(job.path))
    except FileNotFoundError:
        return "is missing"
    if lock is None:
        return "was not compiled by make pin"
    if not lock.intact:
        return "was edited by hand"
    if lock.inputs != inputs(job, read):
        return f"is older than {' or '.join(job.origins)}"
    return "; ".join(misfits(job, lock.body))


def stale(matrix: Matrix, only: Sequence[Variant] | None = None) -> list[Stale]:
    """Return the compiled files, `only` those of some variants or all, that are not what their inputs ask for.

    It reads files alone: no network.
    """
    read = reader(matrix)
    jobs = all_jobs(matrix) if only is None else map(variant_job, only)
    found = [(job, why_stale(job, read)) for job in jobs]
    return [Stale(job.path, why, job.make) for job, why in found if why]

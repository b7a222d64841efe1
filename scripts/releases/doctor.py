"""What will rot: the runtimes' Pythons and stacks, held against dates, and the pins, held against the package index.

The first two need no network: the dates are in common/support.toml. Whether a compiled file can still be installed is
uv's to say: it installs each one, with its hashes, for the Python and the system that it is meant for, and all of it is
thrown away.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from uv import find_uv_bin

from scripts.errors import Failure
from scripts.files import write_whole
from scripts.matrix import Matrix
from scripts.pins.jobs import Job, all_jobs
from scripts.pins.pip_settings import as_place, uv_environment
from scripts.pins.pythons import fetchable, locate
from scripts.pins.wheel import PACKAGE, patched_wheel
from scripts.process import run
from scripts.records import read_record
from scripts.releases.choose import LAST_PATCH
from scripts.releases.index import releases
from scripts.releases.support import Finding, Level, Support, runtime_findings, staleness, system_of

SUPPORT = "common/support.toml"

COMMON_GLIBC = "2.28"
"""The glibc that wheels are commonly built for (manylinux_2_28): the tooling's own pins must suit any machine."""

GLIBCS = (17, 28, *range(31, 41))
"""The glibc 2.N for which uv knows the wheels that fit (its --python-platform)."""

INSTALL = ("pip", "install", "--refresh", "--require-hashes", "--no-config", "--no-progress", "--color", "never")
"""--refresh: what uv has kept says nothing about what the index still has.

No --dry-run: with that uv looks at no file, and passes one that was replaced under its name.
"""

WARNING = "warning: "
"""How uv begins the line about a release that was yanked; it has no other words for that."""

AT_ONCE = 4
"""How many files uv is asked about at a time."""


def read_support(root: Path) -> Support:
    """Read common/support.toml of the checkout at `root`; WrongUse says what is wrong in it."""
    return read_record(root / SUPPORT, Support, do=f"What is committed: git checkout -- {SUPPORT}")


def check_runtimes(matrix: Matrix, support: Support, today: date) -> Iterator[Finding]:
    """Yield what is to be said of the runtimes and of the dates themselves; it needs no network."""
    for runtime in matrix.runtimes:
        variants = [variant.name for variant in matrix.variants if variant.runtime == runtime]
        yield Finding(Level.OK, runtime.name, f"runs {', '.join(variants)}")
        yield from runtime_findings(runtime, support, today)
        yield _had(runtime.name, runtime.python)
    for fact in support.facts:
        yield Finding(Level.NOTE, fact.subject, fact.text, source=fact.source)
    yield from staleness(support, today)


def check_pins(matrix: Matrix, support: Support) -> list[Finding]:
    """Ask uv for every compiled file whether it can still be installed, and return what it says.

    One finding says it for all where the package index does not answer.
    """
    try:
        releases(PACKAGE)
    except Failure as failure:
        text = f"were not asked for: {failure.message}"
        return [Finding(Level.UNKNOWN, "pins", text, "Or leave this out: make doctor OFFLINE=1")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(installable, matrix, support), all_jobs(matrix)))


def installable(matrix: Matrix, support: Support, job: Job) -> Finding:
    """Return what uv says of installing one compiled file where it is meant for; what it installs is thrown away."""
    system = system_of(job.variant.runtime, support) if job.variant else None
    glibc = (system.glibc if system else "") or COMMON_GLIBC
    place = f"Python {job.python} and glibc {glibc}"
    do = f"Pin another release in {job.source}, then: {job.make}"
    with TemporaryDirectory(prefix="doctor-") as scratch:
        env: dict[str, str | None] = {**uv_environment(), "UV_FIND_LINKS": None}  # it must be what everyone can get
        if job.variant and job.variant.patch:
            # No index has the patched wheel: it is made anew, from the released one that the index must still have.
            try:
                wheel = patched_wheel(Path(scratch), job.variant)
            except Failure as failure:
                return Finding(Level.GONE, job.path, failure.message, do, lines=failure.lines)
            write_whole(Path(scratch, "vendor", wheel.name), wheel.content)
            env["UV_FIND_LINKS"] = as_place(Path(scratch, "vendor"))
        minor = max(known for known in GLIBCS if known <= int(glibc.partition(".")[2]))
        asked = ["--python-version", f"{job.python}.{LAST_PATCH}", "--python-platform", f"x86_64-manylinux_2_{minor}"]
        python = locate(job.python) or sys.executable
        target = ["--python", python, "--target", Path(scratch, "target")]
        lock = (matrix.root / job.path).absolute()
        done = run([find_uv_bin(), *INSTALL, *asked, *target, "--requirements", lock], env=env, codes=range(256))
    said = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    if done.code:
        return Finding(Level.GONE, job.path, f"cannot be installed on {place}", do, lines=tuple(said))
    if yanked := tuple(line for line in said if line.startswith(WARNING)):
        return Finding(Level.GONE, job.path, "pins what was taken back", do, lines=yanked)
    return Finding(Level.OK, job.path, f"can be installed on {place}")


def _had(name: str, python: str) -> Finding:
    """Say where a runtime's Python is on this machine, or how it can be had."""
    found = locate(python)
    if found:
        return Finding(Level.OK, name, f"Python {python} is here: {found}")
    if fetchable(python):
        return Finding(Level.OK, name, f"Python {python} is not here; uv fetches it when it is needed")
    return Finding(
        Level.GONE,
        name,
        f"Python {python} is not here, and uv does not have it for this machine",
        f"Get it: pyenv install {python}",
    )

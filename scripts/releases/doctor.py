"""What will rot: the runtimes' Pythons and stacks, held against dates, and the pins, held against the package index.

The first two need no network: the dates are in common/support.toml. Whether a compiled file can still be installed is
uv's to say (`scripts.pins.installable`).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

from scripts.errors import Failure
from scripts.matrix import Matrix
from scripts.pins.index import releases
from scripts.pins.installable import COMMON_GLIBC, try_install
from scripts.pins.jobs import Job, all_jobs
from scripts.pins.patched_wheel import PACKAGE
from scripts.pins.pythons import fetchable, locate
from scripts.records import read_record
from scripts.releases.support import Finding, Level, Support, runtime_findings, staleness, system_of

SUPPORT = "common/support.toml"

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
    """Return what is to be said of one compiled file: what uv says of installing it where it is meant for."""
    system = system_of(job.variant.runtime, support) if job.variant else None
    found = try_install(matrix.root, job, (system.glibc if system else "") or COMMON_GLIBC)
    do = "" if found.well else f"Pin another release in {job.source}, then: {job.make}"
    return Finding(Level.OK if found.well else Level.GONE, job.path, found.text, do, lines=found.lines)


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

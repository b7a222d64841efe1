"""What will rot: the runtimes' Pythons and stacks, and the pinned files, held against what is known of them.

The first two need no network: the dates are in common/support.toml. The pinned files are asked for at the package
index, each package once.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from scripts.errors import Failure, WrongUse
from scripts.matrix import Matrix
from scripts.pins import lockfile
from scripts.pins.jobs import Job, all_jobs, reader
from scripts.pins.pythons import fetchable, locate
from scripts.pins.wheel import PACKAGE
from scripts.releases.index_files import listing
from scripts.releases.pinned_files import Wanted, judge
from scripts.releases.support import Finding, Level, Support, runtime_findings, staleness, system_of

SUPPORT = "common/support.toml"

COMMON_GLIBC = "2.28"
"""The glibc that wheels are commonly built for (manylinux_2_28): what the tooling's own pins are held against."""

SHA256 = "sha256:"


def read_support(root: Path) -> Support:
    """Read common/support.toml of the checkout at `root`; WrongUse says what is wrong in it."""
    try:
        return msgspec.toml.decode((root / SUPPORT).read_bytes(), type=Support)
    except FileNotFoundError:
        raise WrongUse(f"{SUPPORT} is missing", do=f"Restore it: git checkout -- {SUPPORT}") from None
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{SUPPORT} is wrong", found=str(error)) from None


def check_runtimes(matrix: Matrix, support: Support, today: date) -> Iterator[Finding]:
    """Yield what is to be said of the runtimes and of the dates themselves; it needs no network."""
    for runtime in matrix.runtimes:
        variants = [variant.name for variant in matrix.variants if variant.runtime == runtime]
        yield Finding(Level.OK, runtime.name, f"runs {', '.join(variants)}")
        yield from runtime_findings(runtime, support, today)
        yield _had(runtime.name, runtime.python)
    yield from staleness(support, today)


def check_pins(matrix: Matrix, support: Support) -> list[Finding]:
    """Ask the package index for every pinned release, and return what is to be said of them.

    NoIndex when it does not answer; Failure for a compiled file that cannot be read.
    """
    wanted = list(wanted_files(matrix, support))
    listed = listing(want.package for want in wanted)
    findings = judge(wanted, listed.files)
    for package, answer in listed.unclear.items():
        findings.append(Finding(Level.UNKNOWN, package, answer, "Run again later: make doctor"))
    return findings


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


def wanted_files(matrix: Matrix, support: Support) -> Iterator[Wanted]:
    """Yield every release that the compiled files pin, each with where it is to be installed."""
    read = reader(matrix)
    for job in all_jobs(matrix):
        try:
            pins = lockfile.pins(read(job.path))
        except (FileNotFoundError, ValueError) as error:
            raise Failure(f"{job.path} cannot be read", found=str(error), do=f"Compile it: {job.make}") from None
        system = system_of(job.variant.runtime, support) if job.variant else None
        for pin in pins:
            if pin.version is None:
                continue  # `make check` says so
            version = pin.version
            hashes = frozenset(each.removeprefix(SHA256) for each in pin.hashes)
            if job.variant and job.variant.patch and pin.name == PACKAGE:
                # Nobody but this project has the patched wheel; what it is made from must be to be had.
                version, hashes = job.variant.version, frozenset([job.variant.patch.released_sha256])
            glibc = system.glibc if system else COMMON_GLIBC
            yield Wanted(pin.name, version, hashes, job.python, glibc, _where(job), job.make)


def _where(job: Job) -> str:
    """Return what a compiled file is called in a finding."""
    return job.variant.name if job.variant else job.path

"""The environment of one uvicorn: its own day's dependencies, on a Python of its day, made by uv.

uv sees the package index as it was at the end of the day on which the uvicorn was uploaded or committed. What builds
old source archives is let through: setuptools and wheel as of that day or, where that is later, of BUILD_TOOLS_OF,
because those of 2017 build nothing that uv takes.

A file on an index never changes under its name, so uv is told that what it has once fetched, or built, stays good, also
where a mirror does not say so: it would fetch, and compile, all of it anew for each release.
"""

import datetime as dt
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pip._internal.models.index import PyPI
from uv import find_uv_bin

from scripts.errors import Failure
from scripts.pins import pip_settings
from scripts.pins.environments import create
from scripts.pins.index import Release
from scripts.pins.pythons import fetchable, find_python, locate
from scripts.process import CommandFailed, TookTooLong, run

BUILD_TOOLS = ("setuptools", "wheel")

BUILD_TOOLS_OF = dt.date(2023, 10, 1)
"""Of this day there are ones for Python 3.6 to 3.12 that build the archives of 2017."""

PYTHONS = {
    "3.6": dt.date(2016, 12, 23),
    "3.7": dt.date(2018, 6, 27),
    "3.8": dt.date(2019, 10, 14),
    "3.9": dt.date(2020, 10, 5),
    "3.10": dt.date(2021, 10, 4),
    "3.11": dt.date(2022, 10, 24),
    "3.12": dt.date(2023, 10, 2),
    "3.13": dt.date(2024, 10, 7),
}
"""The Pythons that a uvicorn may run on, and when they were released (PEPs 494, 537, 569, 596, 619, 664, 693, 719)."""

SECONDS = 600.0
"""How long an installation may take; a compiler may be at work."""

NO_NETWORK = re.compile(
    r"error sending request|dns error|[Cc]onnect(?:ion)? (?:error|refused|reset|timed out)|operation timed out"
    r"|Could not connect|HTTP status (?:server error|client error \((?:401|403|407|408|429))|tls handshake",
)
"""What uv says where the index is not within reach, or refuses."""

EXCEPTION = re.compile(r"^\s*((?:\w+\.)*\w*(?:Error|Exception)\b.*)$")
CAUSE = re.compile(r"^\s*(?:cause|error|Because|╰─▶|├─▶|×)[ :]+(.*\S)")


class IndexUnreachable(Failure):
    """The package index was not there in the middle of an installation: nothing is known of the release."""


BRINGS = {
    **{name: name for name in ("asgiref", "click", "gunicorn", "h11", "httptools", "requests", "uvloop", "websockets")},
    **{name: name for name in ("wsproto", "zttp")},
    "pkg_resources": "setuptools",
    "typing_extensions": "typing-extensions",
}
"""What brings a module that releases import without requiring it. No other is installed for its name alone: a package
that is called as a module is may be anybody's."""


class NotInstallable(Failure):
    """A uvicorn that cannot be installed; `found` says why, without what is this machine's own."""


@dataclass(frozen=True)
class Source:
    """What is installed: a release of uvicorn, or a checkout of it."""

    name: str
    """The release or the commit, for a message."""
    requirement: str
    day: dt.date
    """The last day of which dependencies may be."""
    requires_python: str = ""

    @classmethod
    def of_release(cls, release: Release) -> "Source":
        """Return what a release is installed from; Failure where the index does not say of which day it is."""
        if not release.uploaded:
            raise NotInstallable(release.name, found="the package index does not say when it was uploaded")
        day = release.uploaded.astimezone(dt.UTC).date()
        return cls(str(release.version), f"uvicorn[standard]=={release.version}", day, release.requires_python)

    @classmethod
    def of_checkout(cls, folder: Path, name: str, committed: dt.datetime) -> "Source":
        """Return what a checkout of uvicorn's repository is installed from."""
        return cls(name, f"uvicorn[standard] @ {folder.resolve().as_uri()}", committed.astimezone(dt.UTC).date())


def pythons(source: Source, to_be_had: Callable[[str], bool], known: str = "") -> list[str]:
    """Return the Pythons to try, in their order. Pure but for what asks whether one is to be had.

    First the one that is `known` to work; then those that were there on the source's day, the newest first: for the
    newest of them its dependencies have wheels, or can be compiled at least. Later ones, which its dependencies do not
    know, are tried only where none of these is to be had, the oldest first.
    """
    try:
        wanted = SpecifierSet(source.requires_python)
    except InvalidSpecifier:
        wanted = SpecifierSet()
    fit = {python: day for python, day in PYTHONS.items() if wanted.contains(f"{python}.99")}
    there = [python for python, day in reversed(fit.items()) if day <= source.day and to_be_had(python)]
    order = there or [python for python in fit if to_be_had(python)]
    return [*([known] if known in order else []), *(python for python in order if python != known)]


@cache
def is_to_be_had(python: str) -> bool:
    """Say whether a Python is on this machine, or uv can fetch it."""
    if locate(python):
        return True
    if not fetchable(python):
        return False
    try:
        find_python(python)
    except Failure:
        return False
    return True


def install(source: Source, place: Path, python: str, extra: Iterable[str] = ()) -> None:
    """Make the environment of a source at `place`, in place of what is there, with `extra` packages of the same day.

    Raises NotInstallable with the reason, and IndexUnreachable where nothing can be said of the source.
    """
    create(place, python)
    # Whoever wants one extra that a uvicorn does not have yet gets it without: uv warns, and installs.
    add(source, place, [source.requirement, *extra])


def add(source: Source, place: Path, requirements: Iterable[str]) -> None:
    """Install more into a source's environment, of the source's day; raises what `install` raises."""
    later = max(source.day, BUILD_TOOLS_OF)
    free = [word for tool in BUILD_TOOLS for word in ("--exclude-newer-package", f"{tool}={_end_of(later)}")]
    until = ("--exclude-newer", _end_of(source.day), *free)
    try:
        with _configured() as (words, env):
            args = [find_uv_bin(), "pip", "install", "--quiet", *words, *until]
            run([*args, "--python", place / "bin/python", *requirements], env=env, limit=SECONDS)
    except TookTooLong as error:
        raise NotInstallable(f"{source.name} cannot be installed", found=error.message) from None
    except CommandFailed as error:
        said = error.completed.stderr.decode("utf-8", "replace")
        if NO_NETWORK.search(said):
            do = "Try again with a network: what was measured is kept"
            raise IndexUnreachable("the package index is not within reach", found=source.name, do=do) from None
        raise NotInstallable(f"{source.name} cannot be installed", found=why(said)) from None


@contextmanager
def _configured() -> Iterator[tuple[list[str], dict[str, str | None]]]:
    """Yield the words and the environment with which uv reaches the index and keeps what it has from there."""
    settings = pip_settings.read()
    env = pip_settings.uv_environment()
    told = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
    said = next((value for name in told if (value := os.environ.get(name) or env.get(name))), "")
    address = said or settings.get("index-url", PyPI.simple_url)
    # Wheels in a folder have no day.
    env |= dict.fromkeys([*told, "UV_FIND_LINKS", "UV_REQUIRE_HASHES", "UV_NO_BINARY", "UV_NO_BUILD"])
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:  # its owner's alone
        file.write(f"[[index]]\nurl = {json.dumps(address)}\ndefault = true\n")
        file.write('cache-control = { files = "max-age=365000000, immutable" }\n')
        file.flush()
        yield ["--config-file", file.name], env


def why(said: str) -> str:
    """Return the reason in what uv said: the exception that a build ended with, else uv's own last cause. Pure."""
    lines = said.splitlines()
    exceptions = [match[1] for match in map(EXCEPTION.match, lines) if match]
    compiler = [line.strip() for line in lines if re.search(r"\b(?:fatal )?error: ", line) and ".c" in line]
    causes = [match[1] for match in map(CAUSE.match, lines) if match]
    chosen = compiler[:1] or exceptions[-1:] or causes[-1:] or [line for line in lines if line.strip()][-1:]
    # Where things were while they were built is this machine's own.
    return re.sub(r"(?:file://)?(?:/[\w.@+~-]+)+/", "", " ".join("".join(chosen).split()))[:200]


def remove(place: Path) -> None:
    """Remove an environment."""
    shutil.rmtree(place, ignore_errors=True)


def _end_of(day: dt.date) -> str:
    """Return the end of a day, in UTC, as uv reads it: what is uploaded at that moment is too late."""
    return f"{day + dt.timedelta(days=1)}T00:00:00Z"

"""Whether pinned files can still be had: the rules, given what the package index lists. No I/O.

A pin names a release and the hashes that its files may have. It holds as long as the index has a file with one of the
hashes that installs on Linux x86_64 under the pin's Python, and nobody took the release back (yanked, PEP 592).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging import tags
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from scripts.releases.support import Finding, Level

MANYLINUX_ALIASES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
"""The old names of platforms, by glibc's minor version (PEP 600)."""

LAST_PATCH = 99
"""A patch release later than any: a file for 3.8.1 and later suits Python 3.8."""


@dataclass(frozen=True)
class IndexFile:
    """One file of a release, as the index lists it."""

    name: str
    sha256: str
    requires_python: str = ""
    yanked: bool = False
    reason: str = ""
    """Why it was yanked, in its maintainers' words."""
    uploaded: datetime | None = None
    """When it was uploaded, where the index says so (PEP 700)."""


@dataclass(frozen=True)
class Wanted:
    """A pinned release, where it is to be installed."""

    package: str
    version: Version
    hashes: frozenset[str]
    """The SHA-256 digests that its files may have, in hexadecimal digits."""
    python: str
    """Python's version as major.minor."""
    glibc: str
    """The version of the C library there, as major.minor."""
    where: str
    """The file that pins it."""
    mend: str
    """The command that compiles that file again."""


def platforms(glibc: str) -> list[str]:
    """Return the platform tags of wheels for Linux x86_64 with a glibc, the best first (PEP 600)."""
    names = []
    for minor in range(int(glibc.partition(".")[2]), 4, -1):
        names.append(f"manylinux_2_{minor}_x86_64")
        if minor in MANYLINUX_ALIASES:
            names.append(f"{MANYLINUX_ALIASES[minor]}_x86_64")
    return [*names, "linux_x86_64"]


def supported_tags(python: str, glibc: str) -> frozenset[tags.Tag]:
    """Return the tags of the wheels that CPython `python` (major.minor) installs on Linux x86_64 with a glibc."""
    major, minor = (int(part) for part in python.split("."))
    interpreter, where = f"cp{major}{minor}", platforms(glibc)
    return frozenset(
        [
            *tags.cpython_tags((major, minor), [interpreter], where),
            *tags.compatible_tags((major, minor), interpreter, where),
        ]
    )


def judge(wanted: Sequence[Wanted], files: Mapping[str, Iterable[IndexFile]]) -> list[Finding]:
    """Return what is to be said of pinned releases, one finding for all files that pin the same one the same way.

    `files` has what the index lists, by package; a package that is not in it could not be asked for and is left out.
    Releases of which there is nothing to say are summed up in one finding.
    """
    by_hash = {package: {file.sha256: file for file in listed} for package, listed in files.items()}
    fits: dict[tuple[str, str], frozenset[tags.Tag]] = {}
    said: dict[tuple[Level, str, str], list[Wanted]] = defaultdict(list)
    asked = [want for want in wanted if want.package in by_hash]
    for want in asked:
        place = (want.python, want.glibc)
        if place not in fits:
            fits[place] = supported_tags(*place)
        known = by_hash[want.package]
        held = [known[each] for each in sorted(want.hashes) if each in known]
        found = _verdict(want, held, fits[place]) if held else [(Level.GONE, _why_none(want, known.values()))]
        for level, text in found:
            said[level, f"{want.package} {want.version}", text].append(want)
    findings = [
        Finding(level, subject, f"{text} ({', '.join(dict.fromkeys(want.where for want in pins))})", _do(level, pins))
        for (level, subject, text), pins in said.items()
    ]
    releases = {(want.package, want.version) for want in asked}
    pressing = {finding.subject for finding in findings if finding.level is Level.GONE}
    had = len(releases) - len(pressing)
    return [Finding(Level.OK, "pins", f"{had} of {len(releases)} pinned releases can be had"), *findings]


def _why_none(want: Wanted, listed: Iterable[IndexFile]) -> str:
    """Return why none of a pinned release's files can be had, given all files of its package."""
    if any(_version(file.name) == want.version for file in listed):
        return "no file of it has a pinned hash any more: use none of them before it is known why"
    return "the package index has it no more"


def _verdict(want: Wanted, held: Sequence[IndexFile], fits: frozenset[tags.Tag]) -> Iterator[tuple[Level, str]]:
    """Yield what is wrong with one pinned release, given those of its pinned files that the index has."""
    if any(file.yanked for file in held):
        reason = next((file.reason for file in held if file.reason), "")
        yield Level.GONE, "yanked" + (f": {' '.join(reason.split())}" if reason else "")
    for_python = [file for file in held if _allows(file.requires_python, want.python)]
    wheel = any(not fits.isdisjoint(_wheel_tags(file.name)) for file in for_python)
    if not wheel:
        if not any(_is_sdist(file.name) for file in for_python):
            yield Level.GONE, f"no file of it installs on Linux x86_64 under Python {want.python}"
        else:
            yield Level.NOTE, f"has no wheel for Python {want.python} on Linux x86_64: it is built from source"
    missing = len(want.hashes) - len(held)
    if missing:
        yield Level.NOTE, f"{missing} of {len(want.hashes)} pinned files are gone from the index"


def _version(name: str) -> Version | None:
    """Return the version that a file's name says; None for what is neither wheel nor sdist."""
    try:
        return parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


def _wheel_tags(name: str) -> frozenset[tags.Tag]:
    """Return the tags of a wheel by its name; none for another file."""
    try:
        return parse_wheel_filename(name)[3]
    except InvalidWheelFilename:
        return frozenset()


def _is_sdist(name: str) -> bool:
    """Say whether a file is one that a wheel is built from."""
    return not name.endswith(".whl")


def _allows(requires_python: str, python: str) -> bool:
    """Say whether a file's Requires-Python lets it be installed; one that nobody can read forbids nothing."""
    try:
        return SpecifierSet(requires_python).contains(f"{python}.{LAST_PATCH}")
    except InvalidSpecifier:
        return True


def _do(level: Level, pins: Sequence[Wanted]) -> str:
    """Return what mends a pin that does not hold any more."""
    if level is not Level.GONE:
        return ""
    commands = " && ".join(dict.fromkeys(want.mend for want in pins))
    return f"Pin another release in what these files are compiled from, then: {commands}"

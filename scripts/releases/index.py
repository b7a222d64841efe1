"""Which releases a package has, as the index that the user's pip asks says it."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from scripts.errors import Failure
from scripts.releases.choose import Release
from scripts.releases.index_files import Listing, listing
from scripts.releases.pinned_files import IndexFile

LIMIT_SECONDS = 60.0
"""How long the whole answer may take: an index that sends a byte now and then is never silent."""


def releases(package: str, *, limit: float = LIMIT_SECONDS) -> list[Release]:
    """Return the releases of a package by its canonical name, the oldest first.

    `limit` is in seconds. Failure when the index is down or slow, or when what it answers is no list of releases.
    """
    listed = _within(limit, package)
    if package in listed.unclear:
        raise Failure(
            f"which releases {package} has is unknown",
            found=listed.unclear[package],
            do="Try again later, or name another index: PIP_INDEX_URL=…",
        )
    found = list(grouped(listed.files.get(package, ())))
    if not found:
        raise Failure(
            f"the package index lists no release of {package}",
            do="Is that an index? Look at what pip is told: pip config list",
        )
    return found


def grouped(files: Iterable[IndexFile]) -> Iterator[Release]:
    """Yield the releases that files belong to, the oldest first; a file whose name tells no version is left out."""
    by_version: dict[Version, list[IndexFile]] = defaultdict(list)
    for file in files:
        version = _version(file.name)
        if version:
            by_version[version].append(file)
    for version, all_files in sorted(by_version.items()):
        valid = [file for file in all_files if not file.yanked] or all_files
        wheels = [file for file in valid if file.name.endswith(".whl")]
        times = [file.uploaded for file in valid if file.uploaded]
        yield Release(
            version=version,
            uploaded=max(times) if len(times) == len(valid) else None,
            yanked=all(file.yanked for file in all_files),
            requires_python=(wheels or valid)[0].requires_python,
            wheel=bool(wheels),
        )


def _version(name: str) -> Version | None:
    """Return the version in a file's name (PyPA's file name formats), or None where there is none."""
    try:
        return parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


def _within(seconds: float, package: str) -> Listing:
    """Ask the index, and give up after some time; a thread that still waits then does not hold up the end."""
    answers: list[Listing | BaseException] = []

    def ask() -> None:
        try:
            answers.append(listing([package]))
        except BaseException as error:  # noqa: BLE001 - it is raised again, where it is waited for
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        raise Failure(
            "the package index is too slow", found=f"no whole answer within {seconds:g} s", do="Try again later"
        )
    if isinstance(answers[0], BaseException):
        raise answers[0]
    return answers[0]

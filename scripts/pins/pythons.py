"""Where the Python of a runtime is: on PATH, with pyenv and the like, or fetched by uv."""

import json
import logging
import sys
from functools import cache
from pathlib import Path

from uv import find_uv_bin

from scripts.errors import Failure
from scripts.process import CommandFailed, run

log = logging.getLogger(__name__)


@cache
def find_python(version: str) -> Path:
    """Return an interpreter of Python `version` (major.minor), fetching it with uv where none is found.

    Failure names the missing Python and the one command that gets it.
    """
    found = locate(version)
    if found:
        return found
    uv = find_uv_bin()
    try:
        log.info("Python %s is not on this machine: uv fetches it", version)
        run([uv, "python", "install", "--no-bin", version])
        return Path(run([uv, "python", "find", "--managed-python", version]).text)
    except CommandFailed as error:
        raise Failure(
            f"Python {version} is missing",
            found="it is neither on PATH nor with pyenv, and uv could not fetch it",
            do=f"Get it: pyenv install {version}",
            lines=error.lines,
        ) from None


@cache
def locate(version: str) -> Path | None:
    """Return an interpreter of Python `version` (major.minor) that is on this machine already, or None."""
    major, minor = (int(part) for part in version.split("."))
    if sys.version_info[:2] == (major, minor):
        return Path(sys.executable)
    import findpython  # noqa: PLC0415 - it is slow to import, and most runs look for no Python

    # pyenv's first: those on PATH are each run to be asked for their version, and pyenv's shims take long to answer.
    found = findpython.Finder(selected_providers=["pyenv"]).find(major, minor) or findpython.find(major, minor)
    if found:
        return Path(found.executable)
    flags = ("--no-config", "--managed-python", "--no-python-downloads")
    of_uv = run([find_uv_bin(), "python", "find", *flags, version], codes=range(256))
    return None if of_uv.code else Path(of_uv.text)


def fetchable(version: str) -> bool:
    """Say whether uv knows where to fetch Python `version` (major.minor) for this machine; it asks no network."""
    flags = ("--no-config", "--only-downloads", "--output-format", "json")
    known = run([find_uv_bin(), "python", "list", *flags, f"cpython-{version}"])
    return bool(json.loads(known.stdout))

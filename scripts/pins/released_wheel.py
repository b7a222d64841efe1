"""Released wheels, fetched by their pinned hash and kept in .local/wheels/ for later runs without a network."""

import hashlib
import logging
import sys
import tempfile
from pathlib import Path

from packaging.version import Version

from scripts.errors import Failure
from scripts.files import write_whole
from scripts.pins import pip_settings
from scripts.process import run

log = logging.getLogger(__name__)


def released_wheel(root: Path, package: str, version: Version, sha256: str) -> bytes:
    """Return the content of the released wheel of `package` whose SHA-256 is `sha256` (hexadecimal digits).

    It is taken from the checkout's .local/wheels/, else fetched by pip as the user configured pip. Failure when it is
    not to be had, or what is there is something else.
    """
    shelf = root / ".local/wheels" / sha256
    for kept in shelf.glob("*.whl"):
        content = kept.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            where = kept.relative_to(root)
            raise Failure(f"{where} was changed", found="its SHA-256 is another", do=f"Remove it: rm {where}")
        return content
    wheel = _fetch(f"{package}=={version}", sha256)
    write_whole(shelf / wheel[0], wheel[1])
    return wheel[1]


def _fetch(requirement: str, sha256: str) -> tuple[str, bytes]:
    """Return file name and content of a wheel from the package index; pip refuses one with another hash."""
    log.info("fetch the released wheel of %s", requirement)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
        got = Path(scratch, "wheels")
        flags = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes")
        args: list[str | Path] = [sys.executable, "-I", "-m", "pip", "download", *flags]
        run(
            [*args, "--dest", got, "--requirement", wanted],
            env=pip_settings.patience(pip_settings.read()),
            what=f"the released wheel of {requirement} cannot be fetched",
            do="Look at uvicorn = in variant.toml. Where the hash differs, do not use the wheel: compare "
            "patch.released_sha256 with the release's own page",
        )
        (wheel,) = got.iterdir()
        return wheel.name, wheel.read_bytes()

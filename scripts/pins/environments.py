"""Virtual environments that hold exactly what a requirements file pins, every file checked against its hash.

uv makes them, from the user's pip configuration (`scripts.pins.pip_settings`). They are relocatable: an environment
works wherever its folder is moved, also below a path with spaces.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from scripts.errors import Failure
from scripts.files import made_once, shown
from scripts.pins.lockfile import digest
from scripts.pins.pip_settings import uv_environment
from scripts.pins.pythons import find_python
from scripts.process import run

log = logging.getLogger(__name__)

FORMAT = 1
"""Raise it when environments are made in another way, so that kept ones are made anew."""


def ready_environment(parent: Path, python: str, lock: Path, *, find_links: Path | None = None) -> Path:
    """Return the folder of a virtual environment of Python `python` (major.minor) that holds exactly `lock`.

    `lock` is a requirements file with hashes; `find_links` is a folder of wheels that no index has. The environment is
    kept below `parent` under a digest of the three: it is made once, whole or not at all, also where several processes
    ask for it at once. Raises what `create` and `install` raise.
    """

    def make(beside: Path) -> None:
        create(beside, python)
        install(beside, lock, find_links=find_links)

    return made_once(parent / _digest(python, lock, find_links), make, _is_ready)


def create(venv: Path, python: str) -> None:
    """Make an empty relocatable environment of Python `python` at `venv`, in place of what is there.

    Failure when that Python cannot be had.
    """
    interpreter = find_python(python)
    shutil.rmtree(venv, ignore_errors=True)
    flags = ("--quiet", "--relocatable", "--no-project", "--no-config")
    run([find_uv_bin(), "venv", *flags, "--python", interpreter, venv], env=uv_environment())


def install(venv: Path, lock: Path, *, find_links: Path | None = None) -> None:
    """Install into `venv` what `lock` pins, refusing whatever has no hash or another one.

    `find_links` is a folder of wheels to look in first. Failure has uv's own words for what stopped it.

    Files are copied, which copies nothing where the file system can share blocks until one is written. uv's default,
    and also its `clone` where blocks cannot be shared, makes hard links: damage to one environment would damage all.
    """
    log.info("install %s", shown(lock))
    flags = ("--quiet", "--require-hashes", "--no-config", "--link-mode=copy")
    do = "Where a hash differs, do not use that file, unless you know why. Where one is missing, pin again: make pin"
    with _plain_path(venv) as place:
        run(
            [find_uv_bin(), "pip", "install", *flags, "--python", place / "bin/python", "--requirements", lock],
            env=uv_environment(find_links),
            what=f"{shown(lock)} cannot be installed",
            do=do,
        )


@contextmanager
def _plain_path(folder: Path) -> Iterator[Path]:
    """Yield a path of `folder` without `$`: what old distutils build takes it for the start of a variable's name."""
    if "$" not in str(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory() as scratch:
        link = Path(scratch, folder.name)
        link.symlink_to(folder.resolve())
        yield link


def _digest(python: str, lock: Path, find_links: Path | None) -> str:
    """Return the name of an environment: 16 hexadecimal digits of the SHA-256 of all that it is made of."""
    try:
        parts: list[str | bytes] = [str(FORMAT), python, lock.read_bytes()]
    except FileNotFoundError:
        raise Failure(f"{shown(lock)} is missing", do="Compile it: make pin") from None
    for wheel in sorted(find_links.glob("*.whl")) if find_links else ():
        parts += [wheel.name, wheel.read_bytes()]
    return digest(parts)[:16]


def _is_ready(venv: Path) -> bool:
    """Say whether an environment is there and its Python still is: bin/python is a link to it."""
    return (venv / "bin/python").exists()

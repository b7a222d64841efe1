"""The tooling's own .venv, made on a machine that has nothing but a Python: scripts/setup.sh runs it where need be.

Nothing is installed yet, so only the standard library is imported here. pip fetches one wheel, uv's, by the hashes that
the first requirements file pins; uv, which takes a fraction of pip's time, installs the rest. Both are told how the
index is reached by the user's pip configuration. A uv that is on PATH is not asked: nobody checked it.
"""

import os
import re
import signal
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from scripts.errors import Failure
from scripts.files import alone, made_once
from scripts.pins import pip_settings
from scripts.process import CommandFailed, run

VENV = Path(".venv")
LOCK = Path(".local/setup.lock")
RECORD = "pins"
"""In .venv: what `cksum` said of each file that was installed whole, a line each, as scripts/setup.sh compares it."""

UV_PIN = re.compile(r"^uv==(?:[^\\\n]*\\\n)*[^\n]*\n", re.MULTILINE)
"""uv's lines in a compiled requirements file: a backslash says that the next one belongs to it."""

UV_TXT = "uv.txt"

PIP_DOWNLOAD = ("pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes")

UV_VENV = ("--quiet", "--relocatable", "--no-project", "--no-config")

SHOWN_LINES = 40
"""How many of a tool's last lines are shown when it fails."""


def make(sums: Sequence[str], files: Sequence[str]) -> None:
    """Let .venv hold what the requirements files pin: the first file's .venv is whole or not there, others are added.

    `sums` are cksum's lines about `files` and about what makes .venv. Processes that ask at once take turns. Failure
    when something cannot be fetched or installed; a .venv that is there stays as it is then.
    """
    added = tuple(f" {name}" for name in files[1:])
    first = [line for line in sums if not line.endswith(added)] if added else sums

    def anew(beside: Path) -> None:
        _say(f"setting up .venv with Python {sys.version.split()[0]} (once, a few seconds)")
        _install(beside, files, files[0])
        (beside / RECORD).write_text("".join(f"{line}\n" for line in sums), "utf-8")

    made_once(VENV, anew, lambda venv: not _missing(venv, first), lock=LOCK)
    with alone(LOCK):
        missing = _missing(VENV, sums)
        if names := [name for name in files if any(line.endswith(f" {name}") for line in missing)]:
            _say(f"adding {', '.join(names)} to .venv (once, a few seconds)")
            _install(VENV, names, files[0])
            with (VENV / RECORD).open("a", encoding="utf-8") as record:
                record.writelines(f"{line}\n" for line in missing)


def _missing(venv: Path, sums: Sequence[str]) -> list[str]:
    """Return those of `sums` that the record does not have: all of them where there is none, or no Python any more."""
    if not (venv / "bin/python").exists() or not (venv / RECORD).exists():
        return list(sums)
    known = (venv / RECORD).read_text("utf-8").splitlines()
    return [line for line in sums if line not in known]


def _install(venv: Path, files: Sequence[str], first: str) -> None:
    """Install requirements files into `venv`, making it where it is not there; `first` is the file that pins uv."""
    what = f"{' and '.join(files)} could not be installed"
    with tempfile.TemporaryDirectory() as scratch:
        try:
            python = _with_pip(Path(scratch))
            env = pip_settings.uv_environment(Path(scratch), python=python)
            uv = venv / "bin/uv"  # of the first file, which is installed already
            if not venv.exists():
                uv = _fetch_uv(python, Path(first), Path(scratch))
                run([uv, "venv", *UV_VENV, "--python", sys.executable, venv], env=env)
                # Else uv would fetch its own wheel once more.
                _pip_install(uv, venv, env, "--no-cache", "--no-index", "--requirements", Path(scratch) / UV_TXT)
            _pip_install(uv, venv, env, *(word for name in files for word in ("--requirements", name)))
        except CommandFailed as error:
            lines = error.completed.stderr.decode("utf-8", "replace").splitlines()[-SHOWN_LINES:]
            do = "Is the package index within reach?"
            raise Failure(what, found="see above", do=do, lines=lines) from None


def _pip_install(uv: Path, venv: Path, env: Mapping[str, str | None], *words: str | Path) -> None:
    """Let uv install what `words` ask for, refusing whatever has no hash or another one."""
    flags = ["--quiet", "--no-config", "--require-hashes"]
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):  # else each verb would compile what it imports, each time
        flags.append("--compile-bytecode")
    run([uv, "pip", "install", *flags, "--python", venv / "bin/python", *words], env=env)


def _with_pip(scratch: Path) -> str:
    """Return a Python that has a pip: this one, or an environment below `scratch` (Debian has pip apart)."""
    if find_spec("pip"):
        return sys.executable
    run([sys.executable, "-I", "-m", "venv", scratch / "pip"])
    return str(scratch / "pip/bin/python")


def _fetch_uv(python: str, lock: Path, scratch: Path) -> Path:
    """Return the uv that `lock` pins, fetched by the pip of `python` into `scratch`; its wheel stays beside it."""
    pinned = UV_PIN.search(lock.read_text("utf-8"))
    if not pinned:
        raise Failure(f"{lock} pins no uv", do=f"Restore it: git checkout -- {lock}")
    wanted = scratch / UV_TXT
    wanted.write_text(pinned[0], "utf-8")
    settings = pip_settings.read(python)
    places = [word for place in settings.get("find-links", "").split() for word in ("--find-links", place)]
    env = pip_settings.for_pip(settings, os.environ)
    run([python, "-I", "-m", *PIP_DOWNLOAD, *places, "--dest", scratch, "--requirement", wanted], env=env)
    (wheel,) = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        uv = scratch / "uv"
        uv.write_bytes(archive.read(name))
    uv.chmod(0o755)
    return uv


def _say(line: str) -> None:
    """Tell the user."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> int:
    """Run for scripts/setup.sh: cksum's lines, then the files; return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        make(sys.argv[1].splitlines(), sys.argv[2:])
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Failure as failure:
        for line in [*failure.lines, f"error: {failure.message}"]:
            _say(line)
        return failure.exit_code
    except OSError as error:
        _say(f"error: .venv could not be made: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Environments that hold exactly what is pinned: real ones, made by uv from wheels that the tests make themselves."""

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.errors import Failure
from scripts.pins import pip_settings
from scripts.pins.environments import create, install, ready_environment
from scripts.pins.patched_wheel import Entry, pack

DATE = (2020, 1, 1, 0, 0, 0)
REPOSITORY = Path(__file__).parents[2]
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

BUILD = """
import sys
from pathlib import Path
from scripts.pins.environments import ready_environment
parent, lock, wheels = map(Path, sys.argv[2:])
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.read()
sys.stdout.write(str(ready_environment(parent, sys.argv[1], lock, find_links=wheels)))
"""


def write_wheel(folder: Path, name: str, says: str) -> str:
    """Write a wheel whose console script prints `says`, and return the line that pins it."""
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": f"def main():\n    print({says!r})\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
    content = pack({path: Entry(text.encode(), DATE) for path, text in files.items()})
    folder.mkdir(exist_ok=True)
    (folder / f"{name}-1.0-py3-none-any.whl").write_bytes(content)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"


@pytest.fixture(autouse=True)
def own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let uv know no other index than an empty folder, and no network."""
    (tmp_path / "index").mkdir()
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "index").as_uri())
    pip_settings.read.cache_clear()
    yield
    pip_settings.read.cache_clear()


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Return the folder of the tests' own wheels."""
    return tmp_path / "wheels, of the tests"


@pytest.fixture
def lock(tmp_path: Path, wheels: Path) -> Path:
    """Return a requirements file that pins one wheel."""
    path = tmp_path / "requirements.txt"
    path.write_text(write_wheel(wheels, "greeter", "hello"))
    return path


def installed(venv: Path) -> set[str]:
    """Return the distributions of an environment."""
    return {path.name for path in venv.glob("lib/python*/site-packages/*.dist-info")}


def refusal(parent: Path, lock: Path, wheels: Path | None) -> str:
    """Return the message with which an environment is not made, having left nothing that could pass for one."""
    with pytest.raises(Failure) as failure:
        ready_environment(parent, PYTHON, lock, find_links=wheels)
    assert not [path for path in parent.glob("*") if path.is_dir()]
    return "\n".join([*failure.value.lines, failure.value.message])


def test_it_holds_exactly_what_is_pinned(tmp_path: Path, lock: Path, wheels: Path) -> None:
    """The environment has the pinned distribution and no other, not even pip."""
    venv = ready_environment(tmp_path / "environments", PYTHON, lock, find_links=wheels)
    assert installed(venv) == {"greeter-1.0.dist-info"}


def test_it_works_where_it_is_moved(tmp_path: Path, lock: Path, wheels: Path) -> None:
    """Console scripts run after the folder was renamed to one with a space in its name."""
    create(tmp_path / "beside", PYTHON)
    install(tmp_path / "beside", lock, find_links=wheels)
    (tmp_path / "beside").rename(tmp_path / "its place")
    assert subprocess.check_output([tmp_path / "its place/bin/greeter"], text=True) == "hello\n"


def test_it_is_made_once(tmp_path: Path, lock: Path, wheels: Path) -> None:
    """A second call gives the very same folder."""
    first = ready_environment(tmp_path, PYTHON, lock, find_links=wheels)
    made = first.stat()
    second = ready_environment(tmp_path, PYTHON, lock, find_links=wheels)
    assert (second, second.stat().st_ino, second.stat().st_mtime_ns) == (first, made.st_ino, made.st_mtime_ns)


def test_another_wheel_of_the_same_name_makes_another_one(tmp_path: Path, lock: Path, wheels: Path) -> None:
    """What is in the folder of wheels counts, not only what the wheels are called."""
    first = ready_environment(tmp_path / "environments", PYTHON, lock, find_links=wheels)
    lock.write_text(write_wheel(wheels, "greeter", "good evening"))
    second = ready_environment(tmp_path / "environments", PYTHON, lock, find_links=wheels)
    assert subprocess.check_output([second / "bin/greeter"], text=True) == "good evening\n"
    assert subprocess.check_output([first / "bin/greeter"], text=True) == "hello\n"


def test_it_is_made_again_when_its_python_is_gone(tmp_path: Path, lock: Path, wheels: Path) -> None:
    """An environment whose interpreter was removed from the machine is replaced by one that works."""
    venv = ready_environment(tmp_path / "environments", PYTHON, lock, find_links=wheels)
    (venv / "bin/python").unlink()
    (venv / "bin/python").symlink_to(tmp_path / "removed")
    ready_environment(tmp_path / "environments", PYTHON, lock, find_links=wheels)
    assert subprocess.check_output([venv / "bin/greeter"], text=True) == "hello\n"


def test_several_processes_may_ask_at_once(tmp_path: Path, lock: Path, wheels: Path) -> None:
    """Of processes that ask at the same time, each gets the one environment, whole."""
    args: list[str | Path] = [sys.executable, "-c", BUILD, PYTHON, tmp_path / "environments", lock, wheels]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    askers = [
        subprocess.Popen(args, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for asker in askers:
        assert asker.stdout
        assert asker.stdout.readline() == "ready\n"
    for asker in askers:  # all are waiting: now they may ask
        assert asker.stdin
        asker.stdin.close()
    answers = set()
    for asker in askers:
        with asker:
            assert asker.stdout
            answers.add(asker.stdout.read())
        assert asker.returncode == 0
    (venv,) = answers
    assert subprocess.check_output([Path(venv) / "bin/greeter"], text=True) == "hello\n"
    assert [path.name for path in (tmp_path / "environments").glob("*") if path.is_dir()] == [Path(venv).name]


def test_another_hash_is_refused(tmp_path: Path, lock: Path, wheels: Path) -> None:
    """A wheel whose hash is not the pinned one is not installed; the message names it and says that it is the hash."""
    pinned = lock.read_text()
    write_wheel(wheels, "greeter", "another")
    lock.write_text(pinned)
    shown = refusal(tmp_path / "environments", lock, wheels)
    assert "Hash mismatch for `greeter==1.0`" in shown
    assert "requirements.txt cannot be installed: uv pip ended with code 1. Where a hash differs, do not use" in shown


@pytest.mark.parametrize("name", ["UV_VENV_SEED", "UV_EXCLUDE", "UV_OVERRIDE"])
def test_it_holds_that_whatever_the_user_told_uv(
    tmp_path: Path, lock: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A user's setting that adds, leaves out or replaces requirements has no effect here."""
    settings = tmp_path / "settings.txt"
    settings.write_text("greeter\n" if name == "UV_EXCLUDE" else "greeter==2.0\n")
    monkeypatch.setenv(name, "1" if name == "UV_VENV_SEED" else str(settings))
    venv = ready_environment(tmp_path / "environments", PYTHON, lock, find_links=wheels)
    assert installed(venv) == {"greeter-1.0.dist-info"}


def test_hashes_are_checked_whatever_the_user_told_uv(
    tmp_path: Path, lock: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's setting that turns uv's verification off has no effect here."""
    monkeypatch.setenv("UV_NO_VERIFY_HASHES", "1")
    pinned = lock.read_text()
    write_wheel(wheels, "greeter", "another")
    lock.write_text(pinned)
    assert "Hash mismatch for `greeter==1.0`" in refusal(tmp_path / "environments", lock, wheels)


def test_a_requirement_without_a_hash_is_refused(tmp_path: Path, lock: Path, wheels: Path) -> None:
    """A line without a hash is named, and nothing is installed."""
    lock.write_text("greeter==1.0\n")
    shown = " ".join(refusal(tmp_path / "environments", lock, wheels).split())
    assert "must have a hash, but none were provided for: greeter==1.0" in shown


def test_a_missing_wheel_is_named(tmp_path: Path, lock: Path) -> None:
    """A requirement that neither an index nor a folder has is named."""
    message = refusal(tmp_path / "environments", lock, None)
    assert "greeter was not found" in message


def test_a_missing_network_is_told_apart(tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that cannot be reached is said to be that, and no hash and no release is blamed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{taken.getsockname()[1]}/simple")
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        shown = refusal(tmp_path / "environments", lock, None)
    assert "Connection refused" in shown


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    """A requirements file that is not there is named, with the command that makes it."""
    assert refusal(tmp_path / "environments", tmp_path / "none.txt", None).endswith(
        "none.txt is missing. Compile it: make pin"
    )

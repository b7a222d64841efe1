"""scripts/setup.sh: makes .venv once, from a Python alone, and says in one line why it cannot."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.pins.own_environment import UV_PIN

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a checkout that has nothing but the tooling's code, and requirements files that pin no more than uv."""
    root = tmp_path / "a folder"
    shutil.copytree(PROJECT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    pinned = UV_PIN.search((PROJECT / "scripts/requirements.txt").read_text())
    assert pinned
    (root / "one.txt").write_text(pinned[0])
    (root / "two.txt").write_text("# nothing\n")
    return root


def start(folder: Path, *files: str, **variables: str) -> "subprocess.Popen[str]":
    """Start the script, in a session of its own."""
    return subprocess.Popen(
        ["sh", "scripts/setup.sh", *files],
        cwd=folder,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def setup(folder: Path, *files: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the script."""
    started = start(folder, *files, **variables)
    out, err = started.communicate()
    return subprocess.CompletedProcess(started.args, started.returncode, out, err)


def made(folder: Path) -> list[str]:
    """Return what is there of .venv and of what it is made in."""
    return sorted(path.name for path in folder.glob(".venv*"))


def test_the_environment_is_made_once(folder: Path) -> None:
    """The second run has nothing to do; a further file is added; a changed first one makes all anew."""
    assert "setting up .venv" in setup(folder, "one.txt").stderr
    (folder / ".venv/witness").touch()
    assert setup(folder, "one.txt").stderr == ""
    assert "adding two.txt" in setup(folder, "one.txt", "two.txt").stderr
    assert setup(folder, "one.txt", "two.txt").stderr == ""
    assert (folder / ".venv/witness").exists()
    with (folder / "one.txt").open("a") as file:
        file.write("# something else\n")
    assert "setting up .venv" in setup(folder, "one.txt").stderr
    assert not (folder / ".venv/witness").exists()
    assert made(folder) == [".venv"]


@pytest.mark.parametrize("name", ["a:b", "new\nline", "$HOME `id` 'q\""])
def test_a_checkout_may_have_an_odd_path_and_its_user_no_home(folder: Path, name: str) -> None:
    """What is made works, and is found again."""
    odd = folder.rename(folder.with_name(name))
    command = ["env", "-u", "HOME", "sh", "scripts/setup.sh", "one.txt"]
    assert subprocess.run(command, cwd=odd, check=False).returncode == 0
    subprocess.run([odd / ".venv/bin/uv", "--version"], check=True)
    assert setup(odd, "one.txt").stderr == ""


def test_with_nothing_to_do_one_command_is_run(folder: Path, tmp_path: Path) -> None:
    """Each make target pays for it: there need be nothing but cksum on PATH."""
    assert setup(folder, "one.txt", "two.txt").returncode == 0
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/cksum").symlink_to(shutil.which("cksum") or "")
    (tmp_path / "bin/sh").symlink_to(shutil.which("sh") or "")
    assert setup(folder, "one.txt", "two.txt", PATH=str(tmp_path / "bin")).returncode == 0


def test_what_python_may_not_compile_later_is_compiled_at_once(folder: Path) -> None:
    """Else each verb would compile the libraries that it imports, every time."""
    assert setup(folder, "one.txt", PYTHONDONTWRITEBYTECODE="1").returncode == 0
    assert list(folder.glob(".venv/lib/python3*/site-packages/uv/__pycache__/*.pyc"))


def test_two_first_commands_at_once_both_work(folder: Path) -> None:
    """One of them makes the environment, the other waits for it and adds what it needs more."""
    commands = [start(folder, "one.txt"), start(folder, "one.txt", "two.txt")]
    said = [command.communicate()[1] for command in commands]
    assert [command.returncode for command in commands] == [0, 0]
    assert "".join(said).count("setting up .venv") == 1
    assert setup(folder, "one.txt", "two.txt").stderr == ""
    assert made(folder) == [".venv"]


def test_a_python_without_pip_will_do(folder: Path, tmp_path: Path) -> None:
    """Debian has pip in a package of its own; PYTHON says which Python is meant, and the environment is of it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    assert setup(folder, "one.txt", PYTHON=str(tmp_path / "bare/bin/python")).returncode == 0
    version = subprocess.check_output(
        [folder / ".venv/bin/python", "-c", "import sys, uv; print(sys.version)"], text=True
    )
    assert version.strip() == sys.version


def test_a_uv_on_path_is_not_asked(folder: Path, tmp_path: Path) -> None:
    """Nobody knows what it is; the one of the pins is fetched."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/uv").write_text(f"#!/bin/sh\ntouch '{tmp_path}/asked'\n")
    (tmp_path / "bin/uv").chmod(0o755)
    assert setup(folder, "one.txt", PATH=f"{tmp_path}/bin:{os.environ['PATH']}").returncode == 0
    assert not (tmp_path / "asked").exists()


def test_an_environment_whose_python_is_gone_is_made_again(folder: Path) -> None:
    """The machine's Python may be replaced by another one."""
    setup(folder, "one.txt")
    (folder / ".venv/bin/python").unlink()
    (folder / ".venv/bin/python").symlink_to("/nowhere/python")
    assert "setting up .venv" in setup(folder, "one.txt").stderr
    assert (folder / ".venv/bin/python").exists()


def test_no_suitable_python_is_one_clear_line(folder: Path, tmp_path: Path) -> None:
    """The line says what is missing and how to name one; nothing is left."""
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "cat", "cksum"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    finished = setup(folder, "one.txt", PATH=str(tmp_path / "bin"), HOME=str(tmp_path), PYTHON="")
    assert finished.returncode == 2
    assert finished.stderr.strip().splitlines()[-1].startswith("error: there is no Python 3.11 or later")
    assert made(folder) == []


@pytest.mark.parametrize(
    ("line", "said"), [("six==1.16.0\n", "six"), ("-r nowhere.txt\n", "nowhere.txt"), ("?\n", "one.txt")]
)
def test_pins_that_cannot_be_installed_leave_no_environment(folder: Path, line: str, said: str) -> None:
    """A package without a hash is refused; the installer's own words come first; the next run starts afresh."""
    with (folder / "one.txt").open("a") as file:
        file.write(line)
    finished = setup(folder, "one.txt")
    assert finished.returncode == 1
    *words, error = finished.stderr.strip().splitlines()
    assert "error: one.txt could not be installed" in error
    assert said in "".join(words)
    assert made(folder) == []


def test_what_is_there_stays_when_its_new_pins_cannot_be_installed(folder: Path) -> None:
    """What runs from it goes on running, and the next run tries again."""
    setup(folder, "one.txt")
    (folder / ".venv/witness").touch()
    with (folder / "one.txt").open("a") as file:
        file.write("six==1.16.0\n")
    assert setup(folder, "one.txt").returncode == 1
    assert (folder / ".venv/witness").exists()
    assert setup(folder, "one.txt").returncode == 1


def test_another_uv_than_the_pinned_one_is_not_run(folder: Path) -> None:
    """Its hash is checked before it is run."""
    text = (folder / "one.txt").read_text()
    (folder / "one.txt").write_text(re.sub("sha256:[0-9a-f]+", f"sha256:{'0' * 64}", text))
    finished = setup(folder, "one.txt")
    assert finished.returncode == 1
    assert "DO NOT MATCH THE HASHES" in finished.stderr
    assert made(folder) == []


def test_a_folder_that_cannot_be_written_is_one_clear_line(folder: Path) -> None:
    """Something else has the name of the folder of what is made here."""
    (folder / ".local").touch()
    finished = setup(folder, "one.txt")
    assert finished.returncode == 1
    assert finished.stderr.startswith("error: .venv could not be made: ")
    assert len(finished.stderr.splitlines()) == 1


def test_ctrl_c_leaves_nothing(folder: Path) -> None:
    """The index that the user's pip is told of does not answer, and its user has waited long enough."""
    with socket.create_server(("127.0.0.1", 0)) as index:
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        started = start(folder, "one.txt", PIP_INDEX_URL=address, PIP_EXTRA_INDEX_URL="", PIP_NO_CACHE_DIR="1")
        with index.accept()[0]:
            os.killpg(started.pid, signal.SIGINT)
            started.communicate()
    assert started.returncode == 130
    assert made(folder) == []

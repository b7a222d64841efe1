"""scripts/setup.sh: makes .venv once, and says in one line why it cannot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a checkout that has nothing but the script and a requirements file without requirements."""
    root = tmp_path / "a folder"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(PROJECT / "scripts/setup.sh", root / "scripts")
    (root / "one.txt").write_text("# nothing\n")
    (root / "two.txt").write_text("# nothing\n")
    return root


def setup(folder: Path, *files: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the script."""
    return subprocess.run(
        ["sh", "scripts/setup.sh", *files],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_environment_is_made_once(folder: Path) -> None:
    """The second run has nothing to do; a further file is added; a changed first one makes all anew."""
    assert "setting up .venv" in setup(folder, "one.txt").stderr
    (folder / ".venv/witness").touch()
    assert setup(folder, "one.txt").stderr == ""
    assert "adding two.txt" in setup(folder, "one.txt", "two.txt").stderr
    assert setup(folder, "one.txt", "two.txt").stderr == ""
    assert (folder / ".venv/witness").exists()
    (folder / "one.txt").write_text("# something else\n")
    assert "setting up .venv" in setup(folder, "one.txt").stderr
    assert not (folder / ".venv/witness").exists()


def test_no_suitable_python_is_one_clear_line(folder: Path, tmp_path: Path) -> None:
    """The line says what is missing and how to name one; nothing is left."""
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "cat", "cksum", "grep", "rm"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    finished = setup(folder, "one.txt", PATH=str(tmp_path / "bin"), HOME=str(tmp_path), PYTHON="")
    assert finished.returncode == 2
    assert finished.stderr.strip().splitlines()[-1].startswith("error: there is no Python 3.11 or later")
    assert not (folder / ".venv").exists()


def test_pins_that_cannot_be_installed_leave_no_environment(folder: Path) -> None:
    """A package without a hash is refused, and the next run starts afresh."""
    (folder / "one.txt").write_text("six==1.16.0\n")
    finished = setup(folder, "one.txt")
    assert finished.returncode == 1
    assert "one.txt could not be installed" in finished.stderr
    assert not (folder / ".venv").exists()

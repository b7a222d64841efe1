"""What the tests of the workflows share."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.whole.conftest import clone_working_tree
from tests.workflows.watched import ACTOR, FOLDER, GitHub
from tests.workflows.workflows import new_machine


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bare repository with the working tree as its one commit, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("workflows")
    clone = clone_working_tree(folder)
    bare = folder / "git hub.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(clone.root), str(bare)], check=True)
    return bare


@pytest.fixture(scope="module")
def before(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository in which the newest release is no variant yet."""
    folder = tmp_path_factory.mktemp("before")
    machine = new_machine(folder, source)
    shutil.rmtree(machine.root / FOLDER)
    runtime = machine.root / "common/runtimes/python3.13.toml"
    runtime.write_text(runtime.read_text("utf-8").replace("resolved_as_of = 2", "resolved_as_of = 1", 1))
    subprocess.run([sys.executable, "-m", "scripts", "readme"], cwd=machine.root, check=True, capture_output=True)
    machine.git("commit", "--quiet", "--all", "--message", "Forget the newest", **ACTOR)
    machine.git("clone", "--quiet", "--bare", ".", str(folder / "bare.git"))
    return folder / "bare.git"


@pytest.fixture
def github(before: Path, tmp_path: Path) -> GitHub:
    """Return a GitHub of the test's own."""
    return GitHub(tmp_path, before)

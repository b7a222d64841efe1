"""What the operating system refuses is one line about a file, and never a bug of the tooling."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.cli import MENDS, of_the_world
from tests.whole.conftest import Clone


@pytest.fixture
def world(clone: Clone, tmp_path: Path) -> Clone:
    """Return a copy of the clone that a test may spoil."""
    shutil.copytree(clone.root, tmp_path / "it", symlinks=True, ignore=shutil.ignore_patterns(".local"))
    return Clone(tmp_path / "it")


def line(finished: "subprocess.CompletedProcess[str]") -> str:
    """Return the error of a run that must fail with one line."""
    assert finished.returncode == 1, finished.stdout + finished.stderr
    (said,) = finished.stderr.splitlines()
    assert "bug of the tooling" not in said
    return said


@pytest.mark.parametrize("number", sorted(MENDS), ids=lambda number: errno.errorcode[number])
def test_an_error_of_the_system_names_the_file_and_a_mend(number: int) -> None:
    """Python's own words for it stand between the two."""
    said = of_the_world(OSError(number, os.strerror(number), "/some/file")).message
    reason = os.strerror(number)
    assert said == f"/some/file cannot be used: {reason[0].lower()}{reason[1:]}. {MENDS[number]}"


def test_one_without_a_file_is_a_line_too() -> None:
    """As where there is no more memory."""
    assert of_the_world(OSError(errno.ENOMEM, "No memory")).what == "the operating system refuses something"


def test_a_folder_in_place_of_a_file_is_named(world: Clone) -> None:
    """Here the README."""
    (world.root / "README.md").unlink()
    (world.root / "README.md").mkdir()
    assert line(world.verb("readme")).endswith(
        "README.md cannot be used: is a directory. A file belongs there: move the folder away"
    )


def test_a_file_in_place_of_a_folder_is_named(world: Clone) -> None:
    """Here that of what is built."""
    (world.root / ".local").write_text("")
    assert ".local cannot be used: " in line(world.verb("pin"))


def test_a_missing_folder_is_named(world: Clone) -> None:
    """Here that of all variants."""
    shutil.rmtree(world.root / "variants")
    assert "variants cannot be used: no such file or directory" in line(world.verb("matrix"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="it is Linux's")
def test_a_full_disk_behind_standard_output_is_a_line(world: Clone) -> None:
    """There is no name to tell then."""
    finished = world.run("sh", "-c", '"$0" -m scripts matrix >/dev/full', sys.executable)
    assert "no space left on device. Make room" in line(finished)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk that cannot be written to")
def test_a_checkout_that_cannot_be_written_to_is_a_line(world: Clone, tmp_path: Path) -> None:
    """It says where one can."""
    place = tmp_path / "read-only"
    place.mkdir()
    mounted = subprocess.run(["mount", "--bind", "-o", "ro", world.root, place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("root may not mount here")
    try:
        assert line(Clone(place).verb("pin")).endswith(
            "cannot be used: read-only file system. Run in a checkout that can be written to"
        )
    finally:
        subprocess.run(["umount", place], check=True)


def test_an_odd_path_and_no_home_are_no_obstacle(world: Clone) -> None:
    """A line break, a colon and a dollar sign in the checkout's path; HOME is not set."""
    odd = world.root.with_name("a\nb:c$HOME")
    world.root.rename(odd)
    finished = Clone(odd).run("env", "--unset=HOME", sys.executable, "-m", "scripts", "branches")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("created") == len(list((odd / "variants").glob("*/variant.toml")))

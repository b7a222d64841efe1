"""Folders that are made once, whole or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.files import made_once


def fill(folder: Path) -> None:
    """Make a folder with a file in it."""
    folder.mkdir()
    (folder / "file").write_text("whole")


def folders(parent: Path) -> list[str]:
    """Return the names of what is in a folder, without the locks."""
    return sorted(path.name for path in parent.iterdir() if path.is_dir())


def test_of_many_who_ask_at_once_one_makes_it(tmp_path: Path) -> None:
    """All get the same place, and it is made one time."""
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        fill(folder)

    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda _: made_once(tmp_path / "deep/place", make), range(8)))
    assert places == {tmp_path / "deep/place"}
    assert len(made) == 1
    assert folders(tmp_path / "deep") == ["place"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_nothing_of_its_own(tmp_path: Path, error: type[BaseException]) -> None:
    """Neither the place nor the folder beside it is there; Ctrl-C is no different."""

    def make(folder: Path) -> None:
        fill(folder)
        raise error

    with pytest.raises(error):
        made_once(tmp_path / "place", make)
    assert folders(tmp_path) == []


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    """It may hold anything."""
    fill(tmp_path / ".place.new")
    (tmp_path / ".place.new/rest").touch()
    made_once(tmp_path / "place", fill)
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["file"]


def test_what_is_not_ready_is_replaced_and_what_is_ready_stays(tmp_path: Path) -> None:
    """Being there is not enough where the caller says so."""
    (tmp_path / "place").mkdir()
    (tmp_path / "place/old").touch()
    made_once(tmp_path / "place", fill)
    assert (tmp_path / "place/old").exists()
    made_once(tmp_path / "place", fill, lambda place: (place / "file").exists())
    assert not (tmp_path / "place/old").exists()

"""Records of the checkout's files: read strictly, written in one step."""

from pathlib import Path

import msgspec
import pytest

from scripts.errors import WrongUse
from scripts.records import read_if_there, read_record, write_record


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record."""

    x: int


@pytest.mark.parametrize(("name", "text"), [("point.toml", "x = 7\n"), ("point.json", '{"x": 7}\n')])
def test_the_files_name_says_what_it_is_written_in(tmp_path: Path, name: str, text: str) -> None:
    """TOML and JSON give the same record."""
    (tmp_path / name).write_text(text)
    assert read_record(tmp_path / name, Point) == Point(7)


@pytest.mark.parametrize("text", ["{", '{"x": "7"}', '{"x": 7, "y": 8}', "{}", '{"x": "\xff"}'])
def test_a_wrong_file_is_refused_with_its_name_and_what_to_do(tmp_path: Path, text: str) -> None:
    """Half of it, another type, an unknown key, a missing one, and bytes that are no text each give one line."""
    (tmp_path / "point.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(WrongUse, match=r"point\.json is wrong: .*\. Make it again"):
        read_if_there(tmp_path / "point.json", Point, do="Make it again")


def test_a_missing_file_is_refused_or_none_as_the_caller_asks(tmp_path: Path) -> None:
    """One caller needs it, for another it may be missing."""
    assert read_if_there(tmp_path / "point.json", Point) is None
    with pytest.raises(WrongUse, match=r"point\.json is missing"):
        read_record(tmp_path / "point.json", Point)


def test_what_is_written_is_read_again_and_written_once(tmp_path: Path) -> None:
    """The second write says that nothing changed."""
    assert write_record(tmp_path / "point.json", Point(7))
    assert not write_record(tmp_path / "point.json", Point(7))
    assert read_record(tmp_path / "point.json", Point) == Point(7)

"""variants/others.json: what it refuses, and what makes a row another one."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from scripts.errors import WrongUse
from scripts.history.rows import CaseCell, CaseFacts
from scripts.others.others_file import OtherRow, Others, differences, encode_others, merged, read_others
from scripts.others.others_in_short import other_in_short

FACTS = {name: CaseFacts(bytes=20, sha256="0" * 64) for name in ("form", "post")}

DROPPED = CaseCell(dropped=((5, 9),))

ROW = OtherRow(
    name="a",
    command="a {port}",
    python="3.13",
    versions={"a": "1.0", "h11": "2.0"},
    proof="receive-queue",
    measured=dt.date(2026, 1, 1),
    inputs="0" * 16,
    cases={"form": DROPPED, "post": "intact"},
)


def changed(**fields: object) -> OtherRow:
    """Return the row of a later day with other fields."""
    return msgspec.structs.replace(ROW, measured=dt.date(2026, 2, 2), inputs="1" * 16, **fields)


def written(row: Mapping[str, object]) -> bytes:
    """Return a file with one row."""
    return msgspec.json.encode({"format": 1, "cases": msgspec.to_builtins(FACTS), "servers": [row]})


def test_a_file_that_was_written_is_read_the_same(tmp_path: Path) -> None:
    """Its rows stand by name, whatever order they came in."""
    first, second = msgspec.structs.replace(ROW, name="B"), ROW
    (tmp_path / "variants").mkdir()
    (tmp_path / "variants/others.json").write_text(encode_others(Others(cases=FACTS, servers=(first, second))))
    assert read_others(tmp_path) == Others(cases=FACTS, servers=(second, first))


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    """That is no error."""
    assert read_others(tmp_path) is None


def test_equal_evidence_keeps_its_day() -> None:
    """Whatever it was measured from this time, and by whatever proof."""
    kept = merged(ROW, changed(proof="barrier"))
    assert kept == msgspec.structs.replace(ROW, inputs="1" * 16)


@pytest.mark.parametrize("fields", [{"versions": {"a": "1.1"}}, {"cases": {"form": "intact", "post": "intact"}}])
def test_other_evidence_is_another_row(fields: dict[str, object]) -> None:
    """Another version that answers, another outcome."""
    assert merged(ROW, changed(**fields)) == changed(**fields)


def test_what_differs_is_named_place_by_place() -> None:
    """A day is no difference."""
    assert differences([ROW], [changed()]) == []
    found = differences([ROW], [changed(cases={"form": "intact", "post": "intact"}, versions={"a": "1.1"})])
    assert found == [
        "a cases.form: {'dropped': ((5, 9),)} → intact",
        "a versions.a: 1.0 → 1.1",
        "a versions.h11: 2.0 → nothing",
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"reason": "no"}, "either cases or a reason"),
        ({"cases": {}}, "either cases or a reason"),
        ({"versions": {}}, "what was measured has a version"),
        ({"cases": {"form": "intact"}}, "has other cases than the file names"),
        ({"cases": {"form": {"dropped": [[5, 20]]}, "post": "intact"}}, "form has 20 bytes, and no offset 20"),
        ({"more": 1}, "unknown field `more`"),
    ],
    ids=["both", "neither", "no version", "a case missing", "an offset too many", "unknown"],
)
def test_a_file_that_no_measurement_gives_is_refused(tmp_path: Path, row: dict[str, object], said: str) -> None:
    """The error says how to restore it."""
    (tmp_path / "variants").mkdir()
    (tmp_path / "variants/others.json").write_bytes(written(msgspec.to_builtins(ROW) | row))
    with pytest.raises(WrongUse) as refused:
        read_others(tmp_path)
    assert said in refused.value.message
    assert "git checkout -- variants/others.json" in refused.value.message


def test_a_row_in_short_says_what_each_case_came_to() -> None:
    """Or why there is none."""
    assert other_in_short(ROW) == "a (a 1.0, h11 2.0): dropped in form; intact in post"
    assert other_in_short(changed(cases={"form": "intact", "post": "intact"})).endswith("intact in all 2 cases")
    assert other_in_short(changed(cases={}, reason="it cannot be started: no")) == "a: it cannot be started: no"

"""variants/history.json: strict to read, one line a row, the same bytes again."""

import json
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import WrongUse
from scripts.history.rows import (
    HISTORY_FILE,
    INTACT,
    CaseCell,
    Cell,
    History,
    HistoryCommit,
    HistoryRow,
    encode,
    parse,
    read_history,
    with_commit,
)
from scripts.probe.answers import Outcome
from scripts.probe.offsets import ranges
from tests.history.samples import DROPPED, SIZES, history, row

FOUND = HistoryCommit(
    case="form",
    parser="httptools",
    start="0.17.4",
    end="0.17.5",
    commit="a" * 40,
    date=date(2022, 2, 16),
    subject="Fix case where url is fragmented in httptools protocol (#1263)",
    pull_request=1263,
    measured=date(2026, 11, 26),
)


def changed(history: History, **fields: object) -> bytes:
    """Return the text of a history whose first row has other fields, as it may be written by hand."""
    tree = json.loads(encode(history))
    tree["rows"][0] |= fields
    return json.dumps(tree).encode()


@st.composite
def cells(draw: st.DrawFn, size: int) -> Cell:
    """Make what a measurement of `size` bytes can come to."""
    outcomes = draw(st.dictionaries(st.integers(1, size - 1), st.sampled_from(Outcome), max_size=20))
    joined = draw(st.sampled_from([None, Outcome.HUNG]))
    dropped, misrouted, rejected, hung = (
        tuple(ranges(offset for offset, outcome in outcomes.items() if outcome is each))
        for each in (Outcome.DROPPED, Outcome.MISROUTED, Outcome.REJECTED, Outcome.HUNG)
    )
    if not any((dropped, misrouted, rejected, hung, joined)):
        return draw(st.sampled_from([INTACT, CaseCell(untold="a control came out wrong")]))
    return CaseCell(dropped=dropped, misrouted=misrouted, rejected=rejected, hung=hung, joined=joined)


@given(cells(SIZES["form"]), cells(SIZES["pipelined"]))
def test_a_history_reads_back_as_it_was_written(form: Cell, pipelined: Cell) -> None:
    """What a measurement can come to, the file can hold, and the same bytes come of it again."""
    written = history(row("0.12.1", form=form, pipelined=pipelined))
    assert parse(encode(written).encode()) == written
    assert encode(parse(encode(written).encode())) == encode(written)


def test_each_row_is_one_line() -> None:
    """A diff names the releases that came out otherwise, and the words are those of the plan."""
    lines = encode(history(row("0.12.1", form=DROPPED, pipelined=INTACT), commits=(FOUND,))).splitlines()
    assert lines[:2] == ["{", '"format": 1,']
    assert lines[3:6] == [
        '"rows": [',
        '{"release": "0.12.1", "uploaded": "2020-09-03", "yanked": false, "parser": "httptools", "python": "3.8", '
        '"versions": {"httptools": "0.1.1", "wsproto": "1.0"}, '
        '"cases": {"form": {"dropped": [[5, 3905]]}, "pipelined": "intact"}}',
        "],",
    ]
    assert lines[7].startswith('{"case": "form", "parser": "httptools", "from": "0.17.4", "to": "0.17.5", "commit"')


def test_a_commit_takes_the_place_of_what_was_found_of_the_same_change() -> None:
    """Measured again it is one line still; that of another change stands beside it, the older commit first."""
    again = msgspec.structs.replace(FOUND, measured=date(2027, 1, 1))
    older = msgspec.structs.replace(FOUND, case="pipelined", start="0.12.2", end="0.12.3", date=date(2020, 11, 18))
    kept = with_commit(with_commit(with_commit(history(), FOUND), again), older)
    assert kept.commits == (older, again)


def test_rows_are_written_in_the_order_of_their_releases() -> None:
    """Whoever measured first: 0.9 stands before 0.10, and h11 before httptools."""
    rows = [row("0.10.0", form=INTACT), row("0.9.0", form=INTACT), row("0.9.0", "h11", form=INTACT)]
    read = parse(encode(history(*rows)).encode())
    assert [(each.release, each.parser) for each in read.rows] == [
        ("0.9.0", "h11"),
        ("0.9.0", "httptools"),
        ("0.10.0", "httptools"),
    ]
    assert encode(history(*reversed(rows))) == encode(history(*rows))


def test_a_row_without_a_measurement_says_why() -> None:
    """It holds for every parser, so it names none."""
    why = HistoryRow(release="0.0.9", uploaded=None, yanked=True, parser="", reason="it has no file")
    assert '{"release": "0.0.9", "uploaded": null, "yanked": true, "parser": "", "reason": "it has no file"}' in encode(
        history(why)
    )
    assert parse(encode(history(why)).encode()).rows == (why,)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"release": "0.12.01"}, "0.12.01 is written 0.12.1"),
        ({"release": "abc"}, "'abc' is no PEP 440 version"),
        ({"cases": {}}, "has either cases or a reason"),
        ({"reason": "no compiler"}, "has either cases or a reason"),
        ({"parser": ""}, "what was measured has a parser"),
        ({"cases": {"from": INTACT}}, "has the case from, which the file does not name"),
        ({"cases": {"form": {}}}, 'is written "intact"'),
        ({"cases": {"form": "Intact"}}, "Invalid enum value 'Intact'"),
        ({"cases": {"form": {"joined": "intact"}}}, "joined is written where it is not intact"),
        ({"cases": {"form": {"dropped": [[5, 4]]}}}, "a range with its first"),
        ({"cases": {"form": {"dropped": [[0, 4]]}}}, "offsets begin with 1"),
        ({"cases": {"form": {"dropped": [[9, 9], [5, 5]]}}}, "the offsets of an outcome ascend"),
        ({"cases": {"form": {"dropped": [[5, 9]], "hung": [[9, 12]]}}}, "offset 9 has two outcomes"),
        ({"cases": {"form": {"dropped": [[5, 3927]]}}}, "form has 3927 bytes, and no offset 3927"),
        ({"cases": {"form": {"untold": "why", "hung": [[9, 12]]}}}, "that cannot be told has no outcomes"),
        ({"seconds": 3}, "unknown field `seconds`"),
    ],
)
def test_a_row_that_no_measurement_gives_is_refused(fields: dict[str, object], why: str) -> None:
    """One line with the place, and the command that mends it."""
    with pytest.raises(WrongUse, match=r"variants/history.json is wrong: .*git checkout -- variants") as caught:
        parse(changed(history(row("0.12.1", form=DROPPED)), **fields))
    assert why in caught.value.message


def test_a_release_that_is_there_twice_is_refused() -> None:
    """Nobody could say which row counts."""
    with pytest.raises(ValueError, match=r"0\.12\.1 httptools is there twice"):
        history(row("0.12.1", form=INTACT), row("0.12.1", form=DROPPED))


def test_a_release_that_was_measured_has_no_reason_for_having_no_parser() -> None:
    """A reason without a parser speaks of the whole release."""
    why = HistoryRow(release="0.12.1", uploaded=None, yanked=False, parser="", reason="it does not start")
    with pytest.raises(ValueError, match="with a reason for having no parser"):
        history(row("0.12.1", form=INTACT), why)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b"\xff", b'{"format": "1"}'])
def test_a_damaged_file_is_one_line_that_says_how_it_is_restored(tmp_path: Path, content: bytes) -> None:
    """It is in git."""
    (tmp_path / "variants").mkdir()
    (tmp_path / HISTORY_FILE).write_bytes(content)
    with pytest.raises(WrongUse, match=r"^variants/history.json is wrong: [^\n]*git checkout -- variants/history.json"):
        read_history(tmp_path)


def test_a_file_of_another_format_is_measured_again() -> None:
    """Restoring it would restore the other format; what else stands in it does not matter."""
    with pytest.raises(WrongUse, match=r"has format 2, and this checkout reads format 1. Measure again: make history"):
        parse(b'{"format": 2, "releases": []}')


def test_a_checkout_without_a_history_has_none(tmp_path: Path) -> None:
    """It was never measured, which is no error."""
    assert read_history(tmp_path) is None


def test_a_history_that_git_holds_is_read(tmp_path: Path) -> None:
    """From its place in the checkout."""
    (tmp_path / "variants").mkdir()
    (tmp_path / HISTORY_FILE).write_text(encode(history(row("0.12.1", form=DROPPED))), "utf-8")
    found = read_history(tmp_path)
    assert found
    assert found.rows[0].cases == {"form": DROPPED}
    assert isinstance(found, msgspec.Struct)

"""What a run keeps of what it measured, and when that still counts."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from packaging.version import Version

from scripts.history.kept import Desk, as_listed, counted, facts_of, read_rows, write_rows
from scripts.history.rows import INTACT, History, HistoryRow
from scripts.pins.index import Release
from scripts.probe.cases import Case, of_request

DAY = dt.date(2020, 9, 30)

ONE = replace(of_request(b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n"), name="one")
TWO = replace(of_request(b"GET /two HTTP/1.1\r\nHost: x\r\n\r\n"), name="two")


def row(*cases: Case, release: str = "0.12.1", parser: str = "h11", reason: str = "") -> HistoryRow:
    """Return a row with cases that are intact, or a reason."""
    return HistoryRow(
        release=release,
        uploaded=DAY,
        yanked=False,
        parser=parser,
        reason=reason,
        cases={case.name: INTACT for case in cases},
    )


def history(*rows: HistoryRow, cases: tuple[Case, ...] = (ONE, TWO)) -> History:
    """Return a history of these rows."""
    return History(cases=facts_of(cases), rows=rows)


def test_a_row_with_all_cases_counts() -> None:
    """And so does a reason for having none."""
    rows = row(ONE, TWO), row(release="0.2.0", parser="", reason="it cannot be installed")
    assert set(counted(history(*rows), [ONE, TWO])) == {"0.12.1", "0.2.0"}


def test_a_row_without_a_new_case_does_not_count() -> None:
    """Its release is measured again."""
    assert counted(history(row(ONE), cases=(ONE,)), [ONE, TWO]) == {}


def test_a_row_of_other_bytes_does_not_count() -> None:
    """A case with other bytes is another case."""
    other = replace(ONE, requests=(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n",))
    assert counted(history(row(ONE, TWO)), [other, TWO]) == {}


def test_a_case_for_another_parser_is_not_missed() -> None:
    """A row has those of its own parser."""
    assert set(counted(history(row(ONE)), [ONE, replace(TWO, parsers=("zttp",))])) == {"0.12.1"}


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    """Until it is cleared."""
    desk = Desk(tmp_path)
    desk.keep(facts_of([ONE]), [row(ONE)])
    assert desk.rows(facts_of([ONE])) == {"0.12.1": [row(ONE)]}
    desk.clear()
    assert desk.rows(facts_of([ONE])) == {}


def test_what_is_kept_of_other_cases_does_not_count(tmp_path: Path) -> None:
    """They may have changed between two runs."""
    desk = Desk(tmp_path)
    desk.keep(facts_of([ONE]), [row(ONE)])
    assert desk.rows(facts_of([ONE, TWO])) == {}


def test_a_damaged_file_is_left_out(tmp_path: Path) -> None:
    """Its release is measured again; the others count."""
    write_rows(tmp_path, facts_of([ONE]), [row(ONE)])
    (tmp_path / "0.12.2.json").write_text('{"format": 1, "cases"')
    assert set(read_rows(tmp_path.glob("*.json"), facts_of([ONE]))) == {"0.12.1"}


def test_measuring_all_anew_goes_on_with_what_it_has(tmp_path: Path) -> None:
    """Begun twice it does not begin again; cleared it is over."""
    desk = Desk(tmp_path)
    desk.begin_anew()
    desk.keep(facts_of([ONE]), [row(ONE)])
    desk.begin_anew()
    assert desk.anew
    assert desk.rows(facts_of([ONE]))
    desk.clear()
    assert not desk.anew


def test_a_release_that_was_yanked_since_is_said_to_be() -> None:
    """Nothing is measured for that."""
    release = Release(Version("0.12.1"), dt.datetime(2020, 9, 30, tzinfo=dt.UTC), True, "", True)
    assert [each.yanked for each in as_listed([row(ONE)], release)] == [True]

"""What a search has found, as it is told: Markdown for an issue, facts for programs, a line of the history."""

import datetime as dt
from dataclasses import replace

from scripts.history.bisect import CommitSearch, MeasuredCommit, SkippedCommit
from scripts.history.clones import UvicornCommit
from scripts.history.commit_report import SearchFacts, as_history, report, told
from scripts.history.rows import INTACT, Cell
from tests.history.samples import DROPPED

FACTS = SearchFacts(
    "form", 3927, "httptools", "0.17.4", "0.17.5", "https://github.com/Kludex/uvicorn", dt.date(2026, 11, 26)
)


def commit(number: int, subject: str) -> UvicornCommit:
    """Make a commit of a day in February 2022."""
    return UvicornCommit(f"{number}" * 40, dt.datetime(2022, 2, number, 12, tzinfo=dt.UTC), subject)


def measured(number: int, subject: str, cell: Cell, httptools: str = "0.3.0") -> MeasuredCommit:
    """Make what such a commit came to."""
    return MeasuredCommit(commit(number, subject), cell, "3.10", {"httptools": httptools})


START, BEFORE = measured(1, "Release 0.17.4 (#1363)", DROPPED), measured(2, "Write a|b", DROPPED)
AFTER, END = measured(4, "Join the URL (#1263)", INTACT), measured(5, "Release 0.17.5 (#1381)", INTACT)
FOUND = CommitSearch(START, END, BEFORE, AFTER, (AFTER.commit,), (START, END, BEFORE, AFTER), (), "git bisect start\n")


def test_the_report_names_the_commit_and_what_was_before_and_after() -> None:
    """It stands in an issue as it is: links, a table, all that was measured in the order of its days."""
    ones, fours = "1" * 10, "4" * 40
    assert report(FOUND, FACTS).splitlines() == [
        "### `form` with httptools, from 0.17.4 to 0.17.5",
        "",
        "The first commit with the other outcome:",
        "",
        f"- [4444444444](https://github.com/Kludex/uvicorn/commit/{fours}) of 2022-02-04: Join the URL (#1263), "
        "pull request [1263](https://github.com/Kludex/uvicorn/pull/1263)",
        "",
        "| | commit | of 3,926 splits | httptools | Python |",
        "| --- | --- | --- | --- | --- |",
        "| before | 2222222222 Write a\\|b | 3,901 dropped | 0.3.0 | 3.10 |",
        "| after | 4444444444 Join the URL (#1263) | all 3,926 intact | 0.3.0 | 3.10 |",
        "",
        "Measured on 2026-11-26 on a bare ASGI app, each commit with the dependencies of its day: 3,927 bytes, split "
        "in two at each of their 3,926 offsets. All that was measured:",
        "",
        f"- {ones} of 2022-02-01: 3,901 dropped",
        "- 2222222222 of 2022-02-02: 3,901 dropped",
        "- 4444444444 of 2022-02-04: all 3,926 intact",
        "- 5555555555 of 2022-02-05: all 3,926 intact",
    ]


def test_where_the_commit_is_not_known_all_that_it_may_be_are_named() -> None:
    """With those that were skipped, and why; the history gets no line."""
    broken = commit(3, "Break the build")
    found = replace(
        FOUND, candidates=(broken, AFTER.commit), skipped=(SkippedCommit(broken, "it cannot be installed"),)
    )
    text = report(found, FACTS)
    assert "The first commit with the other outcome is one of 2, for some of them cannot be measured:" in text
    assert "- 3333333333 of 2022-02-03: skipped, it cannot be installed" in text
    assert as_history(found, FACTS) is None


def test_what_differs_beside_uvicorn_is_said() -> None:
    """Else a parser's own change would be taken for uvicorn's."""
    found = replace(FOUND, after=measured(4, "Join the URL", INTACT, "0.4.0"))
    assert "Not uvicorn alone differs: httptools 0.3.0 before, 0.4.0 after." in report(found, FACTS)
    line = as_history(found, FACTS)
    assert line
    assert line.beside == {"httptools": ("0.3.0", "0.4.0")}


def test_the_history_gets_the_commit_with_its_day() -> None:
    """As a fact of the day on which it was measured."""
    line = as_history(FOUND, FACTS)
    assert line
    assert (line.case, line.parser, line.start, line.end, line.pull_request) == (
        *("form", "httptools", "0.17.4", "0.17.5"),
        1263,
    )
    assert (line.commit, line.date, line.measured) == ("4" * 40, dt.date(2022, 2, 4), dt.date(2026, 11, 26))


def test_programs_get_all_of_it() -> None:
    """Commits by their whole ids, and git's own log."""
    facts = told(FOUND, FACTS)
    assert facts["first"] == [
        {"commit": "4" * 40, "date": "2022-02-04", "subject": "Join the URL (#1263)", "pull_request": 1263}
    ]
    assert facts["before"] == {
        "commit": "2" * 40,
        "date": "2022-02-02",
        "subject": "Write a|b",
        "pull_request": None,
        "outcome": "3,901 dropped",
        "measured_with": {"python": "3.10", "httptools": "0.3.0"},
    }
    assert facts["git_bisect_log"] == "git bisect start\n"

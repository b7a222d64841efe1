"""The README's answer to "Am I affected?"."""

import msgspec

from scripts.history.rows import INTACT, CaseCell, HistoryCommit
from scripts.probe.answers import Outcome
from scripts.report.am_i_affected import answer
from tests.history.samples import DAY, history, row, unmeasured

DROPPED = CaseCell(dropped=((5, 20),))
UNTOLD = CaseCell(untold="splits came out one way once and another way later")

FIX = HistoryCommit(
    case="form",
    parser="httptools",
    start="0.17.4",
    end="0.17.5",
    commit="399f90afa1" + "0" * 30,
    date=DAY,
    subject="Fix it",
    pull_request=1263,
    measured=DAY,
)


def test_the_answer_names_the_first_and_the_last_affected_release_of_each_parser() -> None:
    """And what helps is the first release behind them, or the other parser with those that have it."""
    found = history(
        row("0.8.0", form=DROPPED),
        row("0.17.4", form=DROPPED),
        row("0.17.5", form=INTACT),
        row("0.17.4", parser="h11", form=INTACT),
        row("0.17.5", parser="h11", form=INTACT),
    )
    assert answer(found).splitlines() == [
        "- With `httptools` (what plain uvicorn installs up to 0.11.8, later `uvicorn[standard]`): "
        "**0.8.0 to 0.17.4** are affected, 0.17.5 and later are not.",
        "- With `h11` (what plain uvicorn installs since 0.12.0): no release from 0.17.4 to 0.17.5 has the issue.",
        "- What helps: 0.17.5 or later, or `uvicorn --http h11` with 0.17.4.",
    ]


def test_what_mended_it_is_linked() -> None:
    """The pull request that the history found between the last affected release and the first intact one."""
    found = history(row("0.17.4", form=DROPPED), row("0.17.5", form=INTACT), commits=(FIX,))
    assert (
        "0.17.5 and later are not: [pull request 1263](https://github.com/encode/uvicorn/pull/1263) fixed it."
        in answer(found)
    )


def test_a_fix_without_a_pull_request_is_linked_by_its_commit() -> None:
    """As those are that were pushed."""
    pushed = msgspec.structs.replace(FIX, pull_request=None)
    found = history(row("0.17.4", form=DROPPED), row("0.17.5", form=INTACT), commits=(pushed,))
    assert f"[commit 399f90afa1](https://github.com/encode/uvicorn/commit/{FIX.commit}) fixed it." in answer(found)


def test_no_release_is_cleared_of_which_nothing_is_known() -> None:
    """Neither one whose deciding case is untold, nor one that was not measured with this parser, or with any."""
    found = history(
        row("0.15.0", parser="h11", form=INTACT),
        unmeasured("0.16.0"),
        row("0.17.1", parser="h11", form=UNTOLD),
        row("0.18.0", form=INTACT),
        unmeasured("0.18.0", "h11"),
        row("0.30.4", parser="h11", form=INTACT, pipelined=UNTOLD),
        row("0.31.0", parser="h11", form=INTACT),
    )
    assert answer(found).splitlines()[1] == (
        "- With `h11` (what plain uvicorn installs since 0.12.0): no release from 0.15.0 to 0.31.0 is known "
        "to have the issue; 0.16.0, 0.17.1 and 0.18.0 could not be told."
    )


def test_another_case_that_fails_is_told_apart_from_the_bug() -> None:
    """By its name: `make affected` calls those releases affected, and says by what."""
    found = history(
        row("0.8.0", parser="h11", form=INTACT, pipelined=CaseCell(joined=Outcome.HUNG)),
        row("0.9.0", parser="h11", form=INTACT, pipelined=INTACT),
    )
    assert answer(found) == (
        "- With `h11` (what plain uvicorn installs since 0.12.0): no release from 0.8.0 to 0.9.0 has the issue. "
        "Up to 0.8.0 another case fails, `pipelined`.\n"
    )


def test_the_other_parser_helps_only_where_it_was_seen_to_be_intact() -> None:
    """Not with a release that lacks it, nor where another case fails with it, nor where nothing could be told."""
    found = history(
        row("0.1.0", form=DROPPED),
        row("0.2.0", form=DROPPED),
        row("0.2.0", parser="h11", form=INTACT, pipelined=CaseCell(joined=Outcome.HUNG)),
        *(row(release, form=DROPPED) for release in ("0.3.0", "0.17.1", "0.17.2")),
        row("0.3.0", parser="h11", form=INTACT),
        row("0.17.1", parser="h11", form=UNTOLD),
        row("0.17.2", parser="h11", form=INTACT),
        row("0.17.5", form=INTACT),
    )
    helps = "- What helps: 0.17.5 or later, or `uvicorn --http h11` with 0.3.0 to 0.17.2, 0.17.1 excepted."
    assert answer(found).splitlines()[-1] == helps


def test_a_release_that_could_not_be_measured_is_excepted() -> None:
    """It is neither called affected, nor helped by the other parser."""
    found = history(
        row("0.1.0", form=DROPPED),
        row("0.1.0", parser="h11", form=INTACT),
        unmeasured("0.2.0"),
        row("0.3.0", form=DROPPED),
        row("0.3.0", parser="h11", form=INTACT),
        unmeasured("0.4.0"),
        row("0.5.0", form=INTACT),
    )
    lines = answer(found).splitlines()
    assert "**0.1.0 to 0.3.0** are affected (0.2.0 could not be told), 0.5.0 and later are not." in lines[0]
    assert lines[-1] == "- What helps: 0.5.0 or later, or `uvicorn --http h11` with 0.1.0 to 0.3.0, 0.2.0 excepted."


def test_where_the_other_parser_never_helped_it_is_not_named() -> None:
    """An upgrade alone is left."""
    found = history(row("0.17.4", form=DROPPED), row("0.17.5", form=INTACT))
    assert answer(found).splitlines()[-1] == "- What helps: 0.17.5 or later."

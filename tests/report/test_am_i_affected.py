"""The README's answer to "Am I affected?"."""

from scripts.history.rows import INTACT, CaseCell
from scripts.probe.answers import Outcome
from scripts.report.am_i_affected import answer
from tests.history.samples import history, row

DROPPED = CaseCell(dropped=((5, 20),))


def test_the_answer_names_the_first_and_the_last_affected_release_of_each_parser() -> None:
    """And what helps is the first release behind them."""
    found = history(
        row("0.8.0", form=DROPPED),
        row("0.17.4", form=DROPPED),
        row("0.17.5", form=INTACT),
        row("0.17.4", parser="h11", form=INTACT),
        row("0.17.5", parser="h11", form=INTACT),
    )
    assert answer(found).splitlines() == [
        "- With `httptools` (what `uvicorn[standard]` installs): **0.8.0 to 0.17.4** are affected, "
        "0.17.5 and later are not.",
        "- With `h11` (what `pip install uvicorn` brings): no release from 0.17.4 to 0.17.5 is affected.",
        "- What helps: 0.17.5 or later, or `uvicorn --http h11` with any release.",
    ]


def test_another_case_that_fails_is_told_apart_from_the_bug() -> None:
    """A parser that splits never mattered to may have failed otherwise."""
    found = history(
        row("0.8.0", parser="h11", form=INTACT, pipelined=CaseCell(joined=Outcome.HUNG)),
        row("0.9.0", parser="h11", form=INTACT, pipelined=INTACT),
    )
    assert "(another case failed until 0.8.0)" in answer(found)

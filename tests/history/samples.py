"""Rows of a history, written as a measurement would."""

from collections.abc import Mapping
from datetime import date

from scripts.history.rows import INTACT, CaseCell, CaseFacts, Cell, History, HistoryCommit, HistoryRow
from scripts.probe.answers import Outcome

SIZES = {"form": 3927, "pipelined": 74}
DROPPED = CaseCell(dropped=((5, 3905),))
DAY = date(2020, 9, 3)


def row(
    release: str,
    parser: str = "httptools",
    cases: Mapping[str, Cell] | None = None,
    *,
    yanked: bool = False,
    **more: Cell,
) -> HistoryRow:
    """Make a measured row, with its cases by name."""
    return HistoryRow(
        release=release,
        uploaded=DAY,
        yanked=yanked,
        parser=parser,
        python="3.8",
        versions={"wsproto": "1.0", "httptools": "0.1.1"},
        cases={**(cases or {}), **more},
    )


def history(*rows: HistoryRow, commits: tuple[HistoryCommit, ...] = ()) -> History:
    """Make a history of two cases."""
    return History(cases={name: CaseFacts(size, "0" * 64) for name, size in SIZES.items()}, rows=rows, commits=commits)


def unmeasured(release: str, parser: str = "") -> HistoryRow:
    """Make the row of a release that could not be measured."""
    return HistoryRow(release=release, uploaded=None, yanked=False, parser=parser, reason="it does not start")


def story() -> History:
    """Return a history like uvicorn's: `form` is affected up to 0.17.4, `pipelined` from 0.11.0 to 0.12.2."""
    whole: dict[str, Cell] = {"form": INTACT, "pipelined": INTACT}
    old: dict[str, Cell] = {"form": DROPPED, "pipelined": INTACT}
    both: dict[str, Cell] = {"form": DROPPED, "pipelined": CaseCell(dropped=((5, 20),), joined=Outcome.HUNG)}
    measured = {"0.10.9": old, "0.11.0": both, "0.12.2": both, "0.12.3": old, "0.17.4": old, "0.17.5": whole}
    rows = [row(release, cases=cases) for release, cases in (measured | {"0.54.0": whole}).items()]
    rows += [row(release, "h11", whole) for release in ("0.11.0", "0.12.2", "0.12.3", "0.17.4", "0.17.5", "0.54.0")]
    return history(unmeasured("0.0.9"), *rows, row("0.54.0", "zttp", whole))

"""`make history`: measures what variants/history.json does not have yet, and writes it when all of it is there.

Each release is kept as soon as it is measured, so that a run goes on where an earlier one ended. A check measures some
releases again, and keeps nothing.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import msgspec

from scripts.errors import Failure, WrongUse, nearest
from scripts.files import alone, write_whole
from scripts.history.crew import reports
from scripts.history.kept import Desk, as_listed, counted, facts_of
from scripts.history.reports import MeasureJob, Report
from scripts.history.rows import HISTORY_FILE, History, HistoryRow, encode, read_history
from scripts.pins.index import Release
from scripts.probe.cases import Case, load_cases

log = logging.getLogger(__name__)

Watch = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows the progress of something with a name and a number of steps."""

GO_ON = "Again: make history goes on where it was"

BUSY = "another make history is at work in this checkout"


@dataclass
class HistoryRun:
    """What is to be measured."""

    root: Path
    cases: Sequence[Case]
    listed: Sequence[Release]
    """All releases that the package index lists, the oldest first."""
    chosen: Sequence[Release]
    """Those of them that are meant."""
    committed: History | None
    desk: Desk
    done: dict[str, Sequence[HistoryRow]] = field(default_factory=dict)
    """The rows that there are already, by release."""

    @property
    def todo(self) -> list[Release]:
        """The releases that are still to be measured."""
        return [release for release in self.chosen if str(release.version) not in self.done]


def plan(
    root: Path,
    cases: Sequence[Case],
    listed: Sequence[Release],
    chosen: Sequence[Release],
    *,
    anew: bool = False,
) -> HistoryRun:
    """Return what is to be measured of `chosen` for the history of the checkout at `root`.

    With `anew` what is committed does not count. WrongUse for a history file that is damaged, or of another format.
    """
    desk = Desk(root)
    committed = read_history(root)
    found = HistoryRun(root, cases, listed, chosen, committed, desk)
    if not (anew or desk.anew):
        found.done |= counted(committed, cases)
    found.done |= desk.rows(facts_of(cases))
    return found


def select(listed: Sequence[Release], versions: str) -> list[Release]:
    """Return the releases that `versions` names, with commas, all for an empty text or `all`; WrongUse for others."""
    if versions in ("", "all"):
        return list(listed)
    by_name = {str(release.version): release for release in listed}
    chosen = []
    for word in versions.split(","):
        name = word.strip().removeprefix("v")
        if name not in by_name:
            do = nearest(name, [], list(by_name))
            raise WrongUse(f"the package index lists no uvicorn {name}", do=do)
        chosen.append(by_name[name])
    return chosen


def measured(
    found: HistoryRun, void: dict[str, str], said: Callable[[HistoryRow], None]
) -> Iterator[tuple[Release, list[HistoryRow]]]:
    """Measure what is to be measured, and yield each release with its rows, as it is done.

    `said` gets each row as it comes. Failure where the package index was not there in the middle, when all that is
    under way is done.
    """
    todo = {str(release.version): release for release in found.todo}
    known = _known_pythons(found.committed)
    names = tuple(case.name for case in found.cases)
    jobs = [MeasureJob(name, release, names, void, known.get(name, "")) for name, release in todo.items()]
    rows: dict[str, list[HistoryRow]] = {name: [] for name in todo}
    failed: list[Report] = []
    count = 0
    for report in reports(found.root, found.desk.environments, jobs):
        if report.row:
            rows[report.version].append(report.row)
            said(report.row)
        elif report.failure:
            failed.append(report)
        elif report.done:
            count += 1
            yield todo[report.version], rows[report.version]
    if failed:
        left = len(todo) - count
        text = f"{failed[0].version}: {failed[0].failure}. {count} measured and kept, {left} left"
        raise Failure("the history is not whole", found=text, do=GO_ON)


def measure(
    found: HistoryRun,
    watch: Watch,
    *,
    said: Callable[[HistoryRow], None] = lambda _: None,
    step: Callable[[], None] = lambda: None,
    keep: bool = True,
) -> dict[str, Sequence[HistoryRow]]:
    """Measure what is to be measured, behind the controls, into `found.done`, and return it.

    `watch` shows how far it is; `said` gets each row as it comes, and `step` is called after each release. Each release
    is kept at once, unless `keep` is false. Raises what `measured` raises.
    """
    if not found.todo:
        return {}
    from scripts.history.measure_release import controls  # noqa: PLC0415 - a run with nothing to do needs none of it
    from scripts.probe.instrument import count_control_trials  # noqa: PLC0415 - see above

    with watch("controls", count_control_trials(found.cases)) as progress:
        void = controls(found.cases, progress)
    for name, why in void.items():
        log.warning("the case %s is void: %s", name, why)
    facts = facts_of(found.cases)
    new: dict[str, Sequence[HistoryRow]] = {}
    with watch("releases", len(found.todo)) as progress:
        for release, rows in measured(found, void, said):
            if keep:
                found.desk.keep(facts, rows)
            new[str(release.version)] = rows
            progress(1)
            step()
    found.done |= new
    return new


def add_to_history(root: Path, release: Release, watch: Watch) -> bool:
    """Measure a release that is new into the history of a checkout that has one; return whether that changed it."""
    cases = list(load_cases(root).values())
    run = plan(root, cases, [release], [release])
    if not run.committed or not run.todo:
        return False
    with alone_at(run.desk):
        measure(run, watch)
        changed = write(run)
        run.desk.clear([str(release.version)])
    return changed


def check(
    found: HistoryRun, watch: Watch, *, said: Callable[[HistoryRow], None], step: Callable[[], None]
) -> tuple[int, list[str]]:
    """Measure again what is chosen; return how many releases that is, and what differs from what is committed.

    `said` and `step` are `measure`'s.
    """
    found.done.clear()
    committed = found.committed.rows if found.committed else ()
    names = [case.name for case in found.cases]
    with alone_at(found.desk):
        new = measure(found, watch, keep=False, said=said, step=step)
    different = [
        line
        for name, rows in new.items()
        for line in differences([row for row in committed if row.release == name], rows, names)
    ]
    return len(new), different


def refuse_mixture(committed: History | None, cases: Sequence[Case], new: Collection[str] = ()) -> None:
    """Refuse to write a part where the file has rows that do not count any more: one file has one set of cases.

    `new` are the releases whose rows are there anew.
    """
    old = {row.release for row in committed.rows} if committed else set()
    if old - counted(committed, cases).keys() - set(new):
        what = f"{HISTORY_FILE} was measured with other cases than these"
        raise WrongUse(what, do="Measure all of it: make history")


def write(found: HistoryRun) -> bool:
    """Write the history: a row or a reason for each release that is there; return whether that changed the file.

    What is committed of other releases stays.
    """
    by_name = {str(release.version): release for release in found.listed}
    done = {**counted(found.committed, found.cases), **found.done}
    rows = {name: list(as_listed(its, by_name.get(name))) for name, its in done.items()}
    return put_in_place(found.root, rows, found.cases)


def put_in_place(root: Path, rows: Mapping[str, Sequence[HistoryRow]], cases: Sequence[Case]) -> bool:
    """Write these rows as the history's own, with the commits that it has now; return whether that changed the file."""
    committed = read_history(root)  # which a search for a commit may have written meanwhile
    commits = committed.commits if committed else ()
    history = History(cases=facts_of(cases), rows=tuple(chain.from_iterable(rows.values())), commits=commits)
    return write_whole(root / HISTORY_FILE, encode(history))


def differences(committed: Sequence[HistoryRow], anew: Sequence[HistoryRow], cases: Sequence[str]) -> list[str]:
    """Return what differs between the committed rows of a release and those measured again, a line each. Pure."""
    old, new = ({row.parser: _compared(row, cases) for row in rows} for rows in (committed, anew))
    return [
        f"{' '.join([anew[0].release, parser]).strip()}: {old.get(parser, 'nothing')} → {new.get(parser, 'nothing')}"
        for parser in sorted(old.keys() | new.keys())
        if old.get(parser) != new.get(parser)
    ]


def alone_at(desk: Desk) -> AbstractContextManager[int]:
    """Hold the desk: two runs would measure the same releases."""
    return alone(desk.lock, busy=BUSY)


def _compared(row: HistoryRow, cases: Sequence[str]) -> str:
    """Return a row as text, with some of its cases."""
    if row.reason:
        return row.reason
    parts = (row.versions, {name: cell for name, cell in row.cases.items() if name in cases})
    return " ".join([f"Python {row.python}", *(msgspec.json.encode(each, order="sorted").decode() for each in parts)])


def _known_pythons(history: History | None) -> dict[str, str]:
    """Return on which Python each release did run."""
    return {row.release: row.python for row in history.rows if row.python} if history else {}

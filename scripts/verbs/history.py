"""`history`: measure every release of uvicorn, in every case, with every parser that it has."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.history import measure_history as measuring
from scripts.history.gathered_rows import FOLDER
from scripts.history.history_in_short import far, row_in_short, sample
from scripts.history.kept import counted, facts_of, write_rows
from scripts.history.rows import HISTORY_FILE, HistoryRow
from scripts.matrix import Shard
from scripts.pins.index import releases
from scripts.pins.patched_wheel import PACKAGE
from scripts.probe.cases import load_cases, select
from scripts.verbs import options


@click.command("history")
@click.option("--version", envvar="VERSION", default="", metavar="0.15.0", help="Releases, with commas, or `all`.")
@options.case
@options.shard
@click.option(
    "--into",
    envvar="INTO",
    type=click.Path(file_okay=False, path_type=Path),
    help="Measure all again, and write the rows below this folder, for `gather`.",
)
@options.check("Measure a sample again, or VERSION=, and compare with what is committed; exit code 1 on a difference.")
@click.option("--seed", envvar="SEED", default="", metavar="TEXT", help="Choose the sample of CHECK=1 by this.")
@click.option("--force", envvar="FORCE", is_flag=True, help="Measure all again.")
@options.as_json
@click.pass_obj
def command(
    root: Path,
    *,
    version: str,
    case: str,
    shard: str,
    into: Path | None,
    check: bool,
    seed: str,
    force: bool,
    as_json: bool,
) -> None:
    """Measure every release of uvicorn on a bare app, with the dependencies of its own day."""
    cases = load_cases(root)
    chosen_cases = select(cases, case)
    if len(chosen_cases) < len(cases) and not check:
        raise WrongUse("CASE is for CHECK=1", found="a row of the history has all cases")
    if seed and not check:
        raise WrongUse("SEED is for CHECK=1", found="without it nothing is chosen by chance")
    if into and check:
        raise WrongUse("INTO and CHECK exclude each other")
    listed = releases(PACKAGE)
    chosen = list(Shard.parse(shard).of(measuring.select(listed, version)))
    show = _Show(as_json)
    if check:
        if not version:
            seed = seed or secrets.token_hex(4)
            screen.err.print(f"the sample is chosen by SEED={seed}")
            chosen = sample(chosen, seed)
        _check(measuring.plan(root, chosen_cases, listed, chosen, anew=True), show)
        return
    plan = measuring.plan(root, chosen_cases, listed, chosen, anew=bool(into or force))
    if into or force or plan.todo or plan.desk.anew:
        with measuring.alone_at(plan.desk):
            if force and not version and not into:
                plan.desk.begin_anew()
            plan = measuring.plan(root, chosen_cases, listed, chosen, anew=bool(into or force))
            _measure(plan, show)
            if into:
                for release in chosen:
                    write_rows(into / FOLDER, facts_of(plan.cases), plan.done[str(release.version)])
                action = f"{len(chosen)} releases written below {into / FOLDER}"
            else:
                action = _written(plan, whole=not version and not shard)
            plan.desk.clear()
    elif measuring.write(plan):  # one was yanked since, say
        action = f"{HISTORY_FILE} written"
    else:
        action = f"nothing to do: {HISTORY_FILE} has {'all ' * (chosen == listed)}{len(chosen)} releases"
    show.end(action)


def _written(plan: measuring.HistoryRun, *, whole: bool) -> str:
    """Write the history, and say what became of the file."""
    if not whole:  # what is not meant stays as it is committed
        plan.done = {**counted(plan.committed, plan.cases), **plan.done}
    return f"{HISTORY_FILE} {'written' if measuring.write(plan) else 'unchanged'}"


def _measure(plan: measuring.HistoryRun, show: "_Show", *, keep: bool = True) -> dict[str, Sequence[HistoryRow]]:
    """Measure what is to be measured, into `plan.done`, and return it."""
    todo = plan.todo
    found: dict[str, Sequence[HistoryRow]] = {}
    if not todo:
        return found
    from scripts.history.measure_release import controls  # noqa: PLC0415 - a run with nothing to do needs none of it
    from scripts.probe.controls import Handling  # noqa: PLC0415

    steps = len(Handling) * sum(len(case.plans) for case in plan.cases)
    with screen.progress("controls", steps) as progress:
        void = controls(plan.cases, progress)
    for name, why in void.items():
        screen.err.print(f"the case {name} is void: {why}")
    facts = facts_of(plan.cases)
    show.total = len(todo)
    with screen.progress("releases", len(todo), estimate=True) as progress:
        results = measuring.measured(
            plan, void, show.row, (lambda rows: plan.desk.keep(facts, rows)) if keep else (lambda _: None)
        )
        for release, rows in results:
            found[str(release.version)] = rows
            progress(1)
            show.step()
    plan.done |= found
    return found


def _check(plan: measuring.HistoryRun, show: "_Show") -> None:
    """Measure some releases again, and compare."""
    plan.done.clear()
    committed = plan.committed.rows if plan.committed else ()
    names = [case.name for case in plan.cases]
    with measuring.alone_at(plan.desk):
        found = _measure(plan, show, keep=False)
    different = [
        line
        for name, rows in found.items()
        for line in measuring.differences([row for row in committed if row.release == name], rows, names)
    ]
    show.end(f"{len(found)} releases measured again: {'not ' if different else ''}as committed")
    for line in different:
        screen.err.print(line)
    if different:
        found_text = f"{len(different)} rows"
        raise Failure("releases differ from what is committed", found=found_text, do="make history FORCE=1")


@dataclass
class _Show:
    """Prints what is measured."""

    as_json: bool
    total: int = 0
    done: int = 0
    rows: list[HistoryRow] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def row(self, row: HistoryRow) -> None:
        """Print a row."""
        self.rows.append(row)
        if not self.as_json:
            screen.out.print(row_in_short(row))

    def step(self) -> None:
        """Say how far it is, where no bar does."""
        self.done += 1
        if screen.err.is_plain and self.done < self.total:
            screen.err.print(far(self.done, self.total, time.monotonic() - self.began))

    def end(self, action: str) -> None:
        """Print what became of it all."""
        if self.as_json:
            screen.print_json({"action": action, "rows": msgspec.to_builtins(self.rows)})
        else:
            screen.out.print(action)

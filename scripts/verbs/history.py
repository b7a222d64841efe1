"""`history`: measure every release of uvicorn, in every case, with every parser that it has."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.history import measure_history as measuring
from scripts.history.history_in_short import far, row_in_short, sample
from scripts.history.kept import FOLDER, facts_of, write_rows
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
    watch = partial(screen.progress, estimate=True)
    if check:
        if not version:
            seed = seed or secrets.token_hex(4)
            screen.err.print(f"the sample is chosen by SEED={seed}")
            chosen = sample(chosen, seed)
        run = measuring.plan(root, chosen_cases, listed, chosen, anew=True)
        show.total = len(chosen)
        count, different = measuring.check(run, watch, said=show.row, step=show.step)
        show.end(f"{count} releases measured again: {'not ' if different else ''}as committed")
        _refuse(different)
        return
    anew = bool(into or force)
    run = measuring.plan(root, chosen_cases, listed, chosen, anew=anew)
    whole = not (version or shard or into)
    if not whole and not into:
        measuring.refuse_mixture(run.committed, run.cases)
    if not (anew or run.todo or run.desk.anew):
        listing = f"{HISTORY_FILE} has {'all ' * whole}{len(chosen)} releases"
        # One may have been yanked since.
        show.end(f"{HISTORY_FILE} written" if measuring.write(run) else f"nothing to do: {listing}")
        return
    with measuring.alone_at(run.desk):
        if force and whole:
            run.desk.begin_anew()
        run = measuring.plan(root, chosen_cases, listed, chosen, anew=anew)  # another run may have ended meanwhile
        show.total = len(run.todo)
        measuring.measure(run, watch, said=show.row, step=show.step)
        names = [str(release.version) for release in chosen]
        if into:
            for name in names:
                write_rows(into / FOLDER, facts_of(run.cases), run.done[name])
            action = f"{len(names)} releases written below {into / FOLDER}"
        else:
            action = f"{HISTORY_FILE} {'written' if measuring.write(run) else 'unchanged'}"
        run.desk.clear(None if whole else names)
    show.end(action)


def _refuse(different: Sequence[str]) -> None:
    """Refuse a history that differs from what was measured again."""
    for line in different:
        screen.err.print(line)
    if different:
        found = f"{len(different)} rows"
        raise Failure("releases differ from what is committed", found=found, do="make history FORCE=1")


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

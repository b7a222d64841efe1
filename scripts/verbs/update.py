"""`update`: make the newest release of uvicorn a variant."""

from pathlib import Path

import click

from scripts import screen
from scripts.branches.undo import BUSY, UPDATE, turn
from scripts.errors import Failure
from scripts.files import write_all
from scripts.history.measure_history import add_to_history, refuse_mixture
from scripts.history.rows import HISTORY_FILE, read_history
from scripts.matrix import load
from scripts.probe.cases import load_cases
from scripts.releases.add import add, known_releases, newest_there, plan
from scripts.releases.choose import newest
from scripts.report.rendered import rendered
from scripts.runtimes import load_runtimes
from scripts.verbs import options
from scripts.verbs.variant import show, unchanged


@click.command("update")
@options.check("Only say whether there is a new release: exit code 1 when there is one.")
@click.option("--pre", envvar="PRE", is_flag=True, help="Let a pre-release be the newest.")
@options.as_json
@click.pass_context
def command(context: click.Context, *, check: bool, pre: bool, as_json: bool) -> None:
    """Add a variant for uvicorn's newest release where there is none."""
    root: Path = context.obj
    with turn(root / UPDATE, root, busy=BUSY):
        matrix = load(root)
        release = newest(known_releases(), pre=pre)
        if not release:
            raise Failure("the package index has no release of uvicorn that was not yanked")
        there = newest_there(matrix, pre=pre)
        if there and there >= release.version:
            unchanged(f"v{there}", "is the newest", as_json=as_json)
            return
        refuse_mixture(read_history(root), list(load_cases(root).values()))
        addition = plan(matrix, load_runtimes(root), release, newest=True)
        when = f" ({release.uploaded.date()})" if release.uploaded else ""
        if not as_json:
            screen.out.print(f"{release.name}{when} is new")
        if check and as_json:
            screen.print_json({"variant": addition.variant.name, "action": "new", "runtime": addition.runtime.name})
        elif check:
            screen.out.print(f"it would run on {addition.runtime.name}. Add it: make update{' PRE=1' if pre else ''}")
        if check:
            context.exit(1)
        show(addition, add(matrix, addition, screen.progress, rendered), as_json=as_json)
        if add_to_history(root, release, screen.progress):
            write_all({root / path: text for path, text in rendered(load(root)).items()})
            screen.err.print(f"{HISTORY_FILE}: written")

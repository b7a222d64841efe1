"""`pin`: resolve what each variant installs."""

from dataclasses import asdict
from pathlib import Path

import click

from scripts import screen
from scripts.branches.undo import BUSY, UPDATE, Before, all_or_nothing, contents, turn
from scripts.errors import Failure
from scripts.matrix import load
from scripts.pins.compile import pin
from scripts.pins.jobs import all_jobs, stale
from scripts.verbs import options


@click.command("pin")
@options.variant
@options.check("Say what is stale, without the network; change nothing.")
@click.option("--upgrade", envvar="UPGRADE", is_flag=True, help="Take newer releases where the inputs allow them.")
@options.as_json
@click.pass_obj
def command(root: Path, *, variant: str, check: bool, upgrade: bool, as_json: bool) -> None:
    """Compile the pins with pip-tools."""
    matrix = load(root)
    chosen, everything = matrix.select(variant), variant in ("", "all")
    if check:
        found = stale(matrix, None if everything else chosen)
        if as_json:
            screen.print_json([asdict(each) for each in found])
        for each in [] if as_json else found:
            screen.out.print(f"{each.path}: {each.why}. Fix it: {each.command}")
        if found:
            raise Failure("pins are stale", found=f"{len(found)} of them")
        if not as_json:
            screen.out.print("all pins are current")
        return
    files = [root / job.path for job in all_jobs(matrix)]
    with turn(root / UPDATE, root, busy=BUSY):
        before = Before("make pin", files=contents(root, files))
        with all_or_nothing(root / UPDATE, root, before):
            made = list(pin(matrix, chosen, upgrade=upgrade, everything=everything))
    if as_json:
        screen.print_json([asdict(each) for each in made])
        return
    for pinned in made:
        screen.out.print(f"{pinned.path}: {pinned.action} ({pinned.packages} packages)")

"""`pin`: resolve what each variant installs."""

from pathlib import Path

import click

from scripts import screen
from scripts.errors import Failure
from scripts.matrix import load
from scripts.pins.compile import pin, stale
from scripts.verbs import options


@click.command("pin")
@options.variant
@options.check("Say what is stale, without the network; change nothing.")
@click.option("--upgrade", envvar="UPGRADE", is_flag=True, help="Take newer releases where the inputs allow them.")
@click.pass_obj
def command(root: Path, variant: str, check: bool, upgrade: bool) -> None:
    """Compile the pins with pip-tools."""
    matrix = load(root)
    chosen = matrix.select(variant)
    if check:
        found = [each for each in stale(matrix) if not variant or f"variants/{variant}/" in str(each.path)]
        for each in found:
            screen.out.print(f"{each.path}: {each.why}. Mend it: {each.command}")
        if found:
            raise Failure("pins are stale", found=f"{len(found)} of them")
        screen.out.print("all pins are current")
        return
    for pinned in pin(matrix, chosen, upgrade=upgrade, everything=variant in ("", "all")):
        screen.out.print(f"{pinned.path}: {pinned.action} ({pinned.packages} packages)")

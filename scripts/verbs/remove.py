"""`remove`: take a variant out of the matrix."""

from pathlib import Path

import click

from scripts import screen
from scripts.branches.undo import BUSY, UPDATE, turn
from scripts.matrix import load
from scripts.releases.remove import remove, without
from scripts.report.rendered import rendered
from scripts.verbs import options


@click.command("remove")
@options.variant
@click.option("--force", envvar="FORCE", is_flag=True, help="Discard what is uncommitted or handmade.")
@options.as_json
@click.pass_obj
def command(root: Path, *, variant: str, force: bool, as_json: bool) -> None:
    """Take a variant out: its folder, its row, its local branch. Origin's branch stays."""
    with turn(root / UPDATE, root, busy=BUSY):
        matrix = load(root)
        chosen = matrix.one(variant)
        removed = remove(matrix, chosen, rendered(without(matrix, chosen)), force=force)
    if as_json:
        screen.print_json(
            {
                "variant": chosen.name,
                "branch": chosen.branch,
                "commit": removed.commit,
                "on_origin": removed.on_origin,
                "written": [str(path) for path, changed in removed.written.items() if changed],
            }
        )
        return
    screen.out.print(f"variants/{chosen.name}/: removed")
    for path, changed in removed.written.items():
        screen.out.print(f"{path}: {'written' if changed else 'unchanged'}")
    if removed.commit:
        mend = f"git branch {chosen.branch} {removed.commit[:10]}"
        screen.out.print(f"{chosen.branch}: removed here. Bring it back: {mend}")
    if removed.on_origin:
        screen.out.print(f"{chosen.branch} stays on origin. Remove it there: git push origin :{chosen.branch}")

"""`readme`: render what a machine writes in the README, and its pictures, from what was measured."""

from pathlib import Path

import click

from scripts import screen
from scripts.files import write_all
from scripts.matrix import load
from scripts.report.rendered import rendered
from scripts.verbs import options


@click.command("readme")
@options.as_json
@click.pass_obj
def command(root: Path, as_json: bool) -> None:
    """Render the README's table, answers, sample and chapters, and the pictures."""
    texts = rendered(load(root))
    changed = write_all({root / path: text for path, text in texts.items()})
    told = {str(path): "written" if root / path in changed else "unchanged" for path in texts}
    if as_json:
        screen.print_json(told)
        return
    for path, action in told.items():
        screen.out.print(f"{path}: {action}")

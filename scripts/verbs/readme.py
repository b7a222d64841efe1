"""`readme`: render the README's table and its picture from what was measured."""

from pathlib import Path

import click

from scripts import screen
from scripts.files import write_whole
from scripts.matrix import load
from scripts.report.rendered import rendered


@click.command("readme")
@click.pass_obj
def command(root: Path) -> None:
    """Render the table and the picture."""
    for path, text in rendered(load(root)).items():
        changed = write_whole(root / path, text)
        screen.out.print(f"{path}: {'written' if changed else 'unchanged'}")

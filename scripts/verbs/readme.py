"""`readme`: render the README's table and its picture from what was measured."""

from pathlib import Path

import click

from scripts import screen
from scripts.files import write_whole
from scripts.matrix import load
from scripts.report.rendered import rendered
from scripts.verbs import options


@click.command("readme")
@options.as_json
@click.pass_obj
def command(root: Path, as_json: bool) -> None:
    """Render the table and the picture."""
    written = {path: write_whole(root / path, text) for path, text in rendered(load(root)).items()}
    if as_json:
        screen.print_json({str(path): "written" if changed else "unchanged" for path, changed in written.items()})
        return
    for path, changed in written.items():
        screen.out.print(f"{path}: {'written' if changed else 'unchanged'}")

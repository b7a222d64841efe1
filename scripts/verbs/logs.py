"""`logs`: show a variant's log."""

from pathlib import Path

import click

from scripts import screen
from scripts.matrix import load
from scripts.platforms import local
from scripts.verbs import options


@click.command("logs")
@options.variant
@options.platform
@click.option("--lines", envvar="LINES", type=click.IntRange(min=0), default=100, show_default=True, help="How many.")
@click.option("--follow", envvar="FOLLOW", is_flag=True, help="Go on with each line that is added.")
@click.pass_obj
def command(root: Path, *, variant: str, lines: int, follow: bool) -> None:
    """Show the log of a variant's app, the router's lines among them."""
    for line in local.log_lines(root, load(root).one(variant), last=lines, follow=follow):
        screen.out.print(line)

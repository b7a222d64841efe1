"""`logs`: show a variant's log."""

from pathlib import Path

import click

from scripts.matrix import load
from scripts.verbs import options


@click.command("logs")
@options.variant
@options.platform
@click.option(
    "--lines", envvar="LINES", type=click.IntRange(min=0), default=100, show_default=True, help="How many lines."
)
@click.option("--follow", envvar="FOLLOW", is_flag=True, help="Go on with each line that is added.")
@click.option("--full", envvar="FULL", is_flag=True, help="Show paths over 200 characters whole.")
@options.app
@options.prefix
@click.pass_obj
def command(root: Path, /, *, variant: str, lines: int, follow: bool, full: bool, **_settings: object) -> int:
    """Show the log of a variant's app, the router's lines among them."""
    matrix = load(root)
    return options.on(matrix).logs(matrix.one(variant), lines=lines, follow=follow, full=full)

"""`down`: end the local platform."""

from pathlib import Path

import click

from scripts import screen
from scripts.platforms import local


@click.command("down")
@click.pass_obj
def command(root: Path) -> None:
    """End the router and all dynos."""
    screen.out.print("router and dynos have ended" if local.down(root) else "nothing was running")

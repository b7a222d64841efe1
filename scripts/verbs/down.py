"""`down`: end the local platform."""

from pathlib import Path

import click

from scripts import screen
from scripts.errors import WrongUse
from scripts.platforms.local import local
from scripts.verbs import options


@click.command("down")
@options.variant
@click.pass_obj
def command(root: Path, variant: str) -> None:
    """End the router and all dynos."""
    if variant not in {"", "all"}:
        raise WrongUse("down ends all that runs, not one variant", do="Leave VARIANT out")
    screen.out.print("router and dynos have ended" if local.down(root) else "nothing was running")

"""`down`: end what is deployed."""

from pathlib import Path

import click

from scripts import screen
from scripts.errors import WrongUse
from scripts.matrix import load
from scripts.verbs import options


@click.command("down")
@options.variant
@options.platform
@options.as_json
@click.pass_obj
def command(root: Path, variant: str, to: str, as_json: bool) -> None:
    """End the router and all dynos here; at Heroku, stop all apps."""
    if variant not in {"", "all"}:
        raise WrongUse("down ends all that runs, not one variant", do="Leave VARIANT out")
    ran = options.on(load(root)).down()
    if as_json:
        screen.print_json({"ended": ran})
        return
    ended = "the apps are stopped" if to == "heroku" else "router and dynos have ended"
    nothing = "nothing is deployed from this checkout" if to == "heroku" else "nothing was running"
    screen.out.print(ended if ran else nothing)

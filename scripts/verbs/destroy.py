"""`destroy`: destroy a variant's app."""

from pathlib import Path

import click

from scripts.verbs import options


@click.command("destroy")
@options.variant
@options.platform
@options.app
@click.option("--confirm", envvar="CONFIRM", default="", metavar="APP", help="The app's name once more: do not ask.")
@click.pass_obj
def command(root: Path, *, variant: str, to: str, app: str, confirm: str) -> None:
    """Destroy a variant's app at Heroku, after asking."""
    options.only_heroku(to, "destroy", "End what runs here: make down")
    options.on(to).destroy(root, variant=variant, app=app, confirm=confirm)

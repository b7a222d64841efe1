"""`destroy`: destroy a variant's app."""

from pathlib import Path

import click

from scripts.matrix import load
from scripts.verbs import options


@click.command("destroy")
@options.of_a_deployment
@click.option("--confirm", envvar="CONFIRM", default="", metavar="APP", help="The app's name once more: do not ask.")
@click.pass_obj
def command(root: Path, /, *, variant: str, confirm: str, **_settings: object) -> int:
    """Destroy a variant's app at Heroku, after asking."""
    matrix = load(root)
    return options.heroku("destroy", matrix, "End what runs here: make down").destroy(matrix.one(variant), confirm)

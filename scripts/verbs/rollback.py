"""`rollback`: run again what a variant's app ran before."""

from pathlib import Path

import click

from scripts.matrix import load
from scripts.verbs import options


@click.command("rollback")
@options.of_a_deployment
@click.pass_obj
def command(root: Path, /, *, variant: str, **_settings: object) -> int:
    """Go back to what ran before, at Heroku."""
    matrix = load(root)
    return options.heroku("rollback", matrix, "Check out the commit before, and deploy").rollback(matrix.one(variant))

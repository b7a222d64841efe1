"""`rollback`: run the release before the present one again."""

from pathlib import Path

import click

from scripts.verbs import options


@click.command("rollback")
@options.variant
@options.platform
@options.app
@click.pass_obj
def command(root: Path, *, variant: str, to: str, app: str) -> None:
    """Go back to the release before, at Heroku."""
    options.only_heroku(to, "rollback", "Check out the commit before, and deploy")
    options.on(to).rollback(root, variant=variant, app=app)

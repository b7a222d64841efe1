"""`ps`: list what is running."""

from pathlib import Path

import click

from scripts.verbs import options


@click.command("ps")
@options.platform
@options.as_json
@click.pass_obj
def command(root: Path, *, to: str, as_json: bool) -> None:
    """List the releases."""
    options.on(to).ps(root, as_json=as_json)

"""`ps`: list what is running."""

from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.platforms import local
from scripts.verbs import options


@click.command("ps")
@options.platform
@options.as_json
@click.pass_obj
def command(root: Path, *, as_json: bool) -> None:
    """List the releases."""
    rows = local.releases(root)
    if as_json:
        screen.print_json(msgspec.to_builtins(rows))
        return
    if not rows:
        screen.out.print("nothing is running. Start something: make deploy VARIANT=v0.12.1")
    for row in rows:
        since = f"{row.since:%Y-%m-%d %H:%M:%S} UTC"
        screen.out.print(f"{row.variant:12} {row.state:9} {row.address}  {row.branch} {row.commit[:10]} since {since}")

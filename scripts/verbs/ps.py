"""`ps`: list what is deployed."""

from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.matrix import load
from scripts.verbs import options


@click.command("ps")
@options.variant
@options.platform
@options.app
@options.prefix
@options.as_json
@click.pass_obj
def command(root: Path, /, *, variant: str, to: str, as_json: bool, **_settings: object) -> int:
    """List the deployments; of one variant at Heroku, let its CLI list the dynos."""
    matrix = load(root)
    chosen = [each.name for each in matrix.select(variant)]
    if to == "heroku" and len(chosen) == 1 and not as_json:
        return options.heroku("ps", matrix, "").ps(matrix.one(variant))
    rows = [row for row in options.on(matrix).deployments() if row.variant in chosen]
    if as_json:
        screen.print_json(msgspec.to_builtins(rows))
        return 0
    if not rows:
        more = " TO=heroku" if to == "heroku" else ""
        nothing = "nothing is deployed from this checkout" if to == "heroku" else "nothing is running"
        screen.out.print(f"{nothing}. Start something: make deploy VARIANT=v0.12.1{more}")
    for row in rows:
        since = f"{row.since:%Y-%m-%d %H:%M:%S} UTC"
        what = " ".join(word for word in (row.version, row.branch, row.commit[:10]) if word)
        screen.out.print(f"{row.variant:12} {row.state:9} {row.address}  {what} since {since}")
    return 0

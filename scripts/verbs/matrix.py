"""`matrix`: list the variants, for workflows that spread work over them."""

from pathlib import Path

import click

from scripts import screen
from scripts.matrix import Shard, Variant, load
from scripts.verbs import options


@click.command("matrix")
@options.shard
@options.as_json
@click.pass_obj
def command(root: Path, shard: str, as_json: bool) -> None:
    """List the variants in the table's order."""
    rows = [_row(variant) for variant in Shard.parse(shard).of(load(root).variants)]
    if as_json:
        screen.print_json(rows)
        return
    widths = {key: max(len(row[key]) for row in rows) for key in rows[0]} if rows else {}
    for row in rows:
        screen.out.print("  ".join(f"{row[key]:{width}}" for key, width in widths.items()).rstrip())


def _row(variant: Variant) -> dict[str, str]:
    """Return what a job needs to know of a variant."""
    return {
        "variant": variant.name,
        "branch": variant.branch,
        "uvicorn": str(variant.version),
        "runtime": variant.runtime.name,
        "python": variant.runtime.python,
        "stack": variant.runtime.stack,
    }

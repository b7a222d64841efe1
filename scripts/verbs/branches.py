"""`branches`: generate the variants' git branches."""

from pathlib import Path

import click

from scripts import screen
from scripts.branches.generate import regenerate
from scripts.matrix import load
from scripts.verbs import options


@click.command("branches")
@options.variant
@options.as_json
@click.pass_obj
def command(root: Path, variant: str, as_json: bool) -> None:
    """Generate the git branch of each variant."""
    matrix = load(root)
    changes = regenerate(matrix, matrix.select(variant))
    if as_json:
        screen.print_json(
            [
                {
                    "variant": change.variant.name,
                    "branch": change.variant.branch,
                    "action": change.action,
                    "commit": change.commit,
                    "tree": change.tree,
                    "size": change.size,
                }
                for change in changes
            ]
        )
        return
    width = max(len(change.variant.branch) for change in changes)
    for change in changes:
        size = f" ({change.size})" if change.size else ""
        screen.out.print(f"{change.variant.branch:{width}}  {change.commit}  {change.action}{size}")

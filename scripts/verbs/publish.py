"""`publish`: push the variants' branches to origin."""

from pathlib import Path

import click

from scripts import screen
from scripts.branches.publish import Publication, publish
from scripts.matrix import load
from scripts.verbs import options


@click.command("publish")
@click.option("--dry-run", envvar="DRY_RUN", is_flag=True, help="Push nothing; show what would be pushed.")
@options.as_json
@click.pass_obj
def command(root: Path, dry_run: bool, as_json: bool) -> None:
    """Push the branches of all variants to origin, all or none.

    It starts from a clean tree at the commit of origin's main, builds on what origin has, and forces nothing.
    """
    published = publish(load(root), dry_run=dry_run)
    if as_json:
        screen.print_json([_row(each, dry_run=dry_run) for each in published])
        return
    width = max(len(each.variant.branch) for each in published)
    for each in published:
        screen.out.print(f"{each.variant.branch:{width}}  {_line(each, dry_run=dry_run)}")
    if all(each.state == "unchanged" for each in published):
        screen.out.print("nothing to push: origin has all branches as they should be")
    elif dry_run:
        screen.err.print("nothing was pushed, and no local branch moved: this was a dry run")


def _line(published: Publication, *, dry_run: bool) -> str:
    """Return what became of a branch."""
    if published.state == "unchanged":
        return f"unchanged {published.new[:10]}"
    done = "would be pushed" if dry_run else "pushed"
    return f"{done} {published.old[:10]}..{published.new[:10]}" if published.old else f"{done} new {published.new[:10]}"


def _row(published: Publication, *, dry_run: bool) -> dict[str, object]:
    """Return what programs are told of a branch."""
    return {
        "variant": published.variant.name,
        "branch": published.variant.branch,
        "state": published.state,
        "old": published.old,
        "new": published.new,
        "pushed": published.state != "unchanged" and not dry_run,
    }

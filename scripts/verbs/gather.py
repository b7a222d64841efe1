"""`gather`: take in the verdicts that were measured elsewhere."""

from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.errors import WrongUse
from scripts.matrix import load
from scripts.verbs import options
from scripts.verdicts.gather import Row, compared, gathered, refuse_difference, render
from scripts.verdicts.verdict_file import VERDICT_FILE, write_verdict


@click.command("gather")
@click.option(
    "--from",
    "folder",
    envvar="FROM",
    type=click.Path(path_type=Path),
    help="The folder below which the verdicts are: …/NAME/verdict.json.",
)
@click.option(
    "--summary",
    envvar="SUMMARY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append the table to this file.",
)
@options.check("Compare with what is committed and write nothing; exit code 1 unless all is the same.")
@options.as_json
@click.pass_obj
def command(root: Path, *, folder: Path | None, summary: Path | None, check: bool, as_json: bool) -> None:
    """Take in verdicts that were measured elsewhere, and show them as a table in Markdown."""
    if not folder or not folder.is_dir():
        raise WrongUse(f"FROM={folder or ''} is no folder", do="Name the one that the verdicts are in: FROM=folder")
    matrix = load(root)
    measured = gathered(matrix, folder)
    rows = [compared(variant, measured.get(variant)) for variant in matrix.variants]
    table = render(rows)
    if as_json:
        screen.print_json([_facts(row) for row in rows])
    else:
        screen.out.print(table, end="")
    if summary:
        with summary.open("a", encoding="utf-8") as file:
            file.write(f"{table}\n")
    for row in rows:
        for line in row.different:
            screen.err.print(f"{row.variant.name}: {line}")
    if check:
        refuse_difference(rows)
        return
    for variant, verdict in measured.items():
        if write_verdict(variant, verdict):
            screen.err.print(f"variants/{variant.name}/{VERDICT_FILE} written")


def _facts(row: Row) -> dict[str, object]:
    """Return what programs are told of a variant."""
    return {
        "variant": row.variant.name,
        "measured": row.measured and msgspec.to_builtins(row.measured),
        "different": row.different,
    }

"""`gather`: take in the verdicts, and the rows of the history, that were measured elsewhere."""

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.history.gathered_rows import Rows, compared_rows, gathered_rows, take_in
from scripts.history.rows import HISTORY_FILE
from scripts.matrix import load
from scripts.probe.cases import Case, load_cases
from scripts.verbs import options
from scripts.verdicts.gather import Row, compared, gathered, refuse_difference, render
from scripts.verdicts.verdict_file import VERDICT_FILE, write_verdict


@click.command("gather")
@click.option(
    "--from",
    "folder",
    envvar="FROM",
    type=click.Path(path_type=Path),
    help="The folder that holds them: …/NAME/verdict.json, …/history/RELEASE.json.",
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
    """Take in verdicts and rows of the history that were measured elsewhere, and show the verdicts as a table."""
    if not folder or not folder.is_dir():
        raise WrongUse(f"FROM={folder or ''} is no folder", do="Name the one that the verdicts are in: FROM=folder")
    cases = list(load_cases(root).values())
    history = gathered_rows(folder, cases)
    if history:
        _gather_history(root, history, cases, summary, check=check)
        if not any(folder.rglob(VERDICT_FILE)):
            return
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


def _gather_history(root: Path, rows: Rows, cases: Sequence[Case], summary: Path | None, *, check: bool) -> None:
    """Take in the rows of the history, or compare them with what is committed."""
    different = compared_rows(root, rows, cases)
    text = f"history: {len(rows)} releases, {f'{len(different)} rows differ' if different else 'as committed'}"
    screen.err.print(text)
    if summary:
        with summary.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n\n")
    for line in different:
        screen.err.print(line)
    if different and check:
        found = f"{len(different)} rows"
        raise Failure("the history differs from what is committed", found=found, do="make history FORCE=1")
    if not check and take_in(root, rows, cases):
        screen.err.print(f"{HISTORY_FILE} written")


def _facts(row: Row) -> dict[str, object]:
    """Return what programs are told of a variant."""
    return {
        "variant": row.variant.name,
        "measured": row.measured and msgspec.to_builtins(row.measured),
        "different": row.different,
    }

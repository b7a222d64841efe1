"""`others`: measure servers other than plain uvicorn, as the probe measures any."""

from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.errors import Failure
from scripts.others.measure_others import check_others, measure_others, plan_others
from scripts.others.others_file import OTHERS_FILE, OtherRow
from scripts.others.others_in_short import other_in_short
from scripts.verbs import options


@click.command("others")
@options.check("Measure all again and compare with what is committed; exit code 1 on a difference.")
@click.option("--force", envvar="FORCE", is_flag=True, help="Measure all again.")
@options.as_json
@click.pass_obj
def command(root: Path, *, check: bool, force: bool, as_json: bool) -> None:
    """Measure the servers of common/servers/ whose result is missing or out of date."""
    plan = plan_others(root, anew=check or force)
    rows: list[OtherRow] = []

    def say(row: OtherRow) -> None:
        rows.append(row)
        if not as_json:
            screen.out.print(other_in_short(row))

    different: list[str] = []
    if check:
        different = check_others(plan, screen.progress, say)
        action = f"{len(rows)} servers measured again: {'not ' if different else ''}as committed"
    elif measure_others(plan, screen.progress, say):
        action = f"{OTHERS_FILE} written"
    else:
        nothing = f"nothing to do: {OTHERS_FILE} has all {len(plan.servers)} servers"
        action = f"{OTHERS_FILE} unchanged" if plan.todo else nothing
    if as_json:
        shown = rows or plan.before.servers
        screen.print_json({"action": action, "servers": msgspec.to_builtins(shown), "different": different})
    else:
        screen.out.print(action)
        for line in different:
            screen.err.print(line)
    if different:
        found = f"{len(different)} differences"
        raise Failure("servers differ from what is committed", found=found, do="make others FORCE=1")

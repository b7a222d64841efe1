"""`doctor`: tell what will rot."""

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.errors import Failure
from scripts.matrix import Matrix, load
from scripts.releases import doctor
from scripts.releases.index_files import NoIndex
from scripts.releases.support import Finding, Level, Support
from scripts.verbs import options

STYLES = {Level.OK: "dim", Level.NOTE: "", Level.SOON: "yellow", Level.UNKNOWN: "yellow", Level.GONE: "red"}


@click.command("doctor")
@click.option("--offline", envvar="OFFLINE", is_flag=True, help="Leave out what the package index is asked for.")
@options.as_json
@click.pass_obj
def command(root: Path, *, offline: bool, as_json: bool) -> None:
    """Tell what will rot, and what to do: exit code 1 when something needs doing now."""
    matrix = load(root)
    support = doctor.read_support(root)
    findings = list(doctor.check_runtimes(matrix, support, datetime.now(UTC).date()))
    findings += _pins_left_out() if offline else _pins(matrix, support)
    findings.sort(key=lambda finding: list(Level).index(finding.level))
    if as_json:
        screen.print_json([msgspec.to_builtins(finding) for finding in findings])
    else:
        for finding in findings:
            screen.out.print(_line(finding), style=STYLES[finding.level])
    pressing = sum(finding.level.pressing for finding in findings)
    if pressing:
        raise Failure("something needs doing now", found=f"{pressing} of {len(findings)} findings, see above")


def _pins(matrix: Matrix, support: Support) -> list[Finding]:
    """Return what the package index says of the pins, or that it says nothing."""
    try:
        return doctor.check_pins(matrix, support)
    except NoIndex as error:
        text = f"were not asked for: {error.message}"
        return [Finding(Level.UNKNOWN, "pins", text, "Or leave this out: make doctor OFFLINE=1")]


def _pins_left_out() -> list[Finding]:
    """Return that the pins were not to be asked for."""
    return [Finding(Level.NOTE, "pins", "were not asked for (OFFLINE=1)")]


def _line(finding: Finding) -> str:
    """Return a finding as one line."""
    source = f" [{finding.source}]" if finding.source else ""
    do = f". {finding.do}" if finding.do else ""
    return f"{finding.level:7} {finding.subject}: {finding.text}{source}{do}"

"""`doctor`: report what will go out of support."""

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.errors import Failure
from scripts.matrix import load
from scripts.releases import doctor
from scripts.releases.support import Finding, Level
from scripts.verbs import options

STYLES = {Level.OK: "dim", Level.NOTE: "", Level.SOON: "yellow", Level.UNKNOWN: "yellow", Level.GONE: "red"}


@click.command("doctor")
@click.option("--offline", envvar="OFFLINE", is_flag=True, help="Do not ask the package index.")
@options.as_json
@click.pass_obj
def command(root: Path, *, offline: bool, as_json: bool) -> None:
    """Report what will go out of support, and what to do: exit code 1 when something needs doing now."""
    matrix = load(root)
    support = doctor.read_support(root)
    findings = list(doctor.check_runtimes(matrix, support, datetime.now(UTC).date()))
    left_out = [Finding(Level.NOTE, "pins", "were not asked for (OFFLINE=1)")]
    findings += left_out if offline else doctor.check_pins(matrix, support)
    findings.sort(key=lambda finding: list(Level).index(finding.level))
    if as_json:
        screen.print_json([msgspec.to_builtins(finding) for finding in findings])
    else:
        for finding in findings:
            screen.out.print(_line(finding), style=STYLES[finding.level])
    pressing = sum(finding.level.pressing for finding in findings)
    if pressing:
        raise Failure("something needs doing now", found=f"{pressing} of {len(findings)} findings, see above")


def _line(finding: Finding) -> str:
    """Return a finding as one line, with a tool's lines below it."""
    source = f" [{finding.source}]" if finding.source else ""
    do = f". {finding.do}" if finding.do else ""
    said = "".join(f"\n        {line}" for line in finding.lines)
    return f"{finding.level:7} {finding.subject}: {finding.text}{source}{do}{said}"

"""`affected`: tell whether a release of uvicorn has the bug, since when, until when, and what helps."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from scripts import screen
from scripts.errors import WrongUse
from scripts.history.affected import ReleaseFinding, find
from scripts.history.affected_words import facts, sentence
from scripts.history.asked import read_asked
from scripts.history.installed import Question, chosen, look
from scripts.history.rows import HISTORY_FILE, History, read_history
from scripts.verbs import options
from scripts.verbs.exit_codes import told_by_exit_code


@click.command("affected")
@click.option(
    "--version", "wanted", envvar="VERSION", default="", metavar="X.Y.Z", help="The release, or a distribution's of it."
)
@click.option(
    "--parser", envvar="PARSER", default="", metavar="NAME", help="What it reads HTTP with: httptools, h11, …"
)
@click.option(
    "--python", envvar="PYTHON", default="", metavar="PATH", help="Without --version: the Python whose uvicorn it is."
)
@options.as_json
@click.pass_context
def command(context: click.Context, *, wanted: str, parser: str, python: str, as_json: bool) -> None:
    """Tell whether a release is affected: exit code 0 = intact, 1 = affected, 2 = unknown or wrong use."""
    with told_by_exit_code("affected"):
        history = read_history(context.obj)
        if history is None:
            raise WrongUse(f"there is no {HISTORY_FILE}", do="Measure it: make history")
        question = None if wanted else chosen(python)
        finding = _installed(history, question, parser) if question else find(history, read_asked(wanted), parser)
        told = facts(finding) | ({"python": question.python} if question else {})
        if as_json:
            screen.print_json(told)
        else:
            screen.out.print(f"{sentence(finding)}.")
        sys.stdout.flush()
    context.exit(finding.standing.code)


def _installed(history: History, question: Question, parser: str) -> ReleaseFinding:
    """Return the finding on the uvicorn that a Python has, and on what it would read HTTP with."""
    found = look(question)
    finding = find(history, found.asked, parser or found.parser)
    notes = [f"that is what {Path(question.python)} has ({question.why})"]
    if parser and parser not in found.versions:
        notes.append(f"{parser} is not installed there")
    here = found.versions.get(finding.parser, "")
    then = finding.row.versions.get(finding.parser, "") if finding.row else ""
    if here and then and here != then:
        notes.append(f"it has {finding.parser} {here}, and was measured with {then}")
    return replace(finding, notes=(*notes, *finding.notes))

"""`affected`: tell whether a release of uvicorn has the bug, since when, until when, and what helps."""

import sys

import click

from scripts import screen
from scripts.errors import WrongUse
from scripts.history.affected import find
from scripts.history.affected_words import facts, sentence
from scripts.history.asked import read_asked
from scripts.history.installed import chosen, find_installed
from scripts.history.rows import HISTORY_FILE, read_history
from scripts.verbs import options
from scripts.verbs.exit_codes import told_by_exit_code


@click.command("affected")
@click.option(
    "--version", "wanted", envvar="VERSION", default="", metavar="X.Y.Z", help="The release, or a distribution's of it."
)
@click.option("--parser", envvar="PARSER", default="", metavar="NAME", help="The HTTP parser: httptools, h11, …")
@click.option(
    "--python",
    envvar="PYTHON",
    default="",
    metavar="PATH",
    help="Without --version: the Python whose uvicorn to look up.",
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
        finding = find_installed(history, question, parser) if question else find(history, read_asked(wanted), parser)
        told = facts(finding) | ({"python": question.python} if question else {})
        if as_json:
            screen.print_json(told)
        else:
            screen.out.print(f"{sentence(finding)}.")
        sys.stdout.flush()
    context.exit(finding.standing.code)

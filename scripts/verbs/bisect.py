"""`bisect`: find the commit of uvicorn's that changed what a case comes to."""

import datetime as dt
from pathlib import Path

import click

from scripts import screen
from scripts.errors import WrongUse, nearest
from scripts.files import write_whole
from scripts.history.bisect import CommitSearch, search
from scripts.history.clones import OFFICIAL, opened
from scripts.history.commit_report import SearchFacts, as_history, report, told
from scripts.history.measure_commit import CommitInstrument
from scripts.history.rows import HISTORY_FILE, encode, read_history, with_commit
from scripts.matrix import PARSERS
from scripts.probe.cases import Case, load_cases
from scripts.verbs import options


@click.command("bisect")
@click.option("--case", "name", envvar="CASE", default="", metavar="NAME", help="The case: form, pipelined, …")
@click.option("--from", "start", envvar="FROM", default="", metavar="0.17.4", help="A tag or commit with one outcome.")
@click.option("--to", "end", envvar="TO", default="", metavar="0.17.5", help="A later one with another outcome.")
@click.option("--parser", envvar="PARSER", default=PARSERS[0], show_default=True, metavar="NAME", help="The parser.")
@click.option("--repo", envvar="REPO", default=OFFICIAL, metavar="URL", help="uvicorn's repository: URL or folder.")
@click.option("--keep", envvar="KEEP", is_flag=True, help=f"Write the commit into {HISTORY_FILE}.")
@options.as_json
@click.pass_obj
def command(root: Path, *, name: str, start: str, end: str, parser: str, repo: str, keep: bool, as_json: bool) -> None:
    """Find the first commit with another outcome, and print a report of it."""
    case = _case(root, name)
    if not (start and end):
        raise WrongUse("two commits must be named", do="Name them: FROM=0.17.4 TO=0.17.5")
    if parser not in PARSERS:
        raise WrongUse(f"unknown parser {parser!r}", do=nearest(parser, list(PARSERS)))
    if case.parsers and parser not in case.parsers:
        raise WrongUse(f"the case {name} is not for {parser}", do=f"It is for {', '.join(case.parsers)}: PARSER=…")
    with opened(root, repo, (start, end)) as clone:
        ends = clone.find(start), clone.find(end)
        instrument = CommitInstrument(clone, case, parser)
        instrument.verify()
        found = search(clone, *ends, instrument, (start, end))
    facts = SearchFacts(name, len(case.data), parser, start, end, repo, dt.datetime.now(dt.UTC).date())
    if keep:
        _keep(root, found, facts)
    if as_json:
        screen.print_json(told(found, facts))
    else:
        screen.out.print(report(found, facts), end="")


def _case(root: Path, name: str) -> Case:
    """Return the case that is asked for; WrongUse names the nearest."""
    cases = load_cases(root)
    if not name:
        raise WrongUse("no case named", do="Name one: CASE=form")
    if name not in cases:
        raise WrongUse(f"unknown case {name!r}", do=nearest(name, list(cases)))
    return cases[name]


def _keep(root: Path, found: CommitSearch, facts: SearchFacts) -> None:
    """Write the commit into the history file, where it is known."""
    history, commit = read_history(root), as_history(found, facts)
    if history is None:
        raise WrongUse(f"there is no {HISTORY_FILE}", do="Measure it: make history")
    if commit:
        write_whole(root / HISTORY_FILE, encode(with_commit(history, commit)))

"""`probe`: measure a server of the user's own."""

import math
import sys
from pathlib import Path

import click

from scripts import screen
from scripts.errors import WrongUse
from scripts.probe.cases import load_cases, select
from scripts.probe.comparison import Compare
from scripts.probe.conclusion import Conclusion, in_sentences, worst
from scripts.probe.examine import examine
from scripts.probe.measure import How
from scripts.probe.measurement import Measurement
from scripts.probe.pace import Times
from scripts.probe.proof import ProofName
from scripts.probe.target import Target, parse_url, plans, requested
from scripts.probe.who import Who
from scripts.report.terminal_chart import LETTERS, STYLES, legend, reading, rows, ruler
from scripts.verbs import options
from scripts.verbs.exit_codes import told_by_exit_code

QUIET_SECONDS = 1.0
"""How long one event loop may be silent to what it has read, while it answers what came later."""


class Field(click.types.StringParamType):
    """A field of a request. HEADER= holds one to a line: its value has spaces."""

    name = "field"
    envvar_list_splitter = "\n"


@click.command("probe")
@click.option("--url", envvar="URL", default="", metavar="URL", help="What to ask for: http://127.0.0.1:8000/any?path")
@options.case
@click.option("--method", envvar="METHOD", default="", metavar="POST", help="A request of your own: its method.")
@click.option("--body", envvar="BODY", default="", metavar="TEXT", help="Its body.")
@click.option("--header", envvar="HEADER", type=Field(), multiple=True, metavar="'NAME: VALUE'", help="A field of it.")
@click.option("--offsets", envvar="OFFSETS", default="", metavar="N,N", help="Split one request at these offsets.")
@click.option(
    "--segment", envvar="SEGMENT", type=int, metavar="BYTES", help="Split one request in segments of this size."
)
@click.option("--gap", envvar="GAP", type=float, metavar="SECONDS", help="Wait this long between segments: no proof.")
@click.option(
    "--proof",
    envvar="PROOF",
    type=click.Choice([name.value for name in ProofName]),
    help="What keeps segments apart; by default the best that holds here.",
)
@click.option(
    "--compare",
    envvar="COMPARE",
    type=click.Choice([name.value for name in Compare]),
    default=Compare.ALL.value,
    show_default=True,
    help="What of an answer must match the whole request's.",
)
@click.option("--expect", envvar="EXPECT", type=int, multiple=True, metavar="404", help="An error status to accept.")
@click.option("--unproven", envvar="UNPROVEN", is_flag=True, help="Accept an unproven intact.")
@click.option(
    "--host", envvar="HOST_HEADER", default="", metavar="NAME", help="The Host field, where it is not the URL's own."
)
@click.option(
    "--timeout", envvar="TIMEOUT", type=float, default=Times.answer, help="Seconds until a request counts as hung."
)
@options.as_json
@click.pass_obj
@click.pass_context
def command(
    context: click.Context,
    root: Path,
    *,
    url: str,
    case: str,
    method: str,
    body: str,
    header: tuple[str, ...],
    offsets: str,
    segment: int | None,
    gap: float | None,
    proof: str | None,
    compare: str,
    expect: tuple[int, ...],
    unproven: bool,
    host: str,
    timeout: float,
    as_json: bool,
) -> None:
    """Probe a server: exit code 0 = intact, 1 = affected, 2 = could not tell."""
    with told_by_exit_code("probe"):
        target = parse_url(url)
        if not 0 < timeout < math.inf:
            raise WrongUse(f"TIMEOUT={timeout} is no time limit", do="Give seconds: TIMEOUT=5")
        own = method or body or header
        if case and own:
            raise WrongUse("CASE excludes METHOD, BODY and HEADER", do="Leave them out: a case has its own request")
        if case:
            cases = [each.at(host or target.authority, target.given) for each in select(load_cases(root), case)]
        else:
            cases = [requested(target, host=host, method=method, headers=header, body=body)]
        how = How(Times(answer=timeout, quiet=QUIET_SECONDS), gap=gap, proof=proof or "", compare=Compare(compare))
        found = []
        for each in cases:
            splits = plans(each, offsets, segment)
            with screen.progress(f"{target.url} {each.name}".strip(), len(splits)) as advance:
                found.append(
                    examine(target.endpoint, each, splits, how, expected=expect, unproven=unproven, progress=advance)
                )
            if not as_json:
                _show(target, found[-1].measurement, found[-1].conclusion)
        if as_json:
            facts = [_facts(target, each.measurement, each.who, each.conclusion) for each in found]
            screen.print_json(facts[0] if len(facts) == 1 else facts)
        sys.stdout.flush()
    context.exit(worst(each.conclusion.word for each in found).code)


def _facts(target: Target, measurement: Measurement, who: Who, conclusion: Conclusion) -> dict[str, object]:
    """Return what was measured, for programs."""
    return {
        "url": target.url,
        "conclusion": conclusion.word,
        "doubts": [{"text": doubt.text, "do": doubt.do} for doubt in conclusion.doubts],
        "case": measurement.case.name,
        "status": measurement.baseline.first.status,
        "bytes": len(measurement.case.data),
        "outcomes": measurement.counts,
        "offsets": measurement.offsets,
        "joined": measurement.joined.outcome if measurement.joined else None,
        "flaky": measurement.flaky,
        "whole_requests": {"sent": measurement.wholes.sent, "failed": measurement.wholes.failed},
        "not_compared": measurement.baseline.moving,
        "served_instead": {url.decode("latin-1"): count for url, count in measurement.served.items()},
        "tells_urls_apart": measurement.tells_urls_apart,
        "processes": [{"pid": process.pid, "name": process.name} for process in who.processes],
        "proof": measurement.proof,
    }


def _requests(measurement: Measurement) -> str:
    """Return how many requests were sent, and how they were split."""
    first = measurement.trials[0].offsets
    if len(measurement.trials) > 1:
        return f"{len(measurement.trials):,} requests, each split at another offset"
    return f"1 request in {len(first) + 1} segments"


def _show(target: Target, measurement: Measurement, conclusion: Conclusion) -> None:
    """Print the chart and what it means."""
    shown = target.url if len(target.url) <= 80 else f"{target.url[:79]}…"
    named = f"{measurement.case.name}, " if measurement.case.name else ""
    screen.out.print(f"{shown}: {named}{len(measurement.case.data):,} bytes, {_requests(measurement)}")
    width = max(20, min(screen.out.width, 120) - 8)
    for first, outcomes in rows(measurement, width):
        if shown := ruler(measurement, first, len(outcomes), width):
            screen.out.print(f"        {shown}", style="dim")
        screen.out.print([(f"{first:6}  ", ""), *((LETTERS[outcome], STYLES[outcome]) for outcome in outcomes)])
    if told := reading(measurement, width):
        screen.out.print(f"  {told}", style="dim")
    for outcome, text in legend(measurement):
        screen.out.print(text, style=STYLES[outcome])
    if measurement.joined:
        screen.out.print(f"  in one segment: {measurement.joined.outcome}", style=STYLES[measurement.joined.outcome])
    for served, count in list(measurement.served.items())[:8]:
        times = "once" if count == 1 else f"{count} times"
        screen.out.print(f"  served instead, {times}: {served.decode('latin-1')}")
    if measurement.flaky:
        offsets = ", ".join(
            f"{first}–{last}" if first != last else f"{first}" for first, last in measurement.flaky[:12]
        )
        screen.out.print(f"  came and went, and does not count: split at {offsets}")
    if measurement.baseline.moving:
        screen.out.print(f"  moves by itself, and was not compared: {', '.join(measurement.baseline.moving)}")
    for doubt in conclusion.doubts:
        screen.out.print(f"note: {in_sentences(doubt)}")
    word = "intact: every split request got the whole one's answer" if conclusion.word == "intact" else conclusion.word
    screen.out.print(f"{word} [{measurement.proof}: {measurement.proof.words}]")

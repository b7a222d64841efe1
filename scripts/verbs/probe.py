"""`probe`: measure a server of the user's own."""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.probe.comparison import Compare
from scripts.probe.conclusion import Conclusion
from scripts.probe.examine import examine
from scripts.probe.exchange import Times
from scripts.probe.measure import Measurement
from scripts.probe.proof import ProofName
from scripts.probe.target import Target, parse_url, plans
from scripts.probe.who import Who
from scripts.report.chart import LETTERS, STYLES, legend, rows, ruler
from scripts.verbs import options
from scripts.wire.splitting import request_head


@click.command("probe")
@click.option("--url", envvar="URL", default="", metavar="URL", help="What to ask for: http://127.0.0.1:8000/any?path")
@click.option("--offsets", envvar="OFFSETS", default="", metavar="N,N", help="Split one request at these offsets.")
@click.option(
    "--segment", envvar="SEGMENT", type=int, metavar="BYTES", help="Split one request in segments of this size."
)
@click.option("--gap", envvar="GAP", type=float, metavar="SECONDS", help="Wait this long between segments: no proof.")
@click.option(
    "--proof",
    envvar="PROOF",
    type=click.Choice([name.value for name in ProofName]),
    help="What keeps segments apart; unless said, the best that holds here.",
)
@click.option(
    "--compare",
    envvar="COMPARE",
    type=click.Choice([name.value for name in Compare]),
    default=Compare.ALL.value,
    show_default=True,
    help="What an answer is held against the whole request's by.",
)
@click.option(
    "--expect", envvar="EXPECT", type=int, multiple=True, metavar="404", help="An error status that is meant."
)
@click.option("--unproven", envvar="UNPROVEN", is_flag=True, help="Take an intact that nothing proves.")
@click.option(
    "--host", envvar="HOST_HEADER", default="", metavar="NAME", help="The Host field, where it is not the URL's own."
)
@click.option(
    "--timeout", envvar="TIMEOUT", type=float, default=Times.answer, help="Seconds after which a request hung."
)
@options.as_json
@click.pass_context
def command(
    context: click.Context,
    *,
    url: str,
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
    with _told_by_exit_code():
        target = parse_url(url)
        if not 0 < timeout < math.inf:
            raise WrongUse(f"TIMEOUT={timeout} is no time limit", do="Give seconds: TIMEOUT=5")
        try:
            head = request_head(target.path, host or target.authority)
            splits = plans(head, offsets, segment)
        except ValueError as error:
            raise WrongUse("this request cannot be made", found=str(error)) from None
        with screen.progress(target.url, len(splits)) as advance:
            found = examine(
                target.endpoint,
                head,
                splits,
                times=Times(answer=timeout),
                gap=gap,
                proof=proof or "",
                compare=Compare(compare),
                expected=expect,
                unproven=unproven,
                progress=advance,
            )
        if as_json:
            screen.print_json(_facts(target, found.measurement, found.who, found.conclusion))
        else:
            _show(target, found.measurement, found.conclusion)
        sys.stdout.flush()
    context.exit(found.conclusion.word.code)


@contextmanager
def _told_by_exit_code() -> Iterator[None]:
    """Let nothing but a measurement end the process with 0 or 1: whoever reads the code alone must not be misled."""
    try:
        yield
    except Failure as failure:
        failure.exit_code = 2
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        raise Failure("this is a bug of the probe", found=found, do="Show more: DEBUG=1", exit_code=2) from error


def _facts(target: Target, measurement: Measurement, who: Who, conclusion: Conclusion) -> dict[str, object]:
    """Return what was measured, for programs."""
    return {
        "url": target.url,
        "conclusion": conclusion.word,
        "doubts": [{"text": doubt.text, "do": doubt.do} for doubt in conclusion.doubts],
        "status": measurement.standard.first.status,
        "head_bytes": len(measurement.head),
        "outcomes": measurement.counts,
        "offsets": measurement.offsets,
        "flaky": measurement.flaky,
        "whole_requests": {"sent": measurement.wholes.sent, "failed": measurement.wholes.failed},
        "not_compared": measurement.standard.moving,
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
    screen.out.print(f"{shown}: a head of {len(measurement.head):,} bytes, {_requests(measurement)}")
    width = max(20, min(screen.out.width, 120) - 8)
    for first, outcomes in rows(measurement, width):
        screen.out.print(f"        {ruler(measurement, first, len(outcomes), width)}", style="dim")
        screen.out.print([(f"{first:6}  ", ""), *((LETTERS[outcome], STYLES[outcome]) for outcome in outcomes)])
    for outcome, text in legend(measurement):
        screen.out.print(text, style=STYLES[outcome])
    for served, count in list(measurement.served.items())[:8]:
        screen.out.print(f"  served instead, {count} times: {served.decode('latin-1')}")
    if measurement.flaky:
        offsets = ", ".join(
            f"{first}–{last}" if first != last else f"{first}" for first, last in measurement.flaky[:12]
        )
        screen.out.print(f"  came and went, and does not count: split at {offsets}")
    if measurement.standard.moving:
        screen.out.print(f"  moves by itself, and was not compared: {', '.join(measurement.standard.moving)}")
    for doubt in conclusion.doubts:
        screen.out.print(f"note: {doubt.text}. {doubt.do}".rstrip(". ") + ".")
    word = "intact: every split request got the whole one's answer" if conclusion.word == "intact" else conclusion.word
    screen.out.print(f"{word} [{measurement.proof}: {measurement.proof.words}]")

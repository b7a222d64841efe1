"""`probe`: measure a server of the user's own."""

import click

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.probe.exchange import Times
from scripts.probe.measure import Measurement, measure
from scripts.probe.proof import ProofName, choose
from scripts.probe.target import parse_url, plans
from scripts.report.chart import LETTERS, STYLES, legend, rows
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
    host: str,
    timeout: float,
    as_json: bool,
) -> None:
    """Probe a server: exit code 0 = intact, 1 = affected, 2 = could not tell."""
    address, authority, target = parse_url(url)
    try:
        head = request_head(target, host or authority)
        splits = plans(head, offsets, segment)
        times = Times(answer=timeout)
        with (
            screen.progress(url, len(splits)) as advance,
            choose(address, head, times, gap=gap, wanted=proof or "") as way,
        ):
            measurement = measure(address, head, splits, way, times=times, progress=advance)
    except ValueError as error:
        raise WrongUse("this request cannot be made", found=str(error)) from None
    except Failure as failure:
        failure.exit_code = 2
        raise
    if as_json:
        screen.print_json(_facts(url, measurement))
    else:
        _show(url, measurement)
    context.exit(0 if measurement.intact else 1)


def _facts(url: str, measurement: Measurement) -> dict[str, object]:
    """Return what was measured, for programs."""
    return {
        "url": url,
        "affected": not measurement.intact,
        "status": measurement.baseline.answer.status,
        "head_bytes": len(measurement.head),
        "outcomes": measurement.counts,
        "offsets": measurement.offsets,
        "ends": measurement.ends,
        "served_instead": {url.decode("latin-1"): count for url, count in measurement.served.items()},
        "tells_urls_apart": measurement.tells_urls_apart,
        "proof": measurement.proof,
    }


def _requests(measurement: Measurement) -> str:
    """Return how many requests were sent, and how they were split."""
    first = measurement.trials[0].offsets
    if len(measurement.trials) > 1:
        return f"{len(measurement.trials):,} requests, each split at another offset"
    return f"1 request in {len(first) + 1} segments"


def _show(url: str, measurement: Measurement) -> None:
    """Print the chart and what it means."""
    shown = url if len(url) <= 80 else f"{url[:79]}…"
    screen.out.print(f"{shown}: a head of {len(measurement.head):,} bytes, {_requests(measurement)}")
    for first, outcomes in rows(measurement, max(20, min(screen.out.width, 120) - 8)):
        screen.out.print([(f"{first:6}  ", ""), *((LETTERS[outcome], STYLES[outcome]) for outcome in outcomes)])
    for outcome, text in legend(measurement):
        screen.out.print(text, style=STYLES[outcome])
    for served, count in list(measurement.served.items())[:8]:
        screen.out.print(f"  served instead, {count} times: {served.decode('latin-1')}")
    status = measurement.baseline.answer.status
    if status >= 400:
        screen.out.print(f"note: the whole request itself got {status}: is this the URL that you mean?")
    if not measurement.tells_urls_apart:
        screen.out.print("note: the server gives other URLs the same answer, so misrouting would look intact")
    if measurement.proof is ProofName.GAP:
        screen.out.print("note: a gap is no proof: segments may have arrived together")
    verdict = "intact: every split request got the whole one's answer" if measurement.intact else "affected"
    screen.out.print(f"{verdict} [{measurement.proof}]")

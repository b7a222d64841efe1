"""One examination of a server, from the look at who answers to the conclusion: what `probe` does when it is called."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from scripts.probe.comparison import Compare
from scripts.probe.conclusion import Conclusion, conclude
from scripts.probe.endpoint import Endpoint
from scripts.probe.exchange import Exchanges, Times
from scripts.probe.measure import Measurement, probe
from scripts.probe.who import Who, who_answers

MOST = 128
"""How many connections are open at once, at most; fewer where the server's backlog is shorter."""


@dataclass(frozen=True)
class Examination:
    """What an examination found."""

    who: Who
    measurement: Measurement
    conclusion: Conclusion


def examine(
    endpoint: Endpoint,
    head: bytes,
    plans: Sequence[tuple[int, ...]],
    *,
    times: Times | None = None,
    gap: float | None = None,
    proof: str = "",
    compare: Compare = Compare.ALL,
    expected: Collection[int] = (),
    unproven: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Examination:
    """Examine the server at `endpoint` with `head`, split as each of the `plans` says.

    The other parameters are those of `measure.probe` and `conclude`. Failure, WrongUse: as these raise them.
    """
    exchanges = Exchanges(endpoint.resolved(), times)
    who = who_answers(exchanges, head)

    def measured() -> Measurement:
        return probe(
            exchanges.endpoint,
            head,
            plans,
            times=exchanges.times,
            gap=gap,
            proof=proof,
            processes=len(who.processes),
            compare=compare,
            most=min(MOST, who.backlog or MOST),
            progress=progress,
        )

    first = measured()
    # What cannot be seen from here may be a proxy that joins: then it joins otherwise a second time.
    again = None if who.processes else measured()
    return Examination(who, first, conclude(first, who, again=again, expected=expected, unproven=unproven))

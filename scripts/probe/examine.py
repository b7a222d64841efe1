"""One examination of a server, from the look at who answers to the conclusion: what `probe` does when it is called."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from scripts.probe.cases import Case
from scripts.probe.conclusion import Conclusion, conclude
from scripts.probe.endpoint import Endpoint
from scripts.probe.exchange import Exchanges
from scripts.probe.measure import How, probe
from scripts.probe.measurement import Measurement
from scripts.probe.who import Who, who_answers


@dataclass(frozen=True)
class Examination:
    """What an examination found."""

    who: Who
    measurement: Measurement
    conclusion: Conclusion


def look(endpoint: Endpoint, head: bytes) -> Who:
    """Look who answers the whole request `head` at `endpoint`, for the examinations of several cases."""
    return who_answers(Exchanges(endpoint.resolved(), How().times), head)


def examine(
    endpoint: Endpoint,
    case: Case,
    plans: Sequence[tuple[int, ...]] = (),
    how: How | None = None,
    *,
    who: Who | None = None,
    expected: Collection[int] = (),
    unproven: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Examination:
    """Examine the server at `endpoint` with a case, split as each of the `plans` says.

    `who` is what an earlier look at the same server found, so that it is not looked again.
    The other parameters are those of `measure.probe` and `conclude`; how many processes serve is found out here.
    Failure, WrongUse: as these raise them.
    """
    how = how or How()
    exchanges = Exchanges(endpoint.resolved(), replace(how.times, quiet=0.0))
    who = who or who_answers(exchanges, case.head)
    how = replace(how, processes=len(who.processes), most=min(how.most, who.backlog or how.most))
    first = probe(exchanges.endpoint, case, plans, how, progress)
    # What cannot be seen from here may be a proxy that joins: then it joins otherwise a second time.
    again = None if who.processes else probe(exchanges.endpoint, case, plans, how, progress)
    return Examination(who, first, conclude(first, who, again=again, expected=expected, unproven=unproven))

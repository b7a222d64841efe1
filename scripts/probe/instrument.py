"""The instrument held against its controls: what is known of each case, by each handling, must be what is measured."""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from scripts.errors import Failure
from scripts.probe.answers import Outcome
from scripts.probe.cases import Case
from scripts.probe.controls import URL, Control, Handling, running
from scripts.probe.endpoint import Endpoint
from scripts.probe.measure import How, probe
from scripts.probe.measurement import Measurement
from scripts.probe.proof import ProofName

Void = dict[str, str]
"""The cases whose result is void, by their name, and why."""

SAMPLE = 300
"""At how many offsets, about, a long case is held against its controls; all but `form` have fewer."""


def known_outcome(handling: Handling, case: Case, offsets: Sequence[int]) -> Outcome:
    """Return what a control must answer to a case split at `offsets`.

    To the piecewise control the pieces of a URL, the empty one behind its last byte among them, are URLs: it closes on
    one that is none, and serves the last. To one that answers the first of two only, what comes in one read with the
    first one's end is lost.
    """
    ends = list(accumulate(len(request) for request in case.requests))
    if handling is Handling.FIRST_ONLY:
        return Outcome.INTACT if all(end in offsets for end in ends[:-1]) else Outcome.HUNG
    if handling is not Handling.PIECEWISE:
        return Outcome.INTACT
    misrouted = False
    for start, request in zip((0, *ends), case.requests, strict=False):
        url_start = start + request.index(b" ") + 1
        url_end = start + request.index(b" ", url_start - start)
        inside = [offset for offset in offsets if url_start < offset <= url_end]
        pieces = [case.data[first:last] for first, last in pairwise((url_start, *inside, url_end))]
        if not all(URL.match(piece) for piece in pieces):
            return Outcome.MISROUTED if misrouted else Outcome.DROPPED
        misrouted = misrouted or len(pieces) > 1
    return Outcome.MISROUTED if misrouted else Outcome.INTACT


def control_plans(case: Case) -> list[tuple[int, ...]]:
    """Return where a case is split before its controls: at each offset, or at an even share of very many."""
    plans = case.plans
    return sorted({*plans[:: -(-len(plans) // SAMPLE)], plans[-1]})


def count_control_trials(cases: Sequence[Case]) -> int:
    """Return how many splits `verify_instrument` makes of these cases."""
    return len(Handling) * sum(len(control_plans(case)) for case in cases)


def verify_instrument(
    cases: Sequence[Case], how: How | None = None, progress: Callable[[int], None] = lambda _: None
) -> Void:
    """Measure every control with every case (`control_plans`); return the cases that did not come out as known.

    What is known of each offset stands for trying it again. `progress` is called with the number of splits done.
    """
    void: Void = {}
    how = how or How(confirm=False)
    for case in cases:
        for handling in Handling:
            with running(handling) as control:
                try:
                    measured = probe(Endpoint(*control.address), case, control_plans(case), how, progress)
                    check(control, measured)
                except Failure as failure:
                    void.setdefault(case.name, failure.message)
    return void


def check(control: Control, measurement: Measurement) -> None:
    """Raise Failure where a control's measurement is not what is known of it."""
    case = measurement.case
    where = f"{control.handling} server, case {case.name}"
    for trial in measurement.all:
        known = known_outcome(control.handling, case, trial.offsets)
        if trial.outcome is not known:
            found = f"{where}, split at {trial.offsets}: {trial.outcome}, known: {known}"
            raise Failure("a control did not come out as known", found=found)
    warm = [len(case.head)] if measurement.proof is ProofName.BARRIER else []
    before = (*warm, *([len(case.before)] if case.before else []))
    seen = {tuple(reads) for reads in control.reads}
    for trial in measurement.all:
        apart = (*before, *(after - first for first, after in pairwise((0, *trial.offsets, len(case.data)))))
        # A control that closes on the first segment may do so before the second one has come.
        if apart not in seen and not (trial.outcome is Outcome.DROPPED and apart[:-1] in seen):
            raise Failure("segments did not arrive apart", found=f"{where}, split at {trial.offsets}")

"""A probe of a running dyno for people who watch: outcomes as they come, and what they come to at the end."""

import time
from collections.abc import Callable
from pathlib import Path

from scripts.errors import Failure
from scripts.probe.answers import Outcome
from scripts.probe.cases import Case, load_cases, select
from scripts.probe.endpoint import Endpoint
from scripts.probe.measure import How, probe
from scripts.probe.measurement import Measurement
from scripts.probe.offsets import ranges
from scripts.probe.pace import ONE_LOOP
from scripts.wire.receive_queue import Address

TELL_SECONDS = 0.1
"""How often it is told what has come."""

Tell = Callable[[dict[str, object]], None]


def probe_cases(root: Path, address: Address, parser: str, names: str, tell: Tell) -> None:
    """Probe a dyno with the cases in `names` (none: with all that are for its parser), one after the other.

    Failure where there is no such case. A case that cannot be measured is told, and ends the probe: a server that does
    not answer one case answers none.
    """
    cases = [case for case in select(load_cases(root), names) if not case.parsers or parser in case.parsers]
    tell({"cases": [{"name": case.name, "bytes": len(case.data)} for case in cases]})
    for case in cases:
        start = time.monotonic()
        seen = _Seen(case, tell)
        try:
            measurement = probe(Endpoint(*address), case, how=How(ONE_LOOP), seen=seen.add)
        except Failure as failure:
            tell({"case": case.name, "failed": failure.message})
            return
        drawn, whole = (round(moment - start, 2) for moment in (seen.last, time.monotonic()))
        tell({**_found(case, measurement), "drawn": drawn, "seconds": whole})


class _Seen:
    """Gathers outcomes, and tells them now and then."""

    def __init__(self, case: Case, tell: Tell) -> None:
        self._case = case.name
        self._left = len(case.plans)
        self._tell = tell
        self._outcomes: dict[Outcome, list[int]] = {}
        self._told = self.last = time.monotonic()

    def add(self, offsets: tuple[int, ...], outcome: Outcome) -> None:
        """Take the outcome of a split."""
        if offsets:
            self._outcomes.setdefault(outcome, []).append(offsets[0])
        self._left -= 1
        self.last = time.monotonic()
        if self.last - self._told >= TELL_SECONDS or not self._left:
            self._told = self.last
            self._tell({"case": self._case, "seen": {each: ranges(at) for each, at in self._outcomes.items()}})
            self._outcomes = {}


def _found(case: Case, measurement: Measurement) -> dict[str, object]:
    """Return what a case came to, once all that is not intact was tried again."""
    return {
        "case": case.name,
        "found": {outcome: runs for outcome, runs in measurement.offsets.items() if runs},
        "counts": {outcome: count for outcome, count in measurement.counts.items() if count},
        "flaky": measurement.flaky,
        "joined": measurement.joined.outcome if measurement.joined else None,
        "doubts": [doubt.text for doubt in measurement.doubts],
    }

"""What a measurement leaves as evidence, and where it leaves none."""

from dataclasses import replace

import pytest

from scripts.errors import Failure
from scripts.probe.answers import Answer, End, Outcome
from scripts.probe.baseline import Baseline
from scripts.probe.cases import of_request
from scripts.probe.evidence import CameAndWent, evidence, in_short
from scripts.probe.measurement import Measurement, Trial
from scripts.probe.offsets import every_offset
from scripts.probe.proof import ProofName

HEAD = b"GET /view HTTP/1.1\r\nHost: x\r\n\r\n"
WHOLE = Answer(End.COMPLETE, 200, ((b"x-asked-for", b"/view"),), b"ok")
ADMIN = Answer(End.COMPLETE, 200, ((b"x-asked-for", b"/admin"),), b"ok")


def measurement(outcomes: dict[int, Outcome] | None = None, *, tells: bool = True) -> Measurement:
    """Make a measurement in which the offsets that `outcomes` does not name were intact."""
    found = {offset: (outcomes or {}).get(offset, Outcome.INTACT) for offset in every_offset(HEAD)}
    trials = [
        Trial((offset,), outcome, (ADMIN if outcome is Outcome.MISROUTED else WHOLE,))
        for offset, outcome in found.items()
    ]
    baseline = Baseline.of([(WHOLE,)])
    return Measurement(of_request(HEAD, "form"), baseline, tuple(trials), ProofName.RECEIVE_QUEUE, tells)


def test_evidence_has_each_offset_and_what_was_served_instead() -> None:
    """The counts, the ranges, and the URLs."""
    found = evidence(measurement({5: Outcome.MISROUTED, 6: Outcome.DROPPED, 7: Outcome.DROPPED}))
    assert found.offsets[Outcome.DROPPED] == [(6, 7)]
    assert found.served == {"/admin": 1}
    assert found.gravest is Outcome.MISROUTED
    assert in_short(found) == f"1 misrouted, 2 dropped, {len(HEAD) - 4} intact"


def test_a_split_that_came_and_went_leaves_no_evidence() -> None:
    """What the probe could not settle is nothing that a verdict can stand on."""
    unsettled = measurement({5: Outcome.DROPPED, **dict.fromkeys(range(7, 14), Outcome.HUNG)})
    trials = tuple(
        replace(trial, flaky=True, tries=(trial.outcome, Outcome.INTACT))
        if trial.outcome is not Outcome.INTACT
        else trial
        for trial in unsettled.trials
    )
    with pytest.raises(CameAndWent) as raised:
        evidence(replace(unsettled, trials=trials))
    named = "; ".join(f"{offset} (hung, intact)" for offset in range(7, 11))
    assert raised.value.found == (
        f"form splits came out one way once and another way later: 5 (dropped, intact); {named}; 3 more"
    )


def test_a_server_that_answers_all_urls_alike_leaves_no_evidence() -> None:
    """Misrouting could not be seen there."""
    with pytest.raises(Failure, match="the case form gets the answer that any other URL gets"):
        evidence(measurement(tells=False))

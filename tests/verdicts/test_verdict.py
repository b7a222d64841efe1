"""Verdicts: made from measurements, compared by their evidence, written so that a diff reads well."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import Failure, WrongUse
from scripts.platforms.about import Server
from scripts.probe.answers import Answer, End, Outcome
from scripts.probe.comparison import Standard
from scripts.probe.measure import Measurement, Trial
from scripts.probe.proof import ProofName
from scripts.records import decode
from scripts.verdicts.verdict import (
    RouterEvidence,
    Verdict,
    differences,
    encode,
    evidence_in_short,
    judge,
    same_evidence,
)
from scripts.verdicts.verdict_file import MEASURE
from scripts.wire.splitting import every_offset, expand

HEAD = b"GET /view HTTP/1.1\r\nHost: x\r\n\r\n"
WHOLE = Answer(End.COMPLETE, 200, ((b"x-asked-for", b"/view"),), b"ok")
SERVER = Server("0.12.1", "httptools", "0.1.2", "3.8.18", "uvloop", "0.13.1")


def measurement(outcomes: dict[int, Outcome] | None = None, *, tells: bool = True) -> Measurement:
    """Make a measurement in which the offsets that `outcomes` does not name were intact."""
    trials = (
        Trial((offset,), (outcomes or {}).get(offset, Outcome.INTACT), Answer(End.CLOSED))
        for offset in every_offset(HEAD)
    )
    return Measurement(HEAD, Standard.of([WHOLE]), tuple(trials), ProofName.RECEIVE_QUEUE, tells)


def verdict(
    form: dict[int, Outcome] | None = None,
    misroute: dict[int, Outcome] | None = None,
    *,
    server: Server = SERVER,
    measured: str = "2026-11-22",
) -> Verdict:
    """Judge a release whose requests had these outcomes."""
    router = RouterEvidence(5, 5 if form else 0, 1460)
    return judge(measurement(form), measurement(misroute), router, server, tree="0" * 40, measured=measured)


def test_a_split_that_came_and_went_gives_no_verdict() -> None:
    """What the probe could not settle is nothing that a verdict can stand on."""
    unsettled = measurement({5: Outcome.DROPPED})
    trials = tuple(replace(trial, flaky=trial.outcome is Outcome.DROPPED) for trial in unsettled.trials)
    router = RouterEvidence(5, 5, 1460)
    with pytest.raises(
        Failure, match=r"no verdict: form splits came out one way once and another way later: \[\(5, 5\)\]"
    ):
        judge(replace(unsettled, trials=trials), measurement(), router, SERVER, tree="0" * 40, measured="2026-11-24")


outcomes = st.dictionaries(st.sampled_from(every_offset(HEAD)), st.sampled_from(Outcome))


def test_a_release_without_a_failing_split_has_no_issue() -> None:
    """All intact: No, with the number of splits that it stands on."""
    good = verdict()
    assert not good.has_issue
    assert evidence_in_short(good) == f"No: all {2 * (len(HEAD) - 1)} splits intact"


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.INTACT])
def test_one_failing_split_is_the_issue(outcome: Outcome) -> None:
    """Any other outcome at any offset: Yes, with its count."""
    bad = verdict({5: outcome})
    assert bad.has_issue
    assert evidence_in_short(bad) == f"Yes: 1 of {len(HEAD) - 1} splits {outcome}"


def test_the_misroute_request_counts_too() -> None:
    """A release that drops nothing but serves another URL has the issue."""
    bad = verdict({5: Outcome.DROPPED}, {5: Outcome.MISROUTED, 6: Outcome.DROPPED})
    assert evidence_in_short(bad).endswith(f"dropped, 1 of {len(HEAD) - 1} misrouted")


@given(outcomes, outcomes)
def test_a_verdict_reads_back_as_it_was_written(form: dict[int, Outcome], misroute: dict[int, Outcome]) -> None:
    """The file holds all of the verdict, and its ranges hold every offset once."""
    form[5] = Outcome.DROPPED
    written = verdict(form, misroute)
    assert decode(encode(written).encode(), "verdict.json", Verdict) == written
    offsets = [offset for runs in written.requests.form.offsets.values() for offset in expand(runs)]
    assert sorted(offsets) == list(every_offset(HEAD))


def test_each_range_stands_on_one_line() -> None:
    """A diff of two verdicts shows the ranges that changed, not their brackets."""
    assert "          [1, 4],\n          [6, 30]\n" in encode(verdict({5: Outcome.DROPPED}))


def test_a_probe_and_a_router_that_disagree_give_no_verdict() -> None:
    """One of the two is wrong, so neither is believed."""
    for form, failed in (({5: Outcome.DROPPED}, 0), ({}, 5)):
        with pytest.raises(Failure, match="contradict"):
            judge(measurement(form), measurement(), RouterEvidence(5, failed, 1460), SERVER, tree="", measured="")


def test_a_server_that_answers_all_urls_alike_gets_no_verdict() -> None:
    """Misrouting could not be seen there."""
    with pytest.raises(Failure, match="the form request gets the answer that any other URL gets"):
        judge(measurement(tells=False), measurement(), RouterEvidence(5, 0, 1460), SERVER, tree="", measured="")


def test_day_and_patch_level_are_no_evidence() -> None:
    """Measuring on another day, or on the next Python 3.8.x, says nothing new."""
    later = verdict(measured="2027-01-01", server=Server("0.12.1", "httptools", "0.1.2", "3.8.20", "uvloop", "0.13.1"))
    assert same_evidence(verdict(), later)
    assert differences(verdict(), later) == []


def test_differences_name_the_place_and_both_values() -> None:
    """What changed is said so that it can be judged."""
    changed = verdict(server=Server("0.12.1", "h11", "0.12.0", "3.8.18", "uvloop", "0.13.1"))
    assert differences(verdict(), changed) == [
        "server.http: httptools → h11",
        "server.http_version: 0.1.2 → 0.12.0",
    ]


@pytest.mark.parametrize("text", [b"{", b"{}", b'{"format": 2}', b'{"verdict": "Yes"}'])
def test_a_broken_verdict_file_is_one_clear_line(text: bytes) -> None:
    """A file that ends early, typed by hand or written by a later format is refused with its name."""
    with pytest.raises(WrongUse, match=r"variants/x/verdict.json is wrong: .*make verify"):
        decode(text, "variants/x/verdict.json", Verdict, do=MEASURE)

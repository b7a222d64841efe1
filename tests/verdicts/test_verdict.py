"""Verdicts: made from measurements, compared by their evidence, written so that a diff reads well."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import Failure, WrongUse
from scripts.platforms.about import Server
from scripts.probe.answers import Outcome
from scripts.probe.evidence import CaseEvidence
from scripts.probe.offsets import every_offset, ranges
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

HEAD = b"GET /view HTTP/1.1\r\nHost: x\r\n\r\n"
SERVER = Server("0.12.1", "httptools", "0.1.2", "3.8.18", "uvloop", "0.13.1")


def case(outcomes: dict[int, Outcome] | None = None, *, joined: Outcome | None = None) -> CaseEvidence:
    """Make the evidence of a case in which the offsets that `outcomes` does not name were intact."""
    found = {offset: (outcomes or {}).get(offset, Outcome.INTACT) for offset in every_offset(HEAD)}
    offsets = {each: ranges(offset for offset, outcome in found.items() if outcome is each) for each in Outcome}
    return CaseEvidence(len(HEAD), {each: list(found.values()).count(each) for each in Outcome}, offsets, joined)


def judged(
    cases: dict[str, CaseEvidence], *, failed: int = 0, server: Server = SERVER, day: str = "2026-11-22"
) -> Verdict:
    """Judge a release."""
    router = RouterEvidence(5, failed, 1460)
    return judge(cases, {}, router, server, tree="0" * 40, measured=day, proof="receive-queue")


def verdict(
    form: dict[int, Outcome] | None = None,
    misroute: dict[int, Outcome] | None = None,
    *,
    server: Server = SERVER,
    measured: str = "2026-11-22",
) -> Verdict:
    """Judge a release whose requests had these outcomes."""
    cases = {"form": case(form), "misroute": case(misroute)}
    return judged(cases, failed=5 if form else 0, server=server, day=measured)


outcomes = st.dictionaries(st.sampled_from(every_offset(HEAD)), st.sampled_from(Outcome))


def test_a_release_without_a_failing_split_has_no_issue() -> None:
    """All intact: No, with the number of splits that it stands on."""
    good = verdict()
    assert not good.has_issue
    assert evidence_in_short(good) == f"No. All {2 * (len(HEAD) - 1)} splits of 2 cases intact."


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.INTACT])
def test_one_failing_split_is_the_issue(outcome: Outcome) -> None:
    """Any other outcome at any offset: Yes, with its count."""
    bad = verdict({5: outcome})
    assert bad.has_issue
    assert evidence_in_short(bad) == f"Yes. {outcome.capitalize()}: form (1 of {len(HEAD) - 1} splits)."


def test_the_misroute_request_counts_too() -> None:
    """A release that drops nothing but serves another URL has the issue."""
    bad = verdict({5: Outcome.DROPPED}, {5: Outcome.MISROUTED, 6: Outcome.DROPPED})
    splits = len(HEAD) - 1
    said = f"Yes. Misrouted: misroute (1 of {splits} splits). Dropped: form (1 of {splits} splits)."
    assert evidence_in_short(bad) == said


def test_releases_that_differ_in_one_case_look_different() -> None:
    """Two requests in one segment, of which one is never answered, are told though the splits come out alike."""
    cases = {"form": case(), "misroute": case(), "pipelined": case({5: Outcome.MISROUTED}, joined=Outcome.HUNG)}
    answered = {**cases, "pipelined": case({5: Outcome.MISROUTED}, joined=Outcome.INTACT)}
    assert (
        evidence_in_short(judged(cases))
        == "No, but another case fails. Misrouted: pipelined. In one segment: pipelined hung."
    )
    assert evidence_in_short(judged(answered)) == "No, but another case fails. Misrouted: pipelined."


def test_cases_that_do_not_decide_are_counted_where_they_are_many() -> None:
    """Those that decide are named all the same; up to the number that is asked for, all are."""
    dropped = {name: case({5: Outcome.DROPPED}) for name in ("misroute", "post", "close")}
    found = judged({"form": case(), **dropped})
    one = f"misroute (1 of {len(HEAD) - 1} splits)"
    assert evidence_in_short(found, 1) == f"Yes. Dropped: {one} and 2 other cases."
    assert evidence_in_short(found, 2) == evidence_in_short(found) == f"Yes. Dropped: {one}, post, close."
    others = judged({**dropped, "form": case(), "misroute": case()})
    assert evidence_in_short(others, 1) == "No, but other cases fail. Dropped: 2 other cases."


def test_a_void_case_is_said_and_decides_nothing_unless_it_must() -> None:
    """Without the controls of `form` there is no verdict; without those of another case there is one that says so."""
    router = RouterEvidence(5, 0, 1460)
    cases = {"form": case(), "misroute": case()}
    found = judge(cases, {"post": "why"}, router, SERVER, tree="", measured="", proof="")
    assert evidence_in_short(found).endswith("Void: post.")
    with pytest.raises(Failure, match="no verdict: the run is void: why"):
        judge({"misroute": case()}, {"form": "why"}, router, SERVER, tree="", measured="", proof="")


@given(outcomes, outcomes)
def test_a_verdict_reads_back_as_it_was_written(form: dict[int, Outcome], misroute: dict[int, Outcome]) -> None:
    """The file holds all of the verdict, and its ranges hold every offset once."""
    form[5] = Outcome.DROPPED
    written = verdict(form, misroute)
    assert decode(encode(written).encode(), "verdict.json", Verdict) == written
    runs = chain.from_iterable(written.cases["form"].offsets.values())
    offsets = [offset for first, last in runs for offset in range(first, last + 1)]
    assert sorted(offsets) == list(every_offset(HEAD))


def test_each_range_stands_on_one_line() -> None:
    """A diff of two verdicts shows the ranges that changed, not their brackets."""
    assert "          [1, 4],\n          [6, 30]\n" in encode(verdict({5: Outcome.DROPPED}))


def test_a_probe_and_a_router_that_disagree_give_no_verdict() -> None:
    """One of the two is wrong, so neither is believed."""
    for form, failed in (({5: Outcome.DROPPED}, 0), ({}, 5)):
        with pytest.raises(Failure, match="contradict"):
            judged({"form": case(form), "misroute": case()}, failed=failed)


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


@pytest.mark.parametrize("text", [b"{", b"{}", b'{"format": 3}', b'{"verdict": "Yes"}'])
def test_a_broken_verdict_file_is_one_clear_line(text: bytes) -> None:
    """A file that ends early, typed by hand or written by a later format is refused with its name."""
    with pytest.raises(WrongUse, match=r"variants/x/verdict.json is wrong: .*make verify"):
        decode(text, "variants/x/verdict.json", Verdict, do=MEASURE)

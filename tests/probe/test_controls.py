"""The controls: the instrument must find what is known of them, case by case, whichever proof it stands on."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import Failure
from scripts.probe.answers import Outcome
from scripts.probe.cases import Case, load_cases, of_request
from scripts.probe.controls import Handling, request_length, running, url_piece
from scripts.probe.endpoint import Endpoint
from scripts.probe.instrument import check, control_plans, known_outcome, verify_instrument
from scripts.probe.measure import How, probe
from scripts.probe.measurement import Measurement
from scripts.probe.offsets import every_offset
from scripts.probe.pace import Times
from scripts.wire.splitting import split

CASES = load_cases(Path(__file__).resolve().parents[2])
MISROUTE = CASES["misroute"]
QUICK = Times(quiet=0.15)


def measured(handling: Handling, case: Case = MISROUTE) -> Measurement:
    """Measure a control with a case."""
    with running(handling) as control:
        return probe(Endpoint(*control.address), case, how=How(QUICK, confirm=False))


@pytest.mark.parametrize("name", CASES)
def test_every_case_comes_out_as_known_of_every_control(name: str) -> None:
    """At every offset, or a share of those of a long case, and with segments that arrived apart."""
    assert verify_instrument([CASES[name]], How(QUICK, confirm=False)) == {}


def test_a_long_case_is_held_against_its_controls_at_an_even_share_of_its_offsets() -> None:
    """From the first to the last; one that is not long, at each."""
    plans = control_plans(CASES["form"])
    assert 250 < len(plans) < 350
    assert (plans[0], plans[-1]) == ((1,), (len(CASES["form"].data) - 1,))
    assert max(after - before for (before,), (after,) in pairwise(plans)) <= 14
    assert control_plans(CASES["pipelined"]) == CASES["pipelined"].plans


def test_the_barrier_finds_the_same() -> None:
    """The controls come out as known with the other proof, too."""
    assert verify_instrument([MISROUTE, CASES["second"]], How(QUICK, proof="barrier", confirm=False)) == {}


def test_each_handling_has_its_own_outcomes() -> None:
    """A control that all cases found intact would prove nothing: each kind differs where it must."""
    assert measured(Handling.PIECEWISE).counts[Outcome.MISROUTED] == 5
    assert measured(Handling.JOINED).intact
    assert measured(Handling.LINGERING, CASES["close"]).intact
    two = measured(Handling.FIRST_ONLY, CASES["pipelined"])
    assert two.counts == {**dict.fromkeys(Outcome, 0), Outcome.INTACT: 1, Outcome.HUNG: len(two.case.data) - 2}
    assert two.joined
    assert two.joined.outcome is Outcome.HUNG


def test_a_control_that_comes_out_otherwise_voids_its_case_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others keep their result, and the reason names the place."""
    known = known_outcome

    def wrong(handling: Handling, case: Case, offsets: tuple[int, ...]) -> Outcome:
        return Outcome.REJECTED if case.name == "percent" else known(handling, case, offsets)

    monkeypatch.setattr("scripts.probe.instrument.known_outcome", wrong)
    void = verify_instrument([MISROUTE, CASES["percent"]], How(QUICK, confirm=False))
    assert list(void) == ["percent"]
    assert "case percent, split at (1,): intact, known: rejected" in void["percent"]


def test_segments_that_arrive_together_void_the_case() -> None:
    """Where two segments came in one read, the outcome may be right, but it proves nothing."""
    with running(Handling.JOINED) as control:
        measurement = probe(Endpoint(*control.address), MISROUTE, [(30,)])
        control.reads[:] = [[len(MISROUTE.data)]]
        with pytest.raises(Failure, match="segments did not arrive apart"):
            check(control, measurement)


@given(st.data())
def test_pieces_of_the_url_joined_are_the_url(data: st.DataObject) -> None:
    """However the head is split, the pieces that the reads bring make up the URL, each byte once."""
    offsets = sorted(data.draw(st.sets(st.sampled_from(every_offset(MISROUTE.data)))))
    head, pieces = b"", []
    for segment in split(MISROUTE.data, offsets):
        before, head = len(head), head + segment
        pieces.append(url_piece(head, before) or b"")
    assert b"".join(pieces) == MISROUTE.data.split(b" ")[1]


def test_a_split_right_behind_the_url_still_drops() -> None:
    """The piece that such a split leaves is empty, and no path is empty."""
    end = MISROUTE.data.index(b" HTTP")
    assert known_outcome(Handling.PIECEWISE, MISROUTE, (end,)) is Outcome.DROPPED
    assert known_outcome(Handling.PIECEWISE, MISROUTE, (end + 1,)) is Outcome.INTACT


@given(st.sampled_from([case for name, case in CASES.items() if name != "form"]), st.binary(max_size=9))
def test_a_request_ends_where_its_last_byte_is(case: Case, behind: bytes) -> None:
    """Not before, with whatever comes behind it."""
    request = case.requests[0]
    assert request_length(request + behind) == len(request)
    assert request_length(request[:-1]) is None


def test_two_offsets_can_leave_a_piece_that_is_a_url_alone() -> None:
    """What stands between them is served where it is the last piece of the URL, and not where it is not."""
    case = of_request(b"GET /a/b/c HTTP/1.1\r\nHost: x\r\n\r\n")
    assert known_outcome(Handling.PIECEWISE, case, (6, 8)) is Outcome.MISROUTED
    assert known_outcome(Handling.PIECEWISE, case, (6, 7)) is Outcome.DROPPED

"""The two controls: the probe must find what is known of them, whichever proof it stands on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import Failure
from scripts.probe.answers import Outcome
from scripts.probe.controls import Handling, check, known_outcome, running, url_piece, verify_instrument
from scripts.probe.endpoint import Endpoint
from scripts.probe.measure import probe
from scripts.wire.splitting import every_offset, request_head, split

MISROUTE = request_head("/view?next=/admin&story=0+1+2+3%20+http://evil/x", "x")
LONG = request_head("/view?story=" + "+".join(map(str, range(200))), "x")


@pytest.mark.parametrize("proof", ["receive-queue", "barrier"])
def test_controls_come_out_as_known(proof: str) -> None:
    """Every offset of both controls has its known outcome, and the segments arrived apart."""
    measurements = verify_instrument([MISROUTE, LONG], proof=proof)
    assert [each.proof for each in measurements] == [proof] * 4
    piecewise, _, joined, _ = measurements
    assert piecewise.counts[Outcome.MISROUTED] == 4
    assert joined.intact


def test_segments_that_arrive_together_make_the_run_void() -> None:
    """Where two segments came in one read, the outcome may be right, but it proves nothing."""
    with running(Handling.JOINED) as control:
        measurement = probe(Endpoint(*control.address), MISROUTE, [(30,)])
        control.reads[:] = [[len(MISROUTE)]]
        with pytest.raises(Failure, match="void: segments did not arrive apart"):
            check(control, measurement)


def test_a_control_that_answers_otherwise_makes_the_run_void() -> None:
    """A joined server's measurement does not pass for the piecewise one's."""
    with running(Handling.JOINED) as control:
        measurement = probe(Endpoint(*control.address), MISROUTE, [(30,)])
        control.handling = Handling.PIECEWISE
        with pytest.raises(Failure, match="void: a control did not come out as known"):
            check(control, measurement)


@given(st.data())
def test_pieces_of_the_url_joined_are_the_url(data: st.DataObject) -> None:
    """However the head is split, the pieces that the reads bring make up the URL, each byte once."""
    offsets = sorted(data.draw(st.sets(st.sampled_from(every_offset(MISROUTE)))))
    head, pieces = b"", []
    for segment in split(MISROUTE, offsets):
        before, head = len(head), head + segment
        pieces.append(url_piece(head, before) or b"")
    assert b"".join(pieces) == MISROUTE.split(b" ")[1]


def test_a_cut_right_behind_the_url_still_drops() -> None:
    """The piece that such a split leaves is empty, and no path is empty."""
    end = MISROUTE.index(b" HTTP")
    assert known_outcome(Handling.PIECEWISE, MISROUTE, end) is Outcome.DROPPED
    assert known_outcome(Handling.PIECEWISE, MISROUTE, end + 1) is Outcome.INTACT

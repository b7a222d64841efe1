"""How a recording is folded, placed and kept: pure rules."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.probe.answers import Outcome
from scripts.recorder.recording import (
    CaseRecording,
    Kind,
    OffsetSteps,
    Recording,
    Run,
    Side,
    Step,
    encode,
    folded,
    unfolded,
)
from scripts.recorder.spans import placed

SPANS = st.tuples(st.integers(0, 6), st.integers(0, 6))
VALUES = st.lists(st.one_of(SPANS, st.text("ab", max_size=2)), max_size=2).map(tuple)
STEPS = st.builds(Step, st.sampled_from(Kind), st.sampled_from(["", "on_url"]), st.lists(VALUES, max_size=2).map(tuple))
PAIRS = st.lists(st.tuples(st.sampled_from([Outcome.INTACT, Outcome.DROPPED]), st.lists(STEPS, max_size=3)), max_size=7)


@given(PAIRS)
def test_what_is_folded_unfolds_to_the_same(pairs: list[tuple[Outcome, list[Step]]]) -> None:
    """No fold changes what happened at any offset, whether it stands among like ones or not."""
    trials = [OffsetSteps(offset, outcome, tuple(steps)) for offset, (outcome, steps) in enumerate(pairs)]
    assert unfolded(folded(trials)) == trials


def read(offset: int) -> OffsetSteps:
    """Return a trial whose steps are alike at each offset, and the second reads the same bytes."""
    steps = (Step(Kind.READ, "", (((0, offset),),)), Step(Kind.CALL, "on_url", (((2, 4),),)))
    return OffsetSteps(offset, Outcome.INTACT, steps)


def test_offsets_at_which_the_same_happens_are_one_run() -> None:
    """Also where the offset is by chance a place that stays the same at all of them."""
    assert [run.offsets for run in folded([read(offset) for offset in range(6)]).runs] == [(0, 0), (1, 5)]


def test_another_outcome_begins_a_run() -> None:
    """Even where the steps are alike."""
    trials = [read(0), read(1), OffsetSteps(2, Outcome.DROPPED, read(2).steps)]
    assert [run.offsets for run in folded(trials).runs] == [(0, 0), (1, 1), (2, 2)]


def recording(data: str, end: int) -> Recording:
    """Return a recording of one case whose last offset is the one before `end`."""
    return Recording(1, {"form": data}, {"v1": Side("1.0", "0.1", {"form": folded(map(read, range(end)))})})


def test_a_recordings_file_reads_back_as_it_was() -> None:
    """The file is JSON of the record, a line for each step and each run."""
    whole = recording("GET /", 5)
    assert msgspec.json.decode(encode(whole), type=Recording) == whole
    assert '\n["read","",[[[0,-1]]]]' in encode(whole).decode()


@pytest.mark.parametrize("end", [4, 6])
def test_a_recording_must_have_every_offset(end: int) -> None:
    """A file that lacks one, or has one too many, is refused."""
    with pytest.raises(ValueError, match="the offsets of form are not those of 5 bytes"):
        recording("GET /", end)


def test_a_run_takes_steps_that_there_are() -> None:
    """A file whose runs name another one is refused."""
    with pytest.raises(ValueError, match="take a step that there is not"):
        CaseRecording((), (Run((0, 0), Outcome.INTACT, (0,)),))


def test_a_piece_of_a_url_is_found_behind_the_one_before() -> None:
    """The same bytes stand earlier in the request, too: what the parser handed on already is not it."""
    steps = placed("GET /a/a X", [("call", "on_url", ["/a"]), ("set", "url", ["/a"]), ("call", "on_url", ["/a"])])
    assert [step.values for step in steps] == [(((4, 6),),), (((4, 6),),), (((6, 8),),)]


def test_a_url_that_was_put_together_is_found_whole() -> None:
    """It begins where its first piece began."""
    steps = placed("GET /a/b X", [("call", "on_url", ["/a"]), ("call", "on_url", ["/b"]), ("set", "url", ["/a/b"])])
    assert steps[-1].values == (((4, 8),),)


def test_what_was_decoded_stays_text() -> None:
    """A path of which the request has other bytes is no span of it."""
    steps = placed("GET /%61 X", [("call", "on_url", ["/%61"]), ("set", "url", ["/%61"]), ("set", "path", ["/a"])])
    assert steps[-1].values == (("/a",),)


def test_a_callback_that_got_what_was_never_sent_is_refused() -> None:
    """Then the recording itself is wrong."""
    with pytest.raises(ValueError, match="on_url got '/b', which was not sent behind byte 0"):
        placed("GET /a X", [("call", "on_url", ["/b"])])

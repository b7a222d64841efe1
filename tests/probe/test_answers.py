"""Reading answers, and judging them against the whole request's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import Failure
from scripts.probe.answers import Answer, AnswerReader, Baseline, End, Outcome

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Asked-For: /view\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"


def answer(status: int = 200, body: bytes = b"body", asked_for: bytes | None = b"/view", **more: bytes) -> Answer:
    """Make a complete answer."""
    fields = [(name.encode(), value) for name, value in more.items()]
    if asked_for is not None:
        fields.append((b"x-asked-for", asked_for))
    return Answer(End.COMPLETE, status, tuple(fields), body)


@given(st.sampled_from([WHOLE, CHUNKED]), st.data())
def test_an_answer_reads_the_same_in_pieces_of_any_size(text: bytes, data: st.DataObject) -> None:
    """Where the server's writes are split does not matter."""
    offsets = sorted(data.draw(st.sets(st.integers(1, len(text) - 1))))
    whole, reader = AnswerReader().feed(text), AnswerReader()
    pieces = [text[start:end] for start, end in zip([0, *offsets], [*offsets, len(text)], strict=True)]
    results = [reader.feed(piece) for piece in pieces]
    assert results[:-1] == [None] * len(offsets)
    assert results[-1] == whole
    assert whole
    assert whole.end is End.COMPLETE


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_an_answer_cut_short_is_not_complete(length: int) -> None:
    """A server that closes before the last byte gave no complete answer."""
    reader = AnswerReader()
    if length:
        assert reader.feed(WHOLE[:length]) is None
    ended = reader.feed(b"")
    assert ended
    assert ended.end is End.CLOSED


def test_what_is_no_http_is_garbled() -> None:
    """Bytes that no answer starts with are told apart from a closed connection."""
    ended = AnswerReader().feed(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    assert ended
    assert ended.end is End.GARBLED


@pytest.mark.parametrize(
    ("got", "outcome"),
    [
        (answer(), Outcome.INTACT),
        (answer(date=b"Sun"), Outcome.INTACT),
        (answer(etag=b"other"), Outcome.MISROUTED),
        (answer(asked_for=b"/admin"), Outcome.MISROUTED),
        (answer(404, asked_for=b"/x"), Outcome.MISROUTED),
        (answer(400, asked_for=None), Outcome.REJECTED),
        (answer(500), Outcome.REJECTED),
        (answer(body=b"else", asked_for=None), Outcome.MISROUTED),
        (Answer(End.CLOSED), Outcome.DROPPED),
        (Answer(End.RESET), Outcome.DROPPED),
        (Answer(End.GARBLED), Outcome.DROPPED),
        (Answer(End.CLOSED, 200, (), b"bod"), Outcome.DROPPED),
        (Answer(End.TIMED_OUT), Outcome.HUNG),
        (Answer(End.TIMED_OUT, 200, (), b"bod"), Outcome.HUNG),
    ],
    ids=str,
)
def test_each_answer_has_its_outcome(got: Answer, outcome: Outcome) -> None:
    """Every way in which a split request can end comes to one of the five outcomes."""
    assert Baseline.of([answer(), answer()]).judge(got) is outcome


def test_a_field_that_always_differs_does_not_count() -> None:
    """What differs between two answers to the whole request says nothing about a split one."""
    baseline = Baseline.of([answer(request=b"1"), answer(request=b"2")])
    assert baseline.judge(answer(request=b"3")) is Outcome.INTACT


@pytest.mark.parametrize("second", [answer(body=b"else"), answer(500), Answer(End.CLOSED)], ids=str)
def test_an_unsteady_server_gives_no_baseline(second: Answer) -> None:
    """Where the same whole request gets different answers, nothing can be judged."""
    with pytest.raises(Failure, match="no baseline"):
        Baseline.of([answer(), second])


@given(st.integers(200, 599), st.binary(max_size=20))
def test_the_whole_requests_answer_is_always_intact(status: int, body: bytes) -> None:
    """An error page, too, is intact when the whole request got the same one."""
    same = answer(status, body)
    assert Baseline.of([same]).judge(same) is Outcome.INTACT

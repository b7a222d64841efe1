"""Judging answers against those that the whole request got."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import Failure
from scripts.probe.answers import Answer, Digest, End, Outcome
from scripts.probe.comparison import MOST_SHAPES, Compare, Standard, taken_apart


def answer(status: int = 200, body: bytes = b"body", asked_for: bytes | None = b"/view", **more: bytes) -> Answer:
    """Make a complete answer."""
    fields = [(name.encode(), value) for name, value in more.items()]
    if asked_for is not None:
        fields.append((b"x-asked-for", asked_for))
    return Answer(End.COMPLETE, status, tuple(fields), body)


@pytest.mark.parametrize(
    ("got", "outcome"),
    [
        (answer(), Outcome.INTACT),
        (answer(date=b"Sun"), Outcome.INTACT),
        (answer(etag=b"other"), Outcome.MISROUTED),
        (answer(connection=b"close"), Outcome.INTACT),
        (answer(asked_for=b"/admin"), Outcome.MISROUTED),
        (answer(404, asked_for=b"/x"), Outcome.MISROUTED),
        (answer(400, asked_for=None), Outcome.REJECTED),
        (answer(500), Outcome.REJECTED),
        (answer(body=b"else", asked_for=None), Outcome.MISROUTED),
        (Answer(End.CLOSED), Outcome.DROPPED),
        (Answer(End.RESET), Outcome.DROPPED),
        (Answer(End.GARBLED), Outcome.DROPPED),
        (Answer(End.CLOSED, 200, (), b"bod"), Outcome.DROPPED),
        (Answer(End.UNREAD), Outcome.HUNG),
        (Answer(End.TIMED_OUT), Outcome.HUNG),
        (Answer(End.TIMED_OUT, 200, (), b"bod"), Outcome.HUNG),
    ],
    ids=str,
)
def test_each_answer_has_its_outcome(got: Answer, outcome: Outcome) -> None:
    """Every way in which a split request can end comes to one of the five outcomes."""
    assert Standard.of([answer(), answer()]).judge(got) is outcome


def test_a_field_that_moves_by_itself_does_not_count() -> None:
    """What differs between two answers to the whole request says nothing about a split one."""
    standard = Standard.of([answer(request=b"1"), answer(request=b"2")])
    assert standard.judge(answer(request=b"3")) is Outcome.INTACT
    assert standard.moving == ["request"]


def test_a_field_that_comes_and_goes_does_not_count() -> None:
    """A cookie in one answer of several is learnt also by its absence."""
    standard = Standard.of([answer(), answer(cookie=b"1")])
    assert standard.judge(answer(cookie=b"2")) is Outcome.INTACT
    assert standard.judge(answer()) is Outcome.INTACT


def test_words_of_a_body_that_move_do_not_count_and_the_others_do() -> None:
    """A second in the page is left out, the path beside it is not."""
    standard = Standard.of([answer(body=b"<p>/view at 10:00:01</p>"), answer(body=b"<p>/view at 10:00:02</p>")])
    assert standard.judge(answer(body=b"<p>/view at 10:00:59</p>")) is Outcome.INTACT
    assert standard.judge(answer(body=b"<p>/admin at 10:00:01</p>")) is Outcome.MISROUTED


def test_the_time_stamp_of_gzip_does_not_count() -> None:
    """A packed body is compared as what it was."""
    packed = [
        Answer(End.COMPLETE, 200, ((b"content-encoding", b"gzip"),), gzip.compress(b"the page", mtime=time))
        for time in (1, 2, 3)
    ]
    assert Standard.of(packed[:2]).judge(packed[2]) is Outcome.INTACT


def test_a_body_that_never_stands_still_is_said_to_be_unsteady() -> None:
    """Where every answer has another shape, nothing can be held against it."""
    shapes = [answer(body=b"-" * length + b"x") for length in range(MOST_SHAPES + 2)]
    assert Standard.of(shapes).unsteady
    assert not Standard.of([answer(), answer()]).unsteady


@pytest.mark.parametrize(
    ("compare", "got", "outcome"),
    [
        (Compare.STATUS, answer(body=b"else", asked_for=b"/admin"), Outcome.INTACT),
        (Compare.STATUS, answer(400), Outcome.REJECTED),
        (Compare.PATH, answer(body=b"else"), Outcome.INTACT),
        (Compare.PATH, answer(asked_for=b"/admin"), Outcome.MISROUTED),
    ],
    ids=str,
)
def test_less_than_all_is_compared_when_asked(compare: Compare, got: Answer, outcome: Outcome) -> None:
    """Status alone, or status and path."""
    assert Standard.of([answer()], compare).judge(got) is outcome


def test_a_server_that_names_no_path_cannot_be_compared_by_path() -> None:
    """The line says what to use instead."""
    with pytest.raises(Failure, match=r"COMPARE=status"):
        Standard.of([answer(asked_for=None)], Compare.PATH)


@pytest.mark.parametrize("others", [[answer(500)], [Answer(End.CLOSED)], [answer(404), answer(500)]], ids=str)
def test_without_a_status_of_most_answers_there_is_no_baseline(others: list[Answer]) -> None:
    """Where the same whole request gets different statuses, nothing can be judged."""
    with pytest.raises(Failure, match="no baseline"):
        Standard.of([answer(), *others])


def test_a_whole_request_that_fails_teaches_nothing() -> None:
    """One 503 among many is the server's own weather."""
    standard = Standard.of([answer(), answer(), answer(503)])
    assert not standard.learn(answer(503, body=b"busy"))
    assert not standard.learn(Answer(End.RESET))
    assert standard.judge(answer(503)) is Outcome.REJECTED


def test_long_bodies_are_told_apart_by_their_digest() -> None:
    """They are not kept, and still not mixed up."""
    standard = Standard.of([Answer(End.COMPLETE, 200, (), Digest(99999, b"1"))])
    assert standard.judge(Answer(End.COMPLETE, 200, (), Digest(99999, b"1"))) is Outcome.INTACT
    assert standard.judge(Answer(End.COMPLETE, 200, (), Digest(99999, b"2"))) is Outcome.MISROUTED


@given(st.integers(200, 599), st.binary(max_size=20))
def test_the_whole_requests_answer_is_always_intact(status: int, body: bytes) -> None:
    """An error page, too, is intact when the whole request got the same one."""
    same = answer(status, body)
    assert Standard.of([same]).judge(same) is Outcome.INTACT


@given(st.binary())
def test_a_body_taken_apart_is_the_body(body: bytes) -> None:
    """Words and what stands between them, in turn, are all of it."""
    between, words = taken_apart(body)
    joined = between[0] + b"".join(word + rest for word, rest in zip(words, between[1:], strict=True))
    assert joined == body

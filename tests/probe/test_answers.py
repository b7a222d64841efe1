"""Reading answers from the bytes of a connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.probe.answers import AnswerReader, Digest, End

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Asked-For: /view\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"


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


def test_a_long_body_is_kept_as_its_length_and_digest() -> None:
    """Two bodies of one length differ all the same, and neither is held in memory."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"
    one, other = (AnswerReader().feed(head + letter * 200000) for letter in (b"a", b"b"))
    assert one
    assert other
    assert isinstance(one.body, Digest)
    assert one.body.length == 200000
    assert one.body != other.body

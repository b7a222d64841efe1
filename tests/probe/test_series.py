"""Reading the answers to several requests from one connection."""

from hypothesis import given
from hypothesis import strategies as st

from scripts.probe.answers import Asked, End
from scripts.probe.series import Series, SeriesReader

ONE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Asked-For: /view\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\n"
SOCKET = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x89\x00\x81\x05/view"
GET, HEAD, HANDSHAKE = Asked(), Asked("HEAD"), Asked(upgrade=True)
ALL = (ONE, CHUNKED, EMPTY, SOCKET)
AWAITED = (GET, GET, HEAD, HANDSHAKE)


@given(st.data())
def test_answers_read_the_same_in_pieces_of_any_size(data: st.DataObject) -> None:
    """However the server's writes fall, each answer ends where it ends: by length, by chunk, by method, by frame."""
    text = b"".join(ALL)
    offsets = sorted(data.draw(st.sets(st.integers(1, len(text) - 1))))
    reader = SeriesReader(AWAITED)
    found = [reader.feed(text[i:j]) for i, j in zip([0, *offsets], [*offsets, len(text)], strict=True)]
    assert found[:-1] == [None] * len(offsets)
    assert found[-1]
    assert [(each.end, each.status, each.body) for each in found[-1]] == [
        (End.COMPLETE, 200, b"body"),
        (End.COMPLETE, 200, b"abcd"),
        (End.COMPLETE, 404, b""),
        (End.COMPLETE, 101, b"/view"),
    ]


def test_what_was_complete_once_is_complete_again_without_parsing() -> None:
    """Readers share what they know, and give the same answers for the same bytes."""
    known: dict[bytes, Series] = {}
    first = SeriesReader((GET, GET), known).feed(ONE + CHUNKED)
    assert SeriesReader((GET, GET), known).feed(ONE + CHUNKED) is first


def test_an_answer_that_ends_with_its_connection_is_never_known_before_that_end() -> None:
    """The same bytes may go on another time, or hang."""
    known: dict[bytes, Series] = {}
    first = SeriesReader((GET,), known)
    assert first.feed(b"HTTP/1.1 200 OK\r\n\r\n") is None
    assert first.feed(b"")
    assert SeriesReader((GET,), known).feed(b"HTTP/1.1 200 OK\r\n\r\n") is None


def test_an_answer_that_never_comes_is_the_last_of_the_series() -> None:
    """How the wait for it ended is kept, behind the answers that came."""
    closed, silent = SeriesReader((GET, GET)), SeriesReader((GET, GET))
    assert closed.feed(ONE) is None
    assert [each.end for each in closed.feed(b"") or ()] == [End.COMPLETE, End.CLOSED]
    assert silent.feed(ONE) is None
    assert [each.end for each in silent.ended(End.TIMED_OUT)] == [End.COMPLETE, End.TIMED_OUT]


def test_a_socket_that_says_farewell_before_any_message_said_none() -> None:
    """A handshake that is accepted and closed at once is no complete answer."""
    head = SOCKET[: SOCKET.index(b"\r\n\r\n") + 4]
    (answer,) = SeriesReader((HANDSHAKE,)).feed(head + b"\x88\x02\x03\xe8") or ()
    assert (answer.status, answer.end) == (101, End.GARBLED)

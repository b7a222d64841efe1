"""What a request's segments have to do with its failure."""

import pytest

from scripts.router.segments import what_broke

HEAD = b"GET /view?story=0+1+2+3&next=/admin HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("offsets", "said"),
    [
        ((), ""),
        ((4,), ""),
        ((18,), "segment 2 began with `1+2+3&ne`, which is no URL"),
        ((29,), ""),
        ((30,), "segment 2 began with `admin`, which is no URL"),
        ((2, 4, 20), "segment 4 began with `2+3&next`, which is no URL"),
        ((29, 32), "segment 3 began with `min`, which is no URL"),
        ((35,), "segment 2 began just behind the URL, with none of it"),
        ((36,), ""),
        ((50,), ""),
    ],
)
def test_the_first_segment_that_begins_inside_the_url_and_is_none_is_named(offsets: tuple[int, ...], said: str) -> None:
    """By its number and its first bytes; one that can pass for a URL breaks nothing, nor does one outside the URL."""
    number, words = what_broke(HEAD, offsets)
    assert words == said
    assert number == (int(words.split()[1]) if words else 0)


def test_the_form_in_segments_of_1460_bytes_breaks_at_the_second() -> None:
    """The seed's own request."""
    story = "+".join(str(number) for number in range(1000))
    head = f"GET /view?story={story} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    assert what_broke(head, (1460, 2920)) == (2, f"segment 2 began with `{head[1460:1468].decode()}`, which is no URL")


@pytest.mark.parametrize("piece", [b"http:x", b"http", b"0+1", b"?a", b"#a"])
def test_what_only_looks_a_little_like_a_url_is_none(piece: bytes) -> None:
    """A scheme needs a host behind it."""
    head = b"GET /a%b HTTP/1.1\r\n\r\n" % piece
    assert what_broke(head, (6,))[1] == f"segment 2 began with `{piece.decode()}`, which is no URL"

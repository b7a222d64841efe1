"""Splitting a request head, and writing offsets down."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.wire.splitting import every_offset, expand, ranges, request_head, segment_offsets, split

heads = st.binary(min_size=2, max_size=200)


@given(heads, st.data())
def test_segments_joined_are_the_head(head: bytes, data: st.DataObject) -> None:
    """Whatever the offsets, nothing is lost, nothing is added, and no segment is empty."""
    offsets = sorted(data.draw(st.sets(st.sampled_from(every_offset(head)))))
    segments = split(head, offsets)
    assert b"".join(segments) == head
    assert all(segments)
    assert len(segments) == len(offsets) + 1


@given(heads)
def test_every_offset_cuts_the_head_in_another_place(head: bytes) -> None:
    """A head of N bytes has N - 1 offsets, and the offset is the length of the first segment."""
    assert [len(split(head, [offset])[0]) for offset in every_offset(head)] == list(range(1, len(head)))


@pytest.mark.parametrize("offsets", [[0], [4], [-1], [2, 2], [2, 1]], ids=str)
def test_cuts_outside_the_head_or_out_of_order_are_refused(offsets: list[int]) -> None:
    """A split at an edge would make an empty segment; offsets must ascend."""
    with pytest.raises(ValueError, match="offsets must ascend between 1 and 3"):
        split(b"GET ", offsets)


@given(st.integers(1, 5000), st.integers(1, 2000))
def test_segments_of_a_size_are_full_but_for_the_last(length: int, size: int) -> None:
    """All segments have the size asked for, and the last has what is left."""
    sizes = [len(each) for each in split(bytes(length), segment_offsets(length, size))]
    assert all(each == size for each in sizes[:-1])
    assert 1 <= sizes[-1] <= size
    assert sum(sizes) == length


def test_size_zero_leaves_the_head_whole() -> None:
    """Segment size 0 means that nothing is split."""
    assert segment_offsets(5000, 0) == ()


def test_a_negative_size_is_refused() -> None:
    """There is no segment of less than nothing."""
    with pytest.raises(ValueError, match="-1 bytes"):
        segment_offsets(10, -1)


@given(st.sets(st.integers(0, 300)))
def test_ranges_hold_exactly_their_offsets(offsets: set[int]) -> None:
    """Expanding the ranges gives the offsets back."""
    assert expand(ranges(offsets)) == sorted(offsets)


@given(st.sets(st.integers(0, 300)))
def test_ranges_are_as_few_as_can_be(offsets: set[int]) -> None:
    """Between two ranges at least one offset is missing."""
    runs = ranges(offsets)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(runs))


def test_the_forms_request_is_as_long_as_was_measured_by_others() -> None:
    """The numbers 0 to 999 in the query, and a host of one letter, make a head of 3,927 bytes."""
    story = "+".join(str(number) for number in range(1000))
    assert len(request_head(f"/view?story={story}", "x")) == 3927


@pytest.mark.parametrize("target", ["", "/a b", "/a\r\nEvil: 1", "/é", "/\x7f"], ids=ascii)
def test_a_target_that_would_break_the_head_is_refused(target: str) -> None:
    """No space, control character or non-ASCII character gets into the request line."""
    with pytest.raises(ValueError, match="cannot stand in a request head"):
        request_head(target, "localhost")

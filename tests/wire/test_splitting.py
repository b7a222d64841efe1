"""Splitting a request in segments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.probe.offsets import every_offset
from scripts.wire.splitting import segment_offsets, split

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
def test_every_offset_splits_the_head_in_another_place(head: bytes) -> None:
    """A head of N bytes has N - 1 offsets, and the offset is the length of the first segment."""
    assert [len(split(head, [offset])[0]) for offset in every_offset(head)] == list(range(1, len(head)))


@pytest.mark.parametrize("offsets", [[0], [4], [-1], [2, 2], [2, 1]], ids=str)
def test_offsets_outside_the_head_or_out_of_order_are_refused(offsets: list[int]) -> None:
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

"""Writing sets of offsets down."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scripts.probe.offsets import ranges


@given(st.sets(st.integers(0, 300)))
def test_ranges_hold_exactly_their_offsets(offsets: set[int]) -> None:
    """Each offset is in one range, and nothing else is in any."""
    assert [each for first, last in ranges(offsets) for each in range(first, last + 1)] == sorted(offsets)


@given(st.sets(st.integers(0, 300)))
def test_ranges_are_as_few_as_can_be(offsets: set[int]) -> None:
    """Between two ranges at least one offset is missing."""
    runs = ranges(offsets)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(runs))

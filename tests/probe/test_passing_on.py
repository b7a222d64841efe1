"""What tells whoever passes on from whoever asks another server of its own."""

from hypothesis import given
from hypothesis import strategies as st

from scripts.probe.passing_on import MOST_ADDED, MOST_IN_ROUND, differences, follows

SIZES = st.lists(st.integers(4100, 6100), min_size=6, max_size=10)


@given(SIZES, st.integers(0, MOST_ADDED), st.integers(1, MOST_IN_ROUND))
def test_what_adds_the_same_to_each_request_follows(sizes: list[int], added: int, count: int) -> None:
    """However many requests a connection carried, and however much is added to each."""
    assert follows([differences(count * (size + added), size, MOST_IN_ROUND) for size in sizes], len(sizes))


@given(st.integers(4100, 6100), st.integers(401, 1000), st.integers(0, 20_000))
def test_what_always_sends_the_same_does_not(size: int, more: int, sent: int) -> None:
    """Two requests of other sizes tell it, where it sends once for each."""
    assert not follows([differences(sent, size, 1), differences(sent, size + more, 1)], 2)


def test_most_of_the_looks_are_enough() -> None:
    """A look that missed, or saw something else, does not hide the others; too few do not tell."""
    looks: list[set[float]] = [{0.0}, {150.0, 2000.0}, set(), {100.0}]
    assert follows(looks, 3)
    assert not follows(looks, 4)
    assert not follows([], 0)

"""All offsets of a request, and how a set of them is written down. Pure."""

from collections.abc import Iterable

Range = tuple[int, int]
"""First and last of a run of offsets without a gap, both included."""


def every_offset(head: bytes) -> range:
    """Return all offsets at which `head` can be split in two."""
    return range(1, len(head))


def ranges(offsets: Iterable[int]) -> list[Range]:
    """Return the shortest list of ranges that holds exactly `offsets`, in ascending order."""
    runs: list[Range] = []
    for offset in sorted(set(offsets)):
        if runs and runs[-1][1] == offset - 1:
            runs[-1] = (runs[-1][0], offset)
        else:
            runs.append((offset, offset))
    return runs

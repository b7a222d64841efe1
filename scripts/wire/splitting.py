"""How a request is split in segments. Pure.

An offset is the number of bytes that stand before a split: offset 5 of `GET /view` splits it in `GET /` and `view`.
A head of N bytes has N - 1 of them, from 1 to N - 1.
"""

from collections.abc import Sequence
from itertools import pairwise

SEGMENT_BYTES = 1460
"""Maximum segment size of TCP over Ethernet and IPv4: 1500 - 20 - 20 bytes (RFC 9293, section 3.7.1)."""


def segment_offsets(length: int, size: int) -> tuple[int, ...]:
    """Return the offsets that make segments of `size` bytes out of `length` bytes; the last one may be shorter.

    Size 0 means whole: no offsets. ValueError for a negative size.
    """
    if size < 0:
        raise ValueError(f"a segment cannot have {size} bytes")
    return tuple(range(size, length, size)) if size else ()


def split(head: bytes, offsets: Sequence[int]) -> tuple[bytes, ...]:
    """Return the segments of `head` split at `offsets`, none of them empty.

    ValueError where the offsets do not ascend or lie outside the head.
    """
    edges = (0, *offsets, len(head))
    if any(before >= after for before, after in pairwise(edges)):
        raise ValueError(f"offsets must ascend between 1 and {len(head) - 1}: {', '.join(map(str, offsets))}")
    return tuple(head[start:end] for start, end in pairwise(edges))

"""How a request head is split in segments, and how sets of offsets are written down. Pure.

An offset is the number of bytes that stand before a split: offset 5 of `GET /view` splits it in `GET /` and `view`.
A head of N bytes has N - 1 of them, from 1 to N - 1.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

Range = tuple[int, int]
"""First and last of a run of offsets without a gap, both included."""


SEGMENT_BYTES = 1460
"""Maximum segment size of TCP over Ethernet and IPv4: 1500 - 20 - 20 bytes (RFC 9293, section 3.7.1)."""


def request_head(target: str, host: str) -> bytes:
    """Return the shortest HTTP/1.1 head that asks for `target` (RFC 9112, sections 3 and 3.2): GET, and a Host field.

    ValueError where `target` or `host` holds what cannot stand in a head: a space, a control character, non-ASCII.
    """
    for part in (target, host):
        if not part or not part.isascii() or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in part):
            raise ValueError(f"{part!r} cannot stand in a request head as it is: percent-encode it")
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def every_offset(head: bytes) -> range:
    """Return all offsets at which `head` can be split in two."""
    return range(1, len(head))


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


def ranges(offsets: Iterable[int]) -> list[Range]:
    """Return the shortest list of ranges that holds exactly `offsets`, in ascending order."""
    runs: list[Range] = []
    for offset in sorted(set(offsets)):
        if runs and runs[-1][1] == offset - 1:
            runs[-1] = (runs[-1][0], offset)
        else:
            runs.append((offset, offset))
    return runs


def expand(runs: Iterable[Range]) -> list[int]:
    """Return the offsets that `ranges` was given."""
    return [offset for first, last in runs for offset in range(first, last + 1)]

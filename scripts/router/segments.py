"""What a request's segments have to do with its failure: where one begins inside the URL, and with what. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from scripts.router.codes import RequestLog
from scripts.wire.splitting import SEGMENT_BYTES

SHOWN_BYTES = 8
"""How much of a segment is shown: enough to see that it is the middle of something."""

URL = re.compile(rb"[/*].*|[A-Za-z]+://.+")
"""What httptools takes for a URL: a path, or a scheme with something behind it."""

FORM_SEGMENTS = range(16, 8001)
"""The segment sizes that the form of common/app takes."""


@dataclass(frozen=True)
class FailedRequest:
    """A request that an app failed to answer."""

    variant: str
    record: RequestLog
    broke: str
    """Which of its segments broke it, in words, as far as that is seen."""
    broke_at: int
    """The number of that segment; 0: it is not seen."""
    when: datetime = field(default_factory=lambda: datetime.now(UTC))


def what_broke(head: bytes, offsets: Sequence[int]) -> tuple[int, str]:
    """Return which segment of a request's `head` began with a piece of the URL that is none: its number, and words.

    0 and no words where none did.

    `offsets` are those at which the head was split. Old uvicorns take each piece for a URL of its own, and close the
    connection at the first one that is none.
    """
    start, end = _target(head)
    edges = [offset for offset in offsets if start < offset <= end]
    before = sum(offset <= start for offset in offsets)
    for number, (first, last) in enumerate(pairwise([*edges, end]), before + 2):
        if not URL.fullmatch(head[first:last]):
            if first == end:
                return number, f"segment {number} began just behind the URL, with none of it"
            piece = head[first:last][:SHOWN_BYTES].decode("ascii", "backslashreplace")
            return number, f"segment {number} began with `{piece}`, which is no URL"
    return 0, ""


def form_of(segment_bytes: int) -> str:
    """Return where a variant's app shows its forms for segments of a size: it shows them for 1460 unless it is told."""
    is_another = segment_bytes != SEGMENT_BYTES and segment_bytes in FORM_SEGMENTS
    return f"/?segment={segment_bytes}" if is_another else "/"


def _target(head: bytes) -> tuple[int, int]:
    """Return where the target of a request line begins and ends (RFC 9112, section 3)."""
    start = head.index(b" ") + 1
    return start, head.index(b" ", start)

"""What a release made of a request that reached it in segments: step by step, in the lines of the page about the wire.

The steps are taken in the environment of the slug that runs there, by the same instrument that `make wire` uses: they
are what its own httptools protocol does with these bytes, not what somebody thinks that it does.
"""

from pathlib import Path

import msgspec

from scripts.errors import WrongUse
from scripts.platforms.local.places import Places
from scripts.platforms.local.slug import TREE_ID, Slug
from scripts.process import run
from scripts.recorder.record import INSTRUMENTED, Recorded
from scripts.recorder.recording import Kind, Step
from scripts.recorder.spans import placed
from scripts.records import decode
from scripts.report.site.wire import line_of
from scripts.wire.splitting import split

SHOWN_CHARACTERS = 60
"""How much of a long text is shown at either end."""

SHOWN_STEPS = 25
"""How many of many steps are shown at either end: a segment can have one byte, and each one has its own."""


class SentSegments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request's head, and where it was split."""

    head: str
    offsets: tuple[int, ...]


def steps_of(root: Path, tree: str, sent: bytes, number: int) -> dict[str, object]:
    """Return the steps that a release took, up to segment `number`, with which it closes the connection.

    `sent` is a SentSegments as JSON. Failure where the release cannot be run so: it reads HTTP with another parser.
    """
    if not TREE_ID.match(tree):
        raise WrongUse(f"{tree!r} is no id of a git tree")
    request = decode(sent, "standard input", SentSegments)
    try:
        segments = split(request.head.encode("latin-1"), request.offsets)[:number]
    except ValueError as error:
        raise WrongUse("standard input is wrong", found=str(error)) from None
    python = Slug(tree, Places(root).slugs / tree).python
    given = msgspec.json.encode([[segment.decode("latin-1") for segment in segments]])
    # Without a limit, which would give it a process group of its own: it would outlive a page that is killed.
    done = run([python, "-I", INSTRUMENTED], stdin=given)
    recorded = msgspec.json.decode(done.stdout, type=Recorded)
    steps = placed(request.head, recorded.trials[0])
    lines, reads = [], 0
    for step in filter(_is_told, steps):
        reads += step.kind is Kind.READ
        lines.append(_line(step, request.head, f"reads segment {reads:,}" if step.kind is Kind.READ else ""))
    if (left := len(lines) - 2 * SHOWN_STEPS) > 1:
        lines[SHOWN_STEPS:-SHOWN_STEPS] = [{"kind": "", "said": f"… {left:,} more steps …", "code": []}]
    return {"uvicorn": recorded.uvicorn, "httptools": recorded.httptools, "lines": lines}


def _line(step: Step, data: str, said: str) -> dict[str, object]:
    """Return a step as the page has it: what it is, and its code in pieces, of which some are bytes that were sent."""
    line = line_of(step)
    code = [{"text": _short(piece.at(0, data)), "sent": piece.is_span} for piece in line.code]
    return {"kind": line.kind, "said": said or line.said, "code": code}


def _short(text: str) -> str:
    """Return a long text by its ends."""
    left = len(text) - 2 * SHOWN_CHARACTERS
    return f"{text[:SHOWN_CHARACTERS]} … {left:,} more … {text[-SHOWN_CHARACTERS:]}" if left > 40 else text


def _is_told(step: Step) -> bool:
    """Say whether a step has to do with the URL: what the head's fields become is no news."""
    return not (step.kind is Kind.CALL and step.name == "on_header")

"""What an answer is compared by: learnt from the answers that the same request got when it was sent whole. Pure.

Dates, ids, ages and cookies move by themselves. Whatever differs among the answers to whole requests says nothing about
a split one: such fields, and such words of a body, are left out, and named. What stays must be the same.
"""

import enum
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from scripts.errors import Failure
from scripts.probe.answers import Answer, Digest, End, Outcome

UNCOMPARED = frozenset({b"date", b"connection", b"keep-alive"})
"""Fields that speak of the moment or of the connection, not of what was asked for (RFC 9110, sections 6.6.1, 7.6.1)."""

WORD = re.compile(rb"[0-9A-Za-z]+")

MOST_SHAPES = 8
"""How many shapes of body are learnt before the body counts as one that never stands still."""

UNPACKED_BYTES = 1 << 20


class NoBaseline(Failure):
    """Whole requests that get nothing to compare with."""


class Compare(enum.StrEnum):
    """What a split request's answer is compared by."""

    ALL = "all"
    """Status, fields and body, without what moves by itself."""
    PATH = "path"
    """Status, and the URL that the server says it was asked for."""
    STATUS = "status"
    """The status alone."""


@dataclass
class Shape:
    """The words of a body, without what stands between them; a word that moves by itself is None."""

    words: list[bytes | None]

    def learn(self, words: Sequence[bytes]) -> None:
        """Let those words be free that are other ones now."""
        self.words = [old if old == new else None for old, new in zip(self.words, words, strict=True)]

    def fits(self, words: Sequence[bytes]) -> bool:
        """Say whether all words that stand still are as they were."""
        return all(old is None or old == new for old, new in zip(self.words, words, strict=True))


@dataclass
class Standard:
    """What an answer must be to be the very answer that the whole request got."""

    first: Answer
    compare: Compare = Compare.ALL
    moving_fields: set[bytes] = field(default_factory=set)
    bodies: set[bytes | Digest] = field(default_factory=set)
    shapes: dict[tuple[bytes, ...], Shape] = field(default_factory=dict)
    unsteady: bool = False
    """The body never stands still: nothing can be said of it."""

    @classmethod
    def of(cls, answers: Sequence[Answer], compare: Compare = Compare.ALL) -> "Standard":
        """Begin with the answers to a whole request: the status of most of them is the one to hold on to.

        Failure where none is complete, or where no status is that of more than half.
        """
        complete = [answer for answer in answers if answer.end is End.COMPLETE]
        if not complete:
            raise NoBaseline("no baseline: the whole request got no complete answer", found=answers[0].end)
        status, count = Counter(answer.status for answer in complete).most_common(1)[0]
        if 2 * count <= len(answers):
            found = ", ".join(str(answer.status or answer.end) for answer in answers)
            raise NoBaseline("no baseline: the same whole request got different answers", found=found)
        standard = cls(next(answer for answer in complete if answer.status == status), compare)
        if compare is Compare.PATH and standard.first.asked_for is None:
            raise Failure(
                "the answers cannot be compared by path",
                found="the server does not say which URL it was asked for (a field X-Asked-For)",
                do="Compare by status: COMPARE=status",
            )
        for answer in complete:
            standard.learn(answer)
        return standard

    def learn(self, answer: Answer) -> bool:
        """Take in the answer to one more whole request; False: it failed, so nothing is learnt from it."""
        if not self.agrees(answer):
            return False
        names = {name for name, _ in (*self.first.fields, *answer.fields)} - UNCOMPARED
        self.moving_fields |= {name for name in names if answer.values(name) != self.first.values(name)}
        if answer.body not in self.bodies:
            self._learn_body(answer)
        return True

    def agrees(self, answer: Answer) -> bool:
        """Say whether an answer is complete, of the same status, and to the same URL as far as it says so."""
        complete = answer.end is End.COMPLETE
        return complete and (answer.status, answer.asked_for) == (self.first.status, self.first.asked_for)

    def judge(self, answer: Answer) -> Outcome:
        """Return the outcome of a split request that got `answer`."""
        if answer.end in (End.TIMED_OUT, End.UNREAD):
            return Outcome.HUNG
        if answer.end is not End.COMPLETE:
            return Outcome.DROPPED
        if self.matches(answer):
            return Outcome.INTACT
        if answer.asked_for is not None and answer.asked_for != self.first.asked_for:
            return Outcome.MISROUTED
        # Without the server's word on what it was asked for, an error page is its word that it refused the request.
        return Outcome.REJECTED if answer.status >= 400 else Outcome.MISROUTED

    def matches(self, answer: Answer) -> bool:
        """Say whether `answer` is the very answer that the whole request got."""
        if answer.end is not End.COMPLETE or answer.status != self.first.status:
            return False
        if self.compare is Compare.STATUS:
            return True
        if answer.asked_for != self.first.asked_for:
            return False
        return self.compare is Compare.PATH or (self._same_fields(answer) and self._same_body(answer))

    @property
    def moving(self) -> list[str]:
        """What moves by itself, by name: fields, and the body where words of it do."""
        fields = sorted(name.decode("latin-1") for name in self.moving_fields)
        words = any(word is None for shape in self.shapes.values() for word in shape.words)
        return [*fields, *(["words of the body"] if words or len(self.bodies) > 1 else [])]

    def _same_fields(self, answer: Answer) -> bool:
        """Say whether all fields that stand still are as they were."""
        if answer.fields == self.first.fields:
            return True
        names = {name for name, _ in (*self.first.fields, *answer.fields)} - UNCOMPARED - self.moving_fields
        if len(self.bodies) > 1:
            names -= {b"content-length", b"etag"}
        return all(answer.values(name) == self.first.values(name) for name in names)

    def _same_body(self, answer: Answer) -> bool:
        """Say whether the body is one that whole requests got, but for the words that move."""
        if answer.body in self.bodies or self.unsteady:
            return True
        if not self.shapes or isinstance(answer.body, Digest):
            return False
        between, words = taken_apart(unpacked(answer))
        shape = self.shapes.get(between)
        return shape is not None and shape.fits(words)

    def _learn_body(self, answer: Answer) -> None:
        """Learn a body that was not seen before."""
        if not self.bodies:
            self.bodies.add(answer.body)
            return
        bodies = [answer.body] if self.shapes else [self.first.body, answer.body]
        if len(self.bodies) <= MOST_SHAPES:
            self.bodies.add(answer.body)
        for body in bodies:
            if isinstance(body, Digest):
                self.unsteady = self.unsteady or len(self.bodies) > MOST_SHAPES
                continue
            between, words = taken_apart(unpacked(Answer(End.COMPLETE, answer.status, answer.fields, body)))
            if between in self.shapes:
                self.shapes[between].learn(words)
            else:
                self.shapes[between] = Shape(list(words))
        self.unsteady = self.unsteady or len(self.shapes) > MOST_SHAPES


def taken_apart(body: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
    """Return what stands between the words of a body, and the words."""
    return tuple(WORD.split(body)), WORD.findall(body)


def unpacked(answer: Answer) -> bytes:
    """Return a body as it was before gzip packed it, whose header has a time stamp (RFC 1952, section 2.3.1)."""
    body = answer.body
    assert isinstance(body, bytes)
    if answer.values(b"content-encoding") == (b"gzip",):
        try:
            return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, UNPACKED_BYTES)
        except zlib.error:
            return body
    return body

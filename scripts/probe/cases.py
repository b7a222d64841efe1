"""The cases: the requests that are measured, as common/cases.toml has them, byte for byte."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, combinations
from pathlib import Path

import h11
import msgspec

from scripts.errors import WrongUse, nearest
from scripts.matrix import PARSERS
from scripts.probe.answers import Asked
from scripts.probe.flight import Leg
from scripts.probe.offsets import every_offset
from scripts.records import read_record
from scripts.wire.splitting import split

FILE = "common/cases.toml"

DECIDING = ("form", "misroute")
"""The cases that decide "Has issue?"."""

CASE_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
"""A case's name is also that of a page."""

HOST_FIELD = re.compile(rb"(\r\nhost:[ \t]*)([^\r]*)", re.IGNORECASE)

ELSEWHERE = "/uvicorn-issue-344-elsewhere"
"""A URL that nothing serves: where its answer is the whole request's too, misrouting cannot be seen."""


class CaseRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case as the file has it; the file's own comment says what each field means."""

    shows: str
    requests: tuple[str, ...]
    before: str = ""
    joined: bool = False
    pairs: bool = False
    parsers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """Requests for one connection, and how they are sent."""

    name: str
    requests: tuple[bytes, ...]
    shows: str = ""
    before: bytes = b""
    joined: bool = False
    pairs: bool = False
    parsers: tuple[str, ...] = ()

    @property
    def data(self) -> bytes:
        """All that is split: the requests' bytes, one behind the other."""
        return b"".join(self.requests)

    @cached_property
    def plans(self) -> list[tuple[int, ...]]:
        """Where its requests are split, a trial each: at every offset, and before that nowhere where it is `joined`."""
        return [*([()] if self.joined else []), *((offset,) for offset in every_offset(self.data))]

    @property
    def pair_plans(self) -> list[tuple[int, ...]]:
        """Every pair of offsets."""
        return list(combinations(every_offset(self.data), 2))

    @property
    def answers(self) -> int:
        """How many answers its connection gets."""
        return len(self.requests) + bool(self.before)

    @property
    def target(self) -> str:
        """The target of the last request, as it stands in its request line (RFC 9112, section 3.2)."""
        return self.requests[-1].split(b" ", 2)[1].decode("ascii")

    @cached_property
    def head(self) -> bytes:
        """The shortest GET for the same target."""
        host = HOST_FIELD.search(self.requests[-1])
        return request_head(self.target, host[2].decode("ascii") if host else "x")

    @cached_property
    def whole(self) -> tuple[Leg, ...]:
        """The exchange of the baseline: each request whole, behind the answer to the one before."""
        return tuple(Leg((each,), (asked(each),)) for each in (*self._before, *self.requests))

    @cached_property
    def elsewhere(self) -> tuple[Leg, ...]:
        """The same for another URL in the last request."""
        last = self.requests[-1]
        other = last.replace(last.split(b" ", 2)[1], ELSEWHERE.encode(), 1)
        return (*self.whole[:-1], Leg((other,), self.whole[-1].awaited))

    def split(self, offsets: Sequence[int]) -> tuple[Leg, ...]:
        """Return the exchange whose requests are split at `offsets`: none means that they leave as one segment.

        A segment that follows a whole request leaves when that is answered: else its outcome would hang on which of the
        two is faster.
        """
        legs = [*self.whole[: len(self._before)]]
        segments: list[bytes] = []
        sent, awaited = 0, 0
        ends = list(accumulate(map(len, self.requests)))
        for segment in split(self.data, offsets):
            segments.append(segment)
            sent += len(segment)
            whole = sum(end <= sent for end in ends)
            if whole > awaited:
                legs.append(Leg(tuple(segments), self._awaited[awaited:whole]))
                segments, awaited = [], whole
        return tuple(legs)

    def at(self, authority: str, target: str = "") -> "Case":
        """Return the case as it is put to another server: with its Host, and for its URL where there is one."""
        return replace(self, before=_put(self.before, authority, ""), requests=self._put_all(authority, target))

    def _put_all(self, authority: str, target: str) -> tuple[bytes, ...]:
        return tuple(_put(each, authority, target) for each in self.requests)

    @property
    def _before(self) -> tuple[bytes, ...]:
        return (self.before,) if self.before else ()

    @cached_property
    def _awaited(self) -> tuple[Asked, ...]:
        return tuple(asked(each) for each in self.requests)


def request_head(target: str, host: str) -> bytes:
    """Return the shortest HTTP/1.1 head that asks for `target` (RFC 9112, sections 3 and 3.2): GET, and a Host field.

    ValueError where `target` or `host` holds what cannot stand in a head: a space, a control character, non-ASCII.
    """
    for part in (target, host):
        if not part or not part.isascii() or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in part):
            raise ValueError(f"{part!r} cannot stand in a request head as it is: percent-encode it")
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def load_cases(root: Path) -> dict[str, Case]:
    """Return all cases of the checkout at `root`, in the file's order; WrongUse where one cannot be measured."""
    records = read_record(root / FILE, dict[str, CaseRecord])
    if missing := [name for name in DECIDING if name not in records]:
        raise WrongUse(f"{FILE} is wrong", found=f"it has no case {missing[0]!r}, which decides 'Has issue?'")
    return {name: _case(name, record) for name, record in records.items()}


def select(cases: Mapping[str, Case], names: str) -> list[Case]:
    """Return the cases in `names`, which commas separate; all for none and for `all`. WrongUse names the nearest."""
    if names in ("", "all"):
        return list(cases.values())
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in cases:
            raise WrongUse(f"unknown case {name!r}", do=nearest(name, list(cases)))
    return [case for name, case in cases.items() if name in wanted]


def asked(request: bytes) -> Asked:
    """Return what must be known of a request to read its answer; ValueError where it is none, or not one alone."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(request)
    found = Asked()
    try:
        while (event := server.next_event()) is not h11.NEED_DATA and not isinstance(event, h11.EndOfMessage):
            if isinstance(event, h11.Request):
                upgrade = any(name == b"upgrade" and value == b"websocket" for name, value in event.headers)
                found = Asked(event.method.decode("ascii"), upgrade)
    except h11.RemoteProtocolError as error:
        raise ValueError(str(error)) from None
    if event is h11.NEED_DATA:
        raise ValueError("it has no end")
    if server.trailing_data[0]:
        raise ValueError("it goes on behind its end")
    return found


def of_request(request: bytes, name: str = "") -> Case:
    """Return the case of one request of the user's own; ValueError where it is none."""
    asked(request)
    return Case(name, (request,))


def _case(name: str, record: CaseRecord) -> Case:
    """Return a case; WrongUse where it cannot be measured."""
    where = f"{FILE} is wrong"
    if not CASE_NAME.match(name):
        raise WrongUse(where, found=f"{name!r} is no good name: lower-case words joined by -")
    for text in (*record.requests, *([record.before] if record.before else [])):
        try:
            asked(text.encode("ascii"))
        except ValueError as error:
            raise WrongUse(where, found=f"a request of the case {name!r} is none: {error}") from None
    if unknown := [parser for parser in record.parsers if parser not in PARSERS]:
        found = f"the case {name!r} is for the unknown parser {unknown[0]!r}"
        raise WrongUse(where, found=found, do=nearest(unknown[0], list(PARSERS)))
    if not record.requests:
        raise WrongUse(where, found=f"the case {name!r} has no request, and so no offset")
    return Case(
        name,
        tuple(each.encode("ascii") for each in record.requests),
        record.shows,
        record.before.encode("ascii"),
        record.joined,
        record.pairs,
        record.parsers,
    )


def _put(request: bytes, authority: str, target: str) -> bytes:
    """Return a request with another Host field and, where there is one, another target; in its own form."""
    if not request:
        return b""
    line, end, rest = request.partition(b"\r\n")
    method, old, version = line.split(b" ")
    new = target.encode("ascii") or re.sub(rb"^http://[^/]*", b"", old)
    if old.startswith(b"http://"):
        new = b"http://" + authority.encode("ascii") + new
    rest = HOST_FIELD.sub(lambda found: found[1] + authority.encode("ascii"), end + rest, count=1)
    return b" ".join((method, new, version)) + rest

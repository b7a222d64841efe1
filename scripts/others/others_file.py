"""variants/others.json: what each server answers in each case, one line a server. Pure but for the reading.

A row is written anew only when its evidence changes: its day is that of the measurement that found it so.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from scripts.history.rows import CaseFacts, Cell, offsets_of
from scripts.records import read_if_there

OTHERS_FILE = "variants/others.json"

RESTORE = f"Restore it: git checkout -- {OTHERS_FILE}"

LASTING = dt.date.min
"""The day of a row whose day does not count."""


class OtherRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One server; or, with a reason, why it was not measured."""

    name: str
    command: str
    python: str
    """The Python it ran on: 3.13."""
    versions: dict[str, str] = {}
    """The packages that answered, by their versions."""
    proof: str = ""
    """What made sure that segments arrived apart."""
    measured: dt.date
    inputs: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
    """The digest of what it was measured from: pins, command, bare apps, cases."""
    reason: str = ""
    unasked: dict[str, str] = {}
    """The cases that it was not asked, and why."""
    cases: dict[str, Cell] = {}

    def __post_init__(self) -> None:
        """Refuse a row that says nothing, or two things at once."""
        if bool(self.reason) == bool(self.cases):
            raise ValueError(f"{self.name}: a row has either cases or a reason for having none")
        if self.cases and not self.versions:
            raise ValueError(f"{self.name}: what was measured has a version")


class Others(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    format: Literal[1] = 1
    cases: dict[str, CaseFacts]
    servers: tuple[OtherRow, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a server that is there twice, and what cannot be of the cases that are named."""
        if len({row.name for row in self.servers}) < len(self.servers):
            raise ValueError("a server is there twice")
        for row in self.servers:
            if not row.reason and {*row.cases, *row.unasked} != {*self.cases}:
                raise ValueError(f"{row.name} has other cases than the file names")
            for name, cell in row.cases.items():
                last = max((last for runs in offsets_of(cell).values() for _, last in runs), default=0)
                if last >= self.cases[name].bytes:
                    raise ValueError(f"{row.name}: {name} has {self.cases[name].bytes} bytes, and no offset {last}")


def read_others(root: Path) -> Others | None:
    """Return what the checkout at `root` knows of other servers, None where they were never measured."""
    return read_if_there(root / OTHERS_FILE, Others, do=RESTORE)


def merged(before: OtherRow | None, now: OtherRow) -> OtherRow:
    """Return the row to write: the one before, with its day, where its evidence is that of `now`."""
    if before and lasting(before) == lasting(now):
        return msgspec.structs.replace(before, inputs=now.inputs)
    return now


def lasting(row: OtherRow) -> OtherRow:
    """Return a row without what may differ between two measurements of one truth."""
    return msgspec.structs.replace(row, measured=LASTING, inputs="0" * 16, proof="")


def differences(committed: Sequence[OtherRow], measured: Sequence[OtherRow]) -> list[str]:
    """Return what differs between rows' evidence, a line each: the server, the place, the old value, the new one."""
    old, new = ({row.name: _flat(row) for row in rows} for rows in (committed, measured))
    return [
        f"{name} {key}: {old.get(name, {}).get(key, 'nothing')} → {new.get(name, {}).get(key, 'nothing')}"
        for name in sorted(old.keys() | new.keys())
        for key in sorted(old.get(name, {}).keys() | new.get(name, {}).keys())
        if old.get(name, {}).get(key) != new.get(name, {}).get(key)
    ]


def encode_others(others: Others) -> str:
    """Return the text of the file: a line a server, by name."""
    return "".join(_lines(others))


def _lines(others: Others) -> Iterator[str]:
    """Yield the lines, each with its end."""
    yield f'{{\n"format": {others.format},\n"cases": {{'
    yield ", ".join(f"{_json(name)}: {_json(facts)}" for name, facts in others.cases.items())
    yield '},\n"servers": ['
    yield ",".join(f"\n{_json(row)}" for row in sorted(others.servers, key=lambda row: row.name.casefold()))
    yield "\n]\n}\n"


def _flat(row: OtherRow) -> dict[str, object]:
    """Return what lasts of a row, each case and version by a name of its own."""
    told: dict[str, object] = msgspec.to_builtins(lasting(row))
    for kind in ("cases", "versions"):
        inner = told.pop(kind, {})
        assert isinstance(inner, dict)
        told |= {f"{kind}.{name}": value for name, value in inner.items()}
    return told


def _json(thing: object) -> str:
    """Return a thing as one line of JSON, with spaces as people set them."""
    return msgspec.json.format(msgspec.json.encode(thing), indent=0).decode()

"""What passes between `make history` and its workers: jobs, and reports of them, a line of JSON each. Pure."""

import msgspec
from packaging.version import Version

from scripts.history.rows import HistoryRow
from scripts.pins.index import Release


class MeasureJob(msgspec.Struct, frozen=True):
    """A release to measure."""

    version: str
    release: Release
    cases: tuple[str, ...]
    void: dict[str, str]
    known: str
    """A Python that it did run on, where one is known."""


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is said of a job: a row, or its end."""

    version: str
    row: HistoryRow | None = None
    done: bool = False
    unreachable: bool = False
    """The package index was not there."""
    failure: str = ""
    """What went wrong, where it is none of the release's own."""


def _version(kind: type, value: object) -> object:
    """Read a version from its text."""
    if kind is Version:
        return Version(str(value))
    raise NotImplementedError(kind)


DECODER = msgspec.json.Decoder(MeasureJob, dec_hook=_version)

ENCODER = msgspec.json.Encoder(enc_hook=str)

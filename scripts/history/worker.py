"""A process that measures releases, one after the other: the probe keeps one core busy, so it takes two of these.

    python -m scripts.history.worker

It reads jobs from standard input, a line of JSON each, and writes what it finds to standard output, a line each: rows
as they are measured, and a last line for each job. When standard input closes, because its owner is done or was killed,
it ends at once, and with it the server that it measures.
"""

import os
import queue
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import msgspec
from packaging.version import Version

from scripts.errors import Failure
from scripts.history.environment import IndexUnreachable, remove
from scripts.history.measure_release import measure_release
from scripts.history.rows import HistoryRow
from scripts.pins.index import Release
from scripts.probe.cases import load_cases


class Job(msgspec.Struct, frozen=True):
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


DECODER = msgspec.json.Decoder(Job, dec_hook=_version)

ENCODER = msgspec.json.Encoder(enc_hook=str)


def work(root: Path, places: Path) -> None:
    """Measure what standard input asks for, each in an environment of its own below `places`."""
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    cases = load_cases(root)
    while True:
        job = DECODER.decode(jobs.get())
        places.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f"{job.version}-", dir=places))
        chosen = [cases[name] for name in job.cases]
        try:
            measure_release(
                job.release,
                chosen,
                place,
                void=job.void,
                known=job.known,
                say=lambda row: _tell(Report(row.release, row=row)),
            )
            report = Report(job.version, done=True)
        except IndexUnreachable as failure:
            report = Report(job.version, done=True, unreachable=True, failure=failure.what)
        except Failure as failure:
            report = Report(job.version, done=True, failure=failure.message)
        remove(place)
        _tell(report)


def _read(jobs: "queue.SimpleQueue[bytes]") -> None:
    """Take jobs from standard input until it closes, and end then, whatever is under way."""
    for line in sys.stdin.buffer:
        jobs.put(line)
    os._exit(0)


def _tell(report: Report) -> None:
    """Write a line for the owner."""
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(ENCODER.encode(report) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]))

"""A process that measures releases, one after the other: the probe keeps one core busy, so it takes two of these.

    python -m scripts.history.worker

It reads jobs from standard input, a line of JSON each, and writes what it finds to standard output: rows, as they are
measured, and a last line for each job. When standard input closes, because its owner is done or was killed, it ends at
once, and with it the server that it measures.
"""

import os
import queue
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from scripts.errors import Failure
from scripts.history.environment import IndexUnreachable, remove
from scripts.history.measure_release import measure_release
from scripts.history.reports import DECODER, ENCODER, Report
from scripts.probe.cases import load_cases


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
    with open(0, "rb", closefd=False) as pipe:  # not sys.stdin, which Python waits for at its own end
        for line in pipe:
            jobs.put(line)
    os._exit(0)


def _tell(report: Report) -> None:
    """Write a line for the owner."""
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(ENCODER.encode(report) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]))

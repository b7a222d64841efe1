"""The workers that measure the history, two at a time, and what they report."""

import queue
import shutil
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

import scripts
from scripts import process
from scripts.errors import Failure
from scripts.history.reports import ENCODER, MeasureJob, Report

WORKERS = 2

KEPT_LINES = 20


def reports(root: Path, places: Path, jobs: Sequence[MeasureJob]) -> Iterator[Report]:
    """Have the workers do the jobs, and yield what they report, as it comes.

    Where the package index is not there, no further job is begun: the report says so, and those that are under way come
    to their end. Failure where a worker ends by itself. The environments are made below `places`, which is cleared: the
    caller sees to it that nobody else is at work there.
    """
    shutil.rmtree(places, ignore_errors=True)
    # One begins with the oldest, which hang, so that most of their time is waiting; the others keep the processor busy.
    waiting = deque(jobs)

    def following(place: int) -> MeasureJob:
        return waiting.pop() if place % 2 else waiting.popleft()

    told: queue.SimpleQueue[Report | _Ended] = queue.SimpleQueue()
    crew = [_Worker(root, places, told) for _ in range(min(WORKERS, len(jobs)))]
    try:
        for place, worker in enumerate(crew):
            worker.give(following(place))
        busy = len(crew)
        while busy:
            report = told.get()
            if isinstance(report, _Ended):
                what = "a worker of the history ended"
                raise Failure(what, found=report.lines[-1], do="Again: make history goes on", lines=report.lines)
            if report.unreachable:
                waiting.clear()
            if report.done:
                place = next(place for place, each in enumerate(crew) if each.version == report.version)
                worker = crew[place]
                if waiting:
                    worker.give(following(place))
                else:
                    worker.version = ""
                    busy -= 1
            yield report
    finally:
        for worker in crew:
            worker.end()
        shutil.rmtree(places, ignore_errors=True)


class _Ended(msgspec.Struct):
    """A worker is no more."""

    lines: list[str]
    """What it printed last."""


class _Worker:
    """A process that is given jobs."""

    def __init__(self, root: Path, places: Path, told: "queue.SimpleQueue[Report | _Ended]") -> None:
        """Start it."""
        args: list[str | Path] = [sys.executable, "-m", "scripts.history.worker", root.resolve(), places.resolve()]
        self._process = process.start(args, cwd=Path(scripts.__file__).parents[1], env=process.environment())
        self._told = told
        self._last: deque[str] = deque(maxlen=KEPT_LINES)
        self._over = False
        self.version = ""
        """The release that it is at."""
        self._drain = threading.Thread(target=self._read_errors, daemon=True)
        self._drain.start()
        threading.Thread(target=self._read, daemon=True).start()

    def give(self, job: MeasureJob) -> None:
        """Let it do a job."""
        assert self._process.stdin
        self.version = job.version
        with suppress(BrokenPipeError):  # the reader of its output says so
            self._process.stdin.write(ENCODER.encode(job) + b"\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """End it, with what it runs."""
        self._over = True
        process.end(self._process)
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def _read(self) -> None:
        """Pass on what it reports."""
        assert self._process.stdout
        with self._process.stdout as pipe:
            for line in pipe:
                self._told.put(msgspec.json.decode(line, type=Report))
        self._drain.join()
        if not self._over:
            self._told.put(_Ended(list(self._last) or ["it printed nothing"]))

    def _read_errors(self) -> None:
        """Keep the last lines that it prints beside."""
        assert self._process.stderr
        with self._process.stderr as pipe:
            for line in pipe:
                self._last.append(line.decode("utf-8", "replace").rstrip())

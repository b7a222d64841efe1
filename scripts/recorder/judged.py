"""What a client got, judged from the steps of a recording by the probe's own rules. Pure."""

from collections.abc import Sequence

from scripts.probe.answers import End, Outcome
from scripts.probe.baseline import Baseline
from scripts.probe.cases import Case, asked
from scripts.probe.series import Series, SeriesReader
from scripts.recorder.recording import Kind
from scripts.recorder.spans import RawStep


def judged(case: Case, trials: Sequence[Sequence[RawStep]]) -> list[Outcome]:
    """Return the outcome of each trial; the first one is the baseline, whose requests were sent whole.

    Failure where those were not answered.
    """
    answers = [_answers(case, steps) for steps in trials]
    baseline = Baseline.of(answers[:1])
    return [baseline.judge(each) for each in answers]


def _answers(case: Case, steps: Sequence[RawStep]) -> Series:
    """Return the answers that a trial wrote."""
    reader = SeriesReader([asked(request) for request in case.requests])
    for kind, _, values in steps:
        if kind in {Kind.WRITE, Kind.CLOSE}:
            found = reader.feed("".join(values).encode("latin-1"))
            if found:
                return found
    return reader.ended(End.TIMED_OUT)

"""What a measurement leaves as evidence: the outcome of each offset of a case. Pure."""

from collections.abc import Sequence

import msgspec

from scripts.errors import Failure
from scripts.probe.answers import Outcome
from scripts.probe.measurement import Measurement, Trial
from scripts.probe.offsets import Range

GRAVITY = (Outcome.MISROUTED, Outcome.HUNG, Outcome.DROPPED, Outcome.REJECTED, Outcome.INTACT)
"""The gravest first, so that a single misroute is not lost among what was dropped."""


NAMED = 5
"""How many trials that came and went are named."""


class CameAndWent(Failure):
    """The same splits came out one way once and another way later."""

    plans: tuple[tuple[int, ...], ...] = ()
    """Where they were split, nowhere where requests left as one segment."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the evidence; unknown keys are refused."""


class PairEvidence(Record, frozen=True):
    """What became of a case that was split at every pair of offsets."""

    outcomes: dict[Outcome, int]
    served: dict[str, int] = {}
    """The URLs that were served instead, and how often."""


class CaseEvidence(Record, frozen=True):
    """What became of a case, split once at every offset."""

    bytes: int
    outcomes: dict[Outcome, int]
    offsets: dict[Outcome, list[Range]]
    joined: Outcome | None = None
    """What its requests got when they were sent as one segment, where the case has that."""
    served: dict[str, int] = {}
    """The URLs that were served instead, where the server says so, and how often."""
    pairs: PairEvidence | None = None

    def __post_init__(self) -> None:
        """Refuse evidence that no measurement gives; msgspec names the place in the file."""
        if not self.outcomes.keys() == self.offsets.keys() == set(Outcome):
            raise ValueError(f"each of {', '.join(Outcome)} must have a count and its offsets")
        for outcome, runs in self.offsets.items():
            count = sum(last - first + 1 for first, last in runs)
            if self.outcomes[outcome] != count:
                raise ValueError(f"{self.outcomes[outcome]} splits are {outcome}, and the offsets name {count}")
        behind = 1
        for first, last in sorted(run for runs in self.offsets.values() for run in runs):
            if first != behind or last < first:
                raise ValueError(f"offsets {first} to {last} do not follow {behind - 1}: each belongs to one outcome")
            behind = last + 1
        if behind != self.bytes:
            raise ValueError(f"the offsets end with {behind - 1}, those of {self.bytes} bytes do not")

    @property
    def splits(self) -> int:
        """How many offsets were tried."""
        return sum(self.outcomes.values())

    @property
    def met(self) -> set[Outcome]:
        """The outcomes that occur."""
        return {outcome for outcome, count in self.outcomes.items() if count}

    @property
    def gravest(self) -> Outcome:
        """The gravest outcome of a split."""
        return next(outcome for outcome in GRAVITY if outcome in self.met)

    @property
    def intact(self) -> bool:
        """Whether every offset was intact, and what was joined."""
        return self.met == {Outcome.INTACT} and self.joined in (None, Outcome.INTACT)


def evidence(measurement: Measurement, pairs: Measurement | None = None) -> CaseEvidence:
    """Return what a measurement of every offset says; `pairs` is the one of every pair.

    Failure where nothing can be told from one of them: CameAndWent where that is because splits did.
    """
    for each in (measurement, *([pairs] if pairs else [])):
        _refuse_doubt(each)
    return CaseEvidence(
        bytes=len(measurement.case.data),
        outcomes=measurement.counts,
        offsets=measurement.offsets,
        joined=measurement.joined.outcome if measurement.joined else None,
        served=_served(measurement),
        pairs=PairEvidence(pairs.counts, _served(pairs)) if pairs else None,
    )


def in_short(case: CaseEvidence) -> str:
    """Return the outcomes that occur, with how many splits came to each, the gravest first."""
    counted = [f"{case.outcomes[outcome]:,} {outcome}" for outcome in GRAVITY if outcome in case.met]
    return ", ".join(counted) + (f", in one segment {case.joined}" if case.joined else "")


def _refuse_doubt(measurement: Measurement) -> None:
    """Refuse a measurement that evidence cannot stand on."""
    name = measurement.case.name
    if not measurement.tells_urls_apart:
        raise Failure("nothing can be told", found=f"the case {name} gets the answer that any other URL gets")
    if came_and_went := [trial for trial in measurement.all if trial.flaky]:
        found = f"{name} splits came out one way once and another way later: {_tries(came_and_went)}"
        do = "Measure again, on a machine with less to do: make verify"
        failure = CameAndWent("nothing can be told", found=found, do=do)
        failure.plans = tuple(trial.offsets for trial in came_and_went)
        raise failure
    for doubt in measurement.doubts:
        raise Failure("nothing can be told", found=f"{name}: {doubt.text}", do=doubt.do)


def _tries(trials: Sequence[Trial]) -> str:
    """Return where the first few of the trials were split, and what each got in turn."""
    named = [
        f"{' and '.join(map(str, trial.offsets)) or 'nowhere'} ({', '.join(trial.tries)})" for trial in trials[:NAMED]
    ]
    return "; ".join(named) + (f"; {len(trials) - NAMED:,} more" if len(trials) > NAMED else "")


def _served(measurement: Measurement) -> dict[str, int]:
    """Return what was served instead, in an order of its own."""
    return {url.decode("latin-1"): count for url, count in sorted(measurement.served.items())}

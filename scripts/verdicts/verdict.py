"""The verdict: the measured answer to "Has issue?" with its evidence, as variants/<name>/verdict.json holds it. Pure.

A verdict is made from measurements alone. It is rewritten only when its evidence changes: `same_evidence` leaves out
what may differ between two measurements of one truth (the day, the proof's kind, the patch level of Python).
"""

import re
from typing import Literal

import msgspec

from scripts.errors import Failure
from scripts.platforms.about import Server
from scripts.probe.answers import Outcome
from scripts.probe.measure import Measurement
from scripts.wire.splitting import Range

PAIR = re.compile(r"\[\s+(\d+),\s+(\d+)\s+\]")


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the verdict; unknown keys are refused."""


class RequestEvidence(Record, frozen=True):
    """What became of one request, split once at every offset of its head."""

    head_bytes: int
    outcomes: dict[Outcome, int]
    offsets: dict[Outcome, list[Range]]

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
        if behind != self.head_bytes:
            raise ValueError(f"the offsets end with {behind - 1}, those of {self.head_bytes} bytes do not")

    @property
    def splits(self) -> int:
        """How many offsets were tried."""
        return sum(self.outcomes.values())

    @property
    def intact(self) -> bool:
        """Whether every offset was intact."""
        return self.outcomes[Outcome.INTACT] == self.splits


class Requests(Record, frozen=True):
    """The two requests that a verdict is measured on."""

    form: RequestEvidence
    """The form's redirect, of about 3.9 KB."""
    misroute: RequestEvidence
    """A short one with a second path in its query."""


class RouterEvidence(Record, frozen=True):
    """The original's own story: the form, submitted through the router."""

    submissions: int
    failed: int
    segment_bytes: int

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        if not 0 <= self.failed <= self.submissions or self.segment_bytes < 0:
            raise ValueError(
                f"{self.failed} of {self.submissions} submissions in segments of {self.segment_bytes} bytes cannot be"
            )


class Verdict(Record, frozen=True, kw_only=True):
    """The measured answer to "Has issue?"."""

    format: Literal[1] = 1
    has_issue: bool
    requests: Requests
    router: RouterEvidence
    server: Server
    proof: str
    """What makes sure that segments arrived apart: receive-queue, barrier or gap."""
    tree: str
    """Id of the branch's tree that was measured."""
    measured: str
    """Day of the measurement (UTC, ISO 8601)."""

    def __post_init__(self) -> None:
        """Refuse an answer that its own evidence contradicts."""
        intact = self.requests.form.intact and self.requests.misroute.intact
        if self.has_issue == intact:
            raise ValueError(f"has_issue is {self.has_issue}, and {'every' if intact else 'not every'} split is intact")


def request_evidence(measurement: Measurement) -> RequestEvidence:
    """Return what a measurement of every offset says."""
    return RequestEvidence(len(measurement.head), measurement.counts, measurement.offsets)


def judge(
    form: Measurement,
    misroute: Measurement,
    router: RouterEvidence,
    server: Server,
    *,
    tree: str,
    measured: str,
) -> Verdict:
    """Return the verdict on a release: it has the issue when any split request got less than the whole one's answer.

    Failure where the probe and the router contradict each other, for then one of them is wrong.
    """
    for name, measurement in (("form", form), ("misroute", misroute)):
        if not measurement.tells_urls_apart:
            raise Failure("no verdict", found=f"the {name} request gets the answer that any other URL gets")
        if measurement.flaky:
            found = f"{name} splits came out one way once and another way later: {measurement.flaky}"
            raise Failure("no verdict", found=found, do="Measure again, on a machine with less to do: make verify")
        for doubt in measurement.doubts:
            raise Failure("no verdict", found=f"{name}: {doubt.text}", do=doubt.do)
    if form.intact == bool(router.failed):
        raise Failure(
            "no verdict: the probe and the router contradict each other",
            found=f"{form.counts[Outcome.INTACT]} of {len(form.trials)} splits intact, "
            f"{router.failed} of {router.submissions} submissions failed",
        )
    return Verdict(
        has_issue=not (form.intact and misroute.intact),
        requests=Requests(request_evidence(form), request_evidence(misroute)),
        router=router,
        server=server,
        proof=form.proof,
        tree=tree,
        measured=measured,
    )


def same_evidence(one: Verdict, other: Verdict) -> bool:
    """Say whether two verdicts stand on the same evidence."""
    return _lasting(one) == _lasting(other)


def differences(committed: Verdict, measured: Verdict) -> list[str]:
    """Return what differs between two verdicts' evidence, a line each: the place, the old value, the new one."""
    old, new = (_flat(msgspec.to_builtins(_lasting(each))) for each in (committed, measured))
    return [
        f"{key}: {old.get(key, 'nothing')} → {new.get(key, 'nothing')}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def evidence_in_short(verdict: Verdict) -> str:
    """Return the answer and its evidence for the table: `Yes: 3,901 of 3,926 splits dropped, 8 of 73 misrouted`."""
    if not verdict.has_issue:
        splits = verdict.requests.form.splits + verdict.requests.misroute.splits
        return f"No: all {splits:,} splits intact"
    parts: list[str] = []
    for evidence, outcomes in (
        (verdict.requests.form, tuple(Outcome)),
        (verdict.requests.misroute, (Outcome.MISROUTED,)),
    ):
        for outcome in outcomes:
            count = evidence.outcomes[outcome]
            if count and outcome is not Outcome.INTACT:
                unit = "" if parts else "splits "
                parts.append(f"{count:,} of {evidence.splits:,} {unit}{outcome}")
    return f"Yes: {', '.join(parts)}"


def encode(verdict: Verdict) -> str:
    """Return the text of verdict.json; each range stands on one line."""
    text = msgspec.json.format(msgspec.json.encode(verdict), indent=2).decode()
    return PAIR.sub(r"[\1, \2]", text) + "\n"


def _lasting(verdict: Verdict) -> Verdict:
    """Return the verdict without what may differ between two measurements of one truth."""
    server = msgspec.structs.replace(verdict.server, python=".".join(verdict.server.python.split(".")[:2]))
    return msgspec.structs.replace(verdict, server=server, proof="", measured="")


def _flat(value: object, prefix: str = "") -> dict[str, object]:
    """Return nested mappings as one, with dotted keys."""
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, object] = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return flat

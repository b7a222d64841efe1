"""The verdict: the measured answer to "Has issue?" with its evidence, as variants/<name>/verdict.json holds it. Pure.

A verdict is made from measurements alone. It is rewritten only when its evidence changes: `same_evidence` leaves out
what may differ between two measurements of one truth (the day, the proof's kind, the patch level of Python).
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from scripts.errors import Failure
from scripts.platforms.about import Server
from scripts.probe.answers import Outcome
from scripts.probe.cases import DECIDING
from scripts.probe.evidence import GRAVITY, CaseEvidence, Record

PAIR = re.compile(r"\[\s+(\d+),\s+(\d+)\s+\]")


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


class Verdict(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The measured answer to "Has issue?"."""

    format: Literal[2] = 2
    has_issue: bool
    cases: dict[str, CaseEvidence]
    """What became of each case, by its name."""
    void: dict[str, str] = msgspec.field(default_factory=dict)
    """The cases that have no result, because a control did not come out as known, and why."""
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
        if missing := [name for name in DECIDING if name not in self.cases]:
            raise ValueError(f"there is no evidence of {missing[0]}, which decides")
        if self.has_issue == _intact(self.cases):
            every = "every" if self.has_issue else "not every"
            raise ValueError(f"has_issue is {self.has_issue}, and {every} split is intact")


def judge(
    cases: dict[str, CaseEvidence],
    void: dict[str, str],
    router: RouterEvidence,
    server: Server,
    *,
    tree: str,
    measured: str,
    proof: str,
) -> Verdict:
    """Return the verdict on a release: it has the issue when a split of `form` or `misroute` got less than the whole.

    Failure where the controls void one of the two, and where the probe and the router contradict each other, for then
    one of them is wrong.
    """
    for name in DECIDING:
        if name in void:
            raise Failure("no verdict: the run is void", found=void[name])
    form = cases["form"]
    if form.intact == bool(router.failed):
        raise Failure(
            "no verdict: the probe and the router contradict each other",
            found=f"{form.outcomes[Outcome.INTACT]} of {form.splits} splits intact, "
            f"{router.failed} of {router.submissions} submissions failed",
        )
    return Verdict(
        has_issue=not _intact(cases),
        cases=cases,
        void=void,
        router=router,
        server=server,
        proof=proof,
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


def evidence_in_short(verdict: Verdict, most: int | None = None) -> str:
    """Return the answer and its evidence in a line, by the gravest outcome of each case.

    `Yes. Misrouted: misroute (8 of 73 splits), post, websocket. Dropped: form (3,901 of 3,926 splits), headers.`
    Where more than `most` cases that do not decide came to one outcome, they are counted.
    """
    intact = [each for each in verdict.cases.values() if each.intact]
    parts = ["Yes." if verdict.has_issue else _no(len(verdict.cases) - len(intact))]
    gravest = {
        outcome: [name for name, each in verdict.cases.items() if each.gravest is outcome] for outcome in GRAVITY[:-1]
    }
    parts += [
        f"{outcome.capitalize()}: {_listed(verdict, names, outcome, most)}."
        for outcome, names in gravest.items()
        if names
    ]
    for name, each in verdict.cases.items():
        if each.joined not in (None, Outcome.INTACT):
            parts.append(f"In one segment: {name} {each.joined}.")
    if len(intact) == len(verdict.cases):
        parts.append(f"All {sum(each.splits for each in intact):,} splits of {len(intact)} cases intact.")
    if verdict.void:
        parts.append(f"Void: {', '.join(verdict.void)}.")
    return " ".join(parts)


def printed_line(name: str, lines: Sequence[str], notes: Sequence[str]) -> str:
    """Return the line that a measurement of a variant prints: what was found, and in brackets what it stands on."""
    return f"{name:12} {'; '.join(lines)} [{'; '.join(notes)}]"


def encode(verdict: Verdict) -> str:
    """Return the text of verdict.json; each range stands on one line."""
    text = msgspec.json.format(msgspec.json.encode(verdict), indent=2).decode()
    return PAIR.sub(r"[\1, \2]", text) + "\n"


def _no(failing: int) -> str:
    """Return the answer "no", which must not contradict the cases that are named behind it."""
    return f"No, but {'another case fails' if failing == 1 else 'other cases fail'}." if failing else "No."


def _intact(cases: dict[str, CaseEvidence]) -> bool:
    """Say whether the cases that decide are intact."""
    return all(cases[name].intact for name in DECIDING)


def _listed(verdict: Verdict, names: Sequence[str], outcome: Outcome, most: int | None) -> str:
    """Return the cases that came to an outcome; those that do not decide as a number where there are too many."""
    others = [name for name in names if name not in DECIDING]
    counted = most is not None and len(others) > most
    shown = [name for name in names if name in DECIDING or not counted]
    told = ", ".join(_counted(name, verdict.cases[name], outcome) for name in shown)
    return " and ".join(filter(None, (told, f"{len(others)} other cases" if counted else "")))


def _counted(name: str, each: CaseEvidence, outcome: Outcome) -> str:
    """Return a case's name; with how many splits came to an outcome where the case decides."""
    return f"{name} ({each.outcomes[outcome]:,} of {each.splits:,} splits)" if name in DECIDING else name


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

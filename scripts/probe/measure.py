"""The probe: sends a request many times, each time split otherwise, and judges each answer against the whole one's."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.errors import Failure
from scripts.probe.answers import Answer, Baseline, End, Outcome
from scripts.probe.exchange import Batch, Times, ask, collect
from scripts.probe.proof import Proof, ProofName
from scripts.wire.receive_queue import Address
from scripts.wire.splitting import Range, ranges, split

BATCH_CONNECTIONS = 128
"""Connections of a batch: the most that an old listener's default backlog of 128 takes at once."""

BASELINE_REQUESTS = 3

ELSEWHERE = b"/uvicorn-issue-344-elsewhere"
"""A URL that nothing serves: where its answer is the baseline's too, misrouting cannot be seen."""


@dataclass(frozen=True)
class Trial:
    """One split request: where it was split, and what it got."""

    offsets: tuple[int, ...]
    outcome: Outcome
    answer: Answer


@dataclass(frozen=True)
class Measurement:
    """The trials of one request head against one server."""

    head: bytes
    baseline: Baseline
    trials: tuple[Trial, ...]
    proof: ProofName
    tells_urls_apart: bool

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many trials came to each outcome, all five of them named."""
        counted = Counter(trial.outcome for trial in self.trials)
        return {outcome: counted[outcome] for outcome in Outcome}

    @property
    def offsets(self) -> dict[Outcome, list[Range]]:
        """The ranges of first offsets that came to each outcome, all five of them named."""
        return {each: ranges(trial.offsets[0] for trial in self.trials if trial.outcome is each) for each in Outcome}

    @property
    def ends(self) -> dict[End, int]:
        """How the waits for the answers ended."""
        return dict(Counter(trial.answer.end for trial in self.trials))

    @property
    def served(self) -> dict[bytes, int]:
        """The URLs that the misrouted requests were served instead, where the server says so, and how often."""
        urls = (trial.answer.asked_for for trial in self.trials if trial.outcome is Outcome.MISROUTED)
        return dict(Counter(url for url in urls if url is not None).most_common())

    @property
    def intact(self) -> bool:
        """Whether every split request got the whole one's answer."""
        return all(trial.outcome is Outcome.INTACT for trial in self.trials)


def baseline(server: Address, head: bytes, times: Times) -> Baseline:
    """Return the baseline of a request head; Failure where the server has none to give."""
    return Baseline.of(ask(server, [head] * BASELINE_REQUESTS, times))


def measure(
    server: Address,
    head: bytes,
    plans: Sequence[tuple[int, ...]],
    proof: Proof,
    *,
    times: Times | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Measurement:
    """Send `head` once for each plan (the offsets of its splits), every time over a connection of its own.

    `progress` is called with the number of trials that a batch has done. Failure where the server gives no baseline,
    stops answering, or does not read.
    """
    times = times or Times()
    whole = baseline(server, head, times)
    elsewhere = ask(server, [head.replace(head.split(b" ", 2)[1], ELSEWHERE, 1)], times)[0]
    trials: list[Trial] = []
    for batch in _batches(plans):
        segments = [split(head, plan) for plan in batch]
        for plan, answer in zip(batch, _in_step(server, segments, proof, times), strict=True):
            trials.append(Trial(plan, whole.judge(answer), answer))
        progress(len(batch))
    if ask(server, [head], times)[0].end is not End.COMPLETE:
        raise Failure("the server no longer answers whole requests", do="Look at its log")
    return Measurement(head, whole, tuple(trials), proof.name, not whole.matches(elsewhere))


def _in_step(server: Address, requests: Sequence[tuple[bytes, ...]], proof: Proof, times: Times) -> list[Answer]:
    """Send all requests in step, one segment of each at a time, and return their answers."""
    with Batch(server, len(requests), times) as batch:
        proof.warm(batch.connections)
        for step in range(max(len(segments) for segments in requests)):
            unfinished = []
            for connection, segments in zip(batch.connections, requests, strict=True):
                if step < len(segments):
                    connection.send(segments[step])
                if step + 1 < len(segments):
                    unfinished.append(connection)
            proof.wait_read(unfinished)
        return collect(batch.connections, times.answer)


def _batches(plans: Sequence[tuple[int, ...]]) -> list[Sequence[tuple[int, ...]]]:
    """Part the plans into batches."""
    return [plans[start : start + BATCH_CONNECTIONS] for start in range(0, len(plans), BATCH_CONNECTIONS)]

"""The probe: sends a request split at each of its offsets, and judges every answer against the whole request's.

Its worst mistake would be a wrong word, so:
- Whole requests go among the split ones all along. What they get teaches what moves by itself (`comparison`), and what
  befalls them too is the server's own weather, not the split's effect.
- A trial that is not intact is tried again before it counts: as it was sent first, then alone, one at a time, each next
  to a whole request. Where that one fails too, the try says nothing. Of many that come out alike, a sample is tried.
- What comes and goes is flaky. More than a few of such make that nothing can be told.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby

from scripts.errors import Failure
from scripts.probe.answers import Answer, Outcome
from scripts.probe.baseline import Baseline
from scripts.probe.cases import Case
from scripts.probe.comparison import Compare
from scripts.probe.endpoint import Endpoint
from scripts.probe.exchange import Exchanges
from scripts.probe.measurement import Measurement, Trial, Wholes
from scripts.probe.pace import Times, Window
from scripts.probe.proof import Proof, ProofName, choose
from scripts.probe.series import Series

FIRST_WHOLES = 5
"""How many whole requests a measurement begins with."""

MORE_WHOLES = 30
"""How many whole requests follow where a split one's answer differs in fields or body alone: do they move anyway?."""

WHOLE_EVERY = 8
"""After how many split requests a whole one follows."""

ALONE = 256
"""How many trials are tried again alone, about; all where it makes a difference."""

HUNG = 8
"""How many of those that hung are tried again: each costs the time limit of an answer."""

TOO_MUCH = (429, 503)
"""By what a server says that it was asked too much (RFC 6585, section 4; RFC 9110, section 15.6.4)."""

ALL_FAIL = 20
"""How many whole requests in a row may fail before the measurement is given up."""


Seen = Callable[[tuple[int, ...], Outcome], None]


@dataclass(frozen=True)
class How:
    """How a server is measured."""

    times: Times = field(default_factory=Times)
    gap: float | None = None
    """Seconds between segments, where a delay is to do."""
    proof: str = ""
    """The proof that is wanted (`proof.choose`); empty: the best one that holds."""
    processes: int = 1
    """How many processes serve, as far as that is known."""
    compare: Compare = Compare.ALL
    most: int = 128
    """How many connections are open at once, at most."""
    confirm: bool = True
    """Try again what is not intact."""


@dataclass
class _Run:
    """A measurement under way."""

    exchanges: Exchanges
    case: Case
    proof: Proof
    baseline: Baseline
    window: Window
    wholes: Wholes
    progress: Callable[[int], None]
    seen: Seen | None

    def send(self, plans: Sequence[tuple[int, ...]], *, every: int) -> list[Series]:
        """Send the requests once for each plan, and whole after `every` of them; return what each plan got.

        Wholes are learnt from as they come. Failure where whole requests get nothing any more.
        """
        got = {place: answer for place, answer in self._go(plans, every, self.window) if place is not None}
        return [got[place] for place in range(len(plans))]

    def send_alone(self, plans: Sequence[tuple[int, ...]]) -> list[Series | None]:
        """Do so one at a time, with a whole request after each; None for what came before one that failed."""
        got: list[Series | None] = []
        for place, answer in self._go(plans, 1, Window(1, fixed=True)):
            if place is not None:
                got.append(answer)
            elif not self.baseline.agrees(answer):
                got[-1] = None
        return got

    def _go(self, plans: Sequence[tuple[int, ...]], every: int, window: Window) -> Iterator[tuple[int | None, Series]]:
        """Yield each answer with the place of its plan, or with None where the request was whole."""
        jobs: list[int | None] = []
        for start in range(0, len(plans), every):
            jobs += [*range(start, min(start + every, len(plans))), None]
        exchanges = (self.case.whole if job is None else self.case.split(plans[job]) for job in jobs)
        failed = 0
        for done in self.exchanges.run(exchanges, self.proof, window):
            job = jobs[done.index]
            if job is not None:
                self.progress(1)
                if self.seen:
                    self.seen(plans[job], self.baseline.judge(done.answers))
            else:
                self.wholes.sent += 1
                learnt = self.baseline.learn(done.answers)
                failed = 0 if learnt else failed + 1
                if learnt:
                    window.whole(done.seconds)
                else:
                    self.wholes.failed += 1
                    window.shrink()
                if failed > ALL_FAIL:
                    last = done.answers[-1]
                    found = f"status {last.status}" if last.status else str(last.end)
                    do = "Is there a limit on requests or connections? Probe without it"
                    raise Failure("could not tell: the server no longer answers whole requests", found=found, do=do)
            yield job, done.answers

    def send_wholes(self, count: int) -> None:
        """Send only whole requests, one at a time, and learn from them."""
        for _ in range(count):
            self.wholes.sent += 1
            self.wholes.failed += not self.baseline.learn(self.exchanges.exchange(self.case.whole))


def measure(
    exchanges: Exchanges,
    case: Case,
    plans: Sequence[tuple[int, ...]],
    proof: Proof,
    *,
    how: How,
    progress: Callable[[int], None] = lambda _: None,
    seen: Seen | None = None,
) -> Measurement:
    """Send the case's requests once for each plan (the offsets of its splits), each over a connection of its own.

    `progress` is called with the number of trials that are done, `seen` with the offsets of each and what it looks like
    at first: what is not intact is tried again before it counts. Failure where the server gives no baseline, or stops
    answering.
    """
    first = [exchanges.exchange(case.whole) for _ in range(FIRST_WHOLES)]
    baseline = Baseline.of(first, how.compare)
    elsewhere = [exchanges.exchange(case.elsewhere) for _ in range(2)]
    wholes = Wholes(len(first), sum(not baseline.agrees(answers) for answers in first))
    run = _Run(exchanges, case, proof, baseline, Window(min(4, how.most), how.most), wholes, progress, seen)
    got = run.send(plans, every=WHOLE_EVERY)
    run.progress, run.seen = lambda _: None, None
    failed = wholes.failed
    tries = [_Tries([answers]) for answers in got]
    if how.confirm:
        _try_again(run, plans, tries)
    # Judged last: what moves by itself is known best at the end.
    trials = [_settled(baseline, plan, each, failed) for plan, each in zip(plans, tries, strict=True)]
    tells = not any(baseline.matches(answers) for answers in elsewhere)
    joined = next((trial for trial in trials if not trial.offsets), None)
    splits = tuple(trial for trial in trials if trial.offsets)
    return Measurement(case, baseline, splits, proof.name, tells, wholes, joined)


@dataclass
class _Tries:
    """What one split got: first and again among others, and alone."""

    among: list[Series]
    alone: list[Series] = field(default_factory=list)
    unsure: bool = False
    """It has not been tried alone where that is needed: others like it were intact then, or whole requests failed."""


def _try_again(run: _Run, plans: Sequence[tuple[int, ...]], tries: Sequence[_Tries]) -> None:
    """Try again what is not intact, and add what it got."""

    def judged(got: Iterable[Series]) -> set[Outcome]:
        return {run.baseline.judge(answers) for answers in got}

    def alone(places: Sequence[int]) -> None:
        for place, answer in zip(places, run.send_alone([plans[place] for place in places]), strict=True):
            tries[place].alone += [answer] if answer else []
            tries[place].unsure = not tries[place].alone

    first = {place: run.baseline.judge(each.among[0]) for place, each in enumerate(tries)}
    runs = [list(group) for outcome, group in groupby(first, first.__getitem__) if outcome is not Outcome.INTACT]
    hung = {place for group in runs for place in group if first[place] is Outcome.HUNG}
    samples = [_sample(group, runs, HUNG if group[0] in hung else ALONE) for group in runs]
    among = [
        place for group, sample in zip(runs, samples, strict=True) for place in (sample if group[0] in hung else group)
    ]
    if any(run.baseline.agrees(tries[place].among[0]) for place in among):
        run.send_wholes(MORE_WHOLES)
    for place, answer in zip(among, run.send([plans[place] for place in among], every=4), strict=True):
        tries[place].among.append(answer)
    differed = [place for place in among if len(judged(tries[place].among)) > 1]
    chosen = sorted({*differed[:ALONE], *chain(*samples)})
    alone(chosen)
    alone([place for place in chosen if place not in hung])
    # Where some of a run are intact alone, the others are no longer known by them.
    for group in runs:
        rest = [place for place in group if place not in chosen]
        if any(Outcome.INTACT in judged(tries[place].alone) for place in group):
            for place in rest:
                tries[place].unsure = True
            while rest and len([place for place in group if Outcome.HUNG in judged(tries[place].alone)]) < HUNG:
                alone(rest[:HUNG])
                rest = rest[HUNG:]


def _sample(group: Sequence[int], groups: Sequence[Sequence[int]], most: int) -> list[int]:
    """Return an even share of a run of places, its first and last among them, where all runs have `most` together."""
    step = max(1, -(-len(group) // max(2, most // len(groups))))
    return sorted({*group[::step], group[-1]})


def _settled(baseline: Baseline, plan: tuple[int, ...], tries: _Tries, failed: int) -> Trial:
    """Return a trial as it stands when it has been tried again.

    Where whole requests failed as well (`failed` of them), which is the weather, what it got alone counts. So it does
    where the server said among others that it has too much to do.
    """
    outcomes = tuple(baseline.judge(answers) for answers in (*tries.among, *tries.alone))
    if not tries.unsure and set(outcomes) == {outcomes[0]}:
        return Trial(plan, outcomes[0], tries.among[0])
    if tries.alone and all(baseline.matches(answers) for answers in tries.alone):
        limited = all(baseline.matches(answers) or answers[-1].status in TOO_MUCH for answers in tries.among)
        return Trial(plan, Outcome.INTACT, tries.alone[0], flaky=not (failed or limited), tries=outcomes)
    return Trial(plan, outcomes[0], tries.among[0], flaky=True, tries=outcomes)


def probe(
    endpoint: Endpoint,
    case: Case,
    plans: Sequence[tuple[int, ...]] = (),
    how: How | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    seen: Seen | None = None,
) -> Measurement:
    """Measure the server at `endpoint`, as `measure` has it, with the proof that holds for it (`proof.choose`).

    Without `plans`: at every offset, and joined where the case says so.
    """
    how = how or How()
    exchanges = Exchanges(endpoint.resolved(), how.times, case.head)

    def ask() -> Answer:
        return exchanges.ask(case.head)

    with choose(exchanges.endpoint, ask, gap=how.gap, wanted=how.proof, processes=how.processes) as way:
        if way.name is not ProofName.RECEIVE_QUEUE or how.processes > 1:
            exchanges.times = replace(how.times, quiet=0.0)
        return measure(exchanges, case, plans or case.plans, way, how=how, progress=progress, seen=seen)

"""The probe: sends a request split at each of its offsets, and judges every answer against the whole request's.

Its worst mistake would be a wrong word, so:
- Whole requests go among the split ones all along. What they get teaches what moves by itself (`comparison`), and what
  befalls them too is the server's own weather, not the split's effect.
- A trial that is not intact is tried again before it counts: as it was sent first, then alone, one at a time, each next
  to a whole request. Where that one fails too, the try says nothing. Of many that come out alike, a sample is tried.
- What comes and goes is flaky. More than a few of such make that nothing can be told.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby

from scripts.errors import Failure
from scripts.probe.answers import Answer, Outcome
from scripts.probe.comparison import Compare, Standard
from scripts.probe.endpoint import Endpoint
from scripts.probe.exchange import Exchanges, Times, Window
from scripts.probe.proof import Proof, ProofName, choose
from scripts.wire.splitting import Range, ranges, split

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

ALL_FAIL = 20
"""How many whole requests in a row may fail before the measurement is given up."""

FEW = 3
"""How many trials may be flaky before nothing can be told."""

ELSEWHERE = b"/uvicorn-issue-344-elsewhere"
"""A URL that nothing serves: where its answer is the whole request's too, misrouting cannot be seen."""


@dataclass(frozen=True)
class Trial:
    """One split request: where it was split, and what it got."""

    offsets: tuple[int, ...]
    outcome: Outcome
    answer: Answer
    flaky: bool = False
    """Tried again, it got something else: `outcome` is what it got first, or intact where it was so alone."""


@dataclass
class Wholes:
    """The whole requests that went among the split ones."""

    sent: int = 0
    failed: int = 0
    """How many got no complete answer, or one of another status."""


@dataclass(frozen=True)
class Doubt:
    """Why nothing can be told."""

    text: str
    do: str = ""
    only_intact: bool = False
    """It stands against "intact" alone: what is affected is so nevertheless."""
    waivable: bool = False
    """Whoever asks may take an "intact" that it stands against (UNPROVEN=1)."""


@dataclass(frozen=True)
class Measurement:
    """The trials of one request head against one server."""

    head: bytes
    standard: Standard
    trials: tuple[Trial, ...]
    proof: ProofName
    tells_urls_apart: bool
    wholes: Wholes = field(default_factory=Wholes)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many trials came to each outcome, all five of them named; flaky ones are left out."""
        counted = Counter(trial.outcome for trial in self.trials if not trial.flaky)
        return {outcome: counted[outcome] for outcome in Outcome}

    @property
    def offsets(self) -> dict[Outcome, list[Range]]:
        """The ranges of first offsets that came to each outcome, all five of them named."""
        return {
            each: ranges(trial.offsets[0] for trial in self.trials if trial.outcome is each and not trial.flaky)
            for each in Outcome
        }

    @property
    def flaky(self) -> list[Range]:
        """The ranges of first offsets whose outcome came and went."""
        return ranges(trial.offsets[0] for trial in self.trials if trial.flaky)

    @property
    def served(self) -> dict[bytes, int]:
        """The URLs that the misrouted requests were served instead, where the server says so, and how often."""
        urls = (trial.answer.asked_for for trial in self.trials if trial.outcome is Outcome.MISROUTED)
        return dict(Counter(url for url in urls if url is not None).most_common())

    @property
    def intact(self) -> bool:
        """Whether every split request got the whole one's answer, the flaky ones when they were alone."""
        return all(trial.outcome is Outcome.INTACT for trial in self.trials)

    @property
    def doubts(self) -> list[Doubt]:
        """Why nothing can be told; empty where the outcomes stand."""
        found = []
        flaky = sum(trial.flaky for trial in self.trials)
        steady = len(self.trials) - flaky - self.counts[Outcome.INTACT]
        untold = any(trial.flaky and trial.outcome is not Outcome.INTACT for trial in self.trials)
        if flaky > FEW or untold:
            rate = f"of {self.wholes.sent:,} whole requests {self.wholes.failed:,} failed"
            text = f"{flaky:,} of {len(self.trials):,} splits got one thing once and another thing later; {rate}"
            do = "Probe a server that answers steadily, or one process of it alone"
            found.append(Doubt(text, do, only_intact=flaky <= FEW or steady > 4 * flaky))
        if self.wholes.failed > max(FEW, self.wholes.sent // 10):
            text = f"whole requests fail too: {self.wholes.failed:,} of {self.wholes.sent:,}"
            found.append(Doubt(text, "Is there a limit on requests or connections? Probe without it"))
        if self.standard.unsteady and self.standard.compare is Compare.ALL:
            text = "the answer's body never stands still, so a split request's cannot be held against it"
            do = "Choose a URL whose answer does, or compare by status: COMPARE=status"
            found.append(Doubt(text, do, only_intact=True))
        if not self.tells_urls_apart:
            text = "the server gives other URLs the same answer, so misrouting would look intact"
            do = "Choose a URL whose answer is its own, or take it as it is: UNPROVEN=1"
            found.append(Doubt(text, do, only_intact=True, waivable=True))
        if self.proof is ProofName.GAP:
            text = "a gap is no proof: segments may have arrived together"
            found.append(Doubt(text, "Take it as it is: UNPROVEN=1", only_intact=True, waivable=True))
        return found


@dataclass
class _Run:
    """A measurement under way."""

    exchanges: Exchanges
    head: bytes
    proof: Proof
    standard: Standard
    window: Window
    wholes: Wholes
    progress: Callable[[int], None]

    def send(self, plans: Sequence[tuple[int, ...]], *, every: int) -> list[Answer]:
        """Send the request once for each plan, and whole after `every` of them; return what each plan got.

        Wholes are learnt from as they come. Failure where whole requests get nothing any more.
        """
        got = {place: answer for place, answer in self._go(plans, every, self.window) if place is not None}
        return [got[place] for place in range(len(plans))]

    def send_alone(self, plans: Sequence[tuple[int, ...]]) -> list[Answer | None]:
        """Do so one at a time, with a whole request after each; None for what came before one that failed."""
        got: list[Answer | None] = []
        for place, answer in self._go(plans, 1, Window(1, fixed=True)):
            if place is not None:
                got.append(answer)
            elif not self.standard.agrees(answer):
                got[-1] = None
        return got

    def _go(self, plans: Sequence[tuple[int, ...]], every: int, window: Window) -> Iterator[tuple[int | None, Answer]]:
        """Yield each answer with the place of its plan, or with None where the request was whole."""
        jobs: list[int | None] = []
        for start in range(0, len(plans), every):
            jobs += [*range(start, min(start + every, len(plans))), None]
        requests = (split(self.head, () if job is None else plans[job]) for job in jobs)
        failed = 0
        for done in self.exchanges.run(requests, self.proof, window):
            job = jobs[done.index]
            if job is not None:
                self.progress(1)
            else:
                self.wholes.sent += 1
                learnt = self.standard.learn(done.answer)
                failed = 0 if learnt else failed + 1
                if learnt:
                    window.whole(done.seconds)
                else:
                    self.wholes.failed += 1
                    window.shrink()
                if failed > ALL_FAIL:
                    found = f"status {done.answer.status}" if done.answer.status else str(done.answer.end)
                    do = "Is there a limit on requests or connections? Probe without it"
                    raise Failure("could not tell: the server no longer answers whole requests", found=found, do=do)
            yield job, done.answer

    def send_wholes(self, count: int) -> None:
        """Send only whole requests, one at a time, and learn from them."""
        for _ in range(count):
            self.wholes.sent += 1
            self.wholes.failed += not self.standard.learn(self.exchanges.ask(self.head))


def measure(
    exchanges: Exchanges,
    head: bytes,
    plans: Sequence[tuple[int, ...]],
    proof: Proof,
    *,
    compare: Compare = Compare.ALL,
    most: int = 128,
    confirm: bool = True,
    progress: Callable[[int], None] = lambda _: None,
) -> Measurement:
    """Send `head` once for each plan (the offsets of its splits), every time over a connection of its own.

    At `most` so many connections are open at once. `confirm`: try again what is not intact. `progress` is called with
    the number of trials that are done. Failure where the server gives no baseline, or stops answering.
    """
    first = [exchanges.ask(head) for _ in range(FIRST_WHOLES)]
    standard = Standard.of(first, compare)
    elsewhere = [exchanges.ask(head.replace(head.split(b" ", 2)[1], ELSEWHERE, 1)) for _ in range(2)]
    wholes = Wholes(len(first), sum(not standard.agrees(answer) for answer in first))
    exchanges.warmth = head
    run = _Run(exchanges, head, proof, standard, Window(min(4, most), most), wholes, progress)
    got = run.send(plans, every=WHOLE_EVERY)
    run.progress = lambda _: None
    failed = wholes.failed
    tries = [_Tries([answer]) for answer in got]
    if confirm:
        _try_again(run, plans, tries)
    # Judged last: what moves by itself is known best at the end.
    trials = (_settled(standard, plan, each, failed) for plan, each in zip(plans, tries, strict=True))
    tells = not any(standard.matches(answer) for answer in elsewhere)
    return Measurement(head, standard, tuple(trials), proof.name, tells, wholes)


@dataclass
class _Tries:
    """What one split got: first and again among others, and alone."""

    among: list[Answer]
    alone: list[Answer] = field(default_factory=list)
    unsure: bool = False
    """It has not been tried alone where that is needed: others like it were intact then, or whole requests failed."""


def _try_again(run: _Run, plans: Sequence[tuple[int, ...]], tries: Sequence[_Tries]) -> None:
    """Try again what is not intact, and add what it got."""

    def judged(answers: Iterable[Answer]) -> set[Outcome]:
        return {run.standard.judge(answer) for answer in answers}

    def alone(places: Sequence[int]) -> None:
        for place, answer in zip(places, run.send_alone([plans[place] for place in places]), strict=True):
            tries[place].alone += [answer] if answer else []
            tries[place].unsure = not tries[place].alone

    first = {place: run.standard.judge(each.among[0]) for place, each in enumerate(tries)}
    runs = [list(group) for outcome, group in groupby(first, first.__getitem__) if outcome is not Outcome.INTACT]
    hung = {place for group in runs for place in group if first[place] is Outcome.HUNG}
    samples = [_sample(group, runs, HUNG if group[0] in hung else ALONE) for group in runs]
    among = [
        place for group, sample in zip(runs, samples, strict=True) for place in (sample if group[0] in hung else group)
    ]
    if any(run.standard.agrees(tries[place].among[0]) for place in among):
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


def _settled(standard: Standard, plan: tuple[int, ...], tries: _Tries, failed: int) -> Trial:
    """Return a trial as it stands when it has been tried again.

    Where whole requests failed as well (`failed` of them), which is the weather, what it got alone counts.
    """
    outcome = standard.judge(tries.among[0])
    if not tries.unsure and all(standard.judge(answer) is outcome for answer in (*tries.among, *tries.alone)):
        return Trial(plan, outcome, tries.among[0])
    if tries.alone and all(standard.matches(answer) for answer in tries.alone):
        return Trial(plan, Outcome.INTACT, tries.alone[0], flaky=not failed)
    return Trial(plan, outcome, tries.among[0], flaky=True)


def probe(
    endpoint: Endpoint,
    head: bytes,
    plans: Sequence[tuple[int, ...]],
    *,
    times: Times | None = None,
    gap: float | None = None,
    proof: str = "",
    processes: int = 1,
    compare: Compare = Compare.ALL,
    most: int = 128,
    confirm: bool = True,
    progress: Callable[[int], None] = lambda _: None,
) -> Measurement:
    """Measure the server at `endpoint`, as `measure` has it, with the proof that holds for it (`proof.choose`)."""
    exchanges = Exchanges(endpoint.resolved(), times)
    ask = partial(exchanges.ask, head)
    with choose(exchanges.endpoint, ask, gap=gap, wanted=proof, processes=processes) as way:
        return measure(exchanges, head, plans, way, compare=compare, most=most, confirm=confirm, progress=progress)

"""What a measurement found: the trials, and the doubts that stand against them. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from scripts.probe.answers import Outcome
from scripts.probe.baseline import Baseline
from scripts.probe.cases import Case
from scripts.probe.offsets import Range, ranges
from scripts.probe.proof import ProofName
from scripts.probe.series import Series

FEW = 3
"""How many trials may be flaky before nothing can be told."""


@dataclass(frozen=True)
class Trial:
    """One split request: where it was split, and what it got."""

    offsets: tuple[int, ...]
    """Where; nowhere where all of a case's requests left as one segment."""
    outcome: Outcome
    answers: Series
    flaky: bool = False
    """Tried again, it got something else: `outcome` is what it got first, or intact where it was so alone."""
    tries: tuple[Outcome, ...] = ()
    """What a flaky one got each time, in order."""


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
    """The trials of one case against one server."""

    case: Case
    baseline: Baseline
    trials: tuple[Trial, ...]
    """Each of the case's splits."""
    proof: ProofName
    tells_urls_apart: bool
    wholes: Wholes = field(default_factory=Wholes)
    joined: Trial | None = None
    """What all of the case's requests got as one segment."""

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
        urls = (self.baseline.served(each.answers) for each in self.trials if each.outcome is Outcome.MISROUTED)
        return dict(Counter(url for url in urls if url is not None).most_common())

    @property
    def all(self) -> tuple[Trial, ...]:
        """All trials, the one of the joined requests first."""
        return (*([self.joined] if self.joined else []), *self.trials)

    @property
    def intact(self) -> bool:
        """Whether all requests got the whole ones' answers, the flaky ones when they were alone."""
        return all(trial.outcome is Outcome.INTACT for trial in self.all)

    @property
    def doubts(self) -> list[Doubt]:
        """Why nothing can be told; empty where the outcomes stand."""
        found = []
        flaky = sum(trial.flaky for trial in self.all)
        steady = sum(not trial.flaky and trial.outcome is not Outcome.INTACT for trial in self.all)
        untold = any(trial.flaky and trial.outcome is not Outcome.INTACT for trial in self.all)
        if flaky > FEW or untold:
            rate = f"of {self.wholes.sent:,} whole requests {self.wholes.failed:,} failed"
            text = f"{flaky:,} of {len(self.all):,} splits got one thing once and another thing later; {rate}"
            do = "Probe a server that answers steadily, or one process of it alone"
            found.append(Doubt(text, do, only_intact=flaky <= FEW or steady > 4 * flaky))
        if self.wholes.failed > max(FEW, self.wholes.sent // 10):
            text = f"whole requests fail too: {self.wholes.failed:,} of {self.wholes.sent:,}"
            found.append(Doubt(text, "Is there a limit on requests or connections? Probe without it"))
        if self.baseline.unsteady:
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

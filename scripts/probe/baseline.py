"""The baseline: what whole requests get, and what the answers to split ones come to against it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scripts.errors import Failure
from scripts.probe.answers import Answer, Outcome
from scripts.probe.comparison import Compare, Standard
from scripts.probe.series import Series


@dataclass
class Baseline:
    """What the answers to a case's requests must be, each."""

    standards: tuple[Standard, ...]

    @classmethod
    def of(cls, serieses: Sequence[Series], compare: Compare = Compare.ALL) -> "Baseline":
        """Begin with what the whole requests got. Failure where they were not answered, or not alike."""
        count = max(len(each) for each in serieses)
        standards = []
        for place in range(count):
            try:
                standards.append(Standard.of([each[place] for each in serieses if len(each) > place], compare))
            except Failure as failure:
                failure.what = failure.what if count == 1 else f"{failure.what} (request {place + 1} of {count})"
                raise
        return cls(tuple(standards))

    @property
    def first(self) -> Answer:
        """The answer to the last of the requests."""
        return self.standards[-1].first

    @property
    def moving(self) -> list[str]:
        """What moves by itself, by name."""
        return sorted({name for standard in self.standards for name in standard.moving})

    @property
    def unsteady(self) -> bool:
        """Whether a body never stands still where bodies are compared: nothing can be said of it."""
        return any(standard.unsteady and standard.compare is Compare.ALL for standard in self.standards)

    def learn(self, answers: Series) -> bool:
        """Take in what one more whole exchange got; False: it failed, so nothing is learnt from it."""
        if not self.agrees(answers):
            return False
        return all(standard.learn(answer) for standard, answer in self._each(answers))

    def agrees(self, answers: Series) -> bool:
        """Say whether the answers are as many, complete, and to the same URLs as far as they say so."""
        return self._all(answers) and all(standard.agrees(answer) for standard, answer in self._each(answers))

    def matches(self, answers: Series) -> bool:
        """Say whether they are the very answers that the whole requests got."""
        return self._all(answers) and all(standard.matches(answer) for standard, answer in self._each(answers))

    def judge(self, answers: Series) -> Outcome:
        """Return the outcome of split requests: the first that is not intact, but misrouted before all else."""
        found = [standard.judge(answer) for standard, answer in self._each(answers)]
        if Outcome.MISROUTED in found:
            return Outcome.MISROUTED
        return next((outcome for outcome in found if outcome is not Outcome.INTACT), Outcome.INTACT)

    def served(self, answers: Series) -> bytes | None:
        """Return the URL that was served instead of the one asked for, where the server says so."""
        for standard, answer in self._each(answers):
            if standard.judge(answer) is Outcome.MISROUTED:
                return answer.asked_for
        return None

    def _all(self, answers: Series) -> bool:
        return len(answers) == len(self.standards)

    def _each(self, answers: Series) -> Iterator[tuple[Standard, Answer]]:
        return zip(self.standards, answers, strict=False)

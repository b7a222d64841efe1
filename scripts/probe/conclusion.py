"""What a measurement comes to: intact, affected, or that it could not be told, and why. Pure."""

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from scripts.probe.answers import Outcome
from scripts.probe.measurement import Doubt, Measurement
from scripts.probe.who import Who


class Word(enum.StrEnum):
    """The answer to whoever asked; `code` is the exit code that says the same."""

    INTACT = "intact"
    AFFECTED = "affected"
    UNTOLD = "could not tell"

    @property
    def code(self) -> int:
        """0 for a proven intact, 1 for affected, confirmed by trying again, 2 for all else."""
        return {"intact": 0, "affected": 1, "could not tell": 2}[self.value]


@dataclass(frozen=True)
class Conclusion:
    """The answer, and the doubts that stand against a better one."""

    word: Word
    doubts: tuple[Doubt, ...] = ()


def worst(words: Iterable[Word]) -> Word:
    """Return what several answers come to: affected where one is, could not tell where one could not."""
    found = set(words)
    return next((word for word in (Word.AFFECTED, Word.UNTOLD) if word in found), Word.INTACT)


def in_sentences(doubt: Doubt) -> str:
    """Return a doubt with what is to be done about it, as sentences; one that is a question ends as one."""
    told = (part if part.endswith("?") else f"{part}." for part in (doubt.text, doubt.do) if part)
    return " ".join(told)


def conclude(
    measurement: Measurement,
    who: Who,
    *,
    again: Measurement | None = None,
    expected: Collection[int] = (),
    unproven: bool = False,
) -> Conclusion:
    """Return what a measurement comes to.

    `again` is the same measurement a second time, where what answers cannot be seen. `expected` are statuses of 400 and
    above that the whole request may have. `unproven` lets an "intact" stand that a doubt speaks against, where it may.
    """
    doubts = [*_of_who(who), *measurement.doubts, *_of_status(measurement, expected)]
    if again and again.offsets != measurement.offsets:
        text = "the same splits came out otherwise a second time, as behind a proxy that joins some of them"
        doubts.append(Doubt(text, "Probe the app's own port, on its own machine"))
    if measurement.intact:
        standing = [doubt for doubt in doubts if not (unproven and doubt.waivable)]
        return Conclusion(Word.UNTOLD if standing else Word.INTACT, tuple(doubts))
    standing = [doubt for doubt in doubts if not doubt.only_intact]
    affected = any(not trial.flaky and trial.outcome is not Outcome.INTACT for trial in measurement.all)
    return Conclusion(Word.AFFECTED if affected and not standing else Word.UNTOLD, tuple(doubts))


def _of_who(who: Who) -> list[Doubt]:
    """Return the doubts about who answers."""
    if who.passes_on_by:
        to = f"http://{who.to[0]}:{who.to[1]}" if who.to else ""
        if who.passes_on_by.own_router:
            text = "this project's own router answers here, and it is the one that splits"
            text += f": the dyno listens at {to}" if to else ""
            return [Doubt(text, f"Probe the dyno: URL={to}/…" if to else "Probe the dyno's own port")]
        text = f"{who.passes_on_by} answers here and passes on, {f'to {to}' if to else 'by a Unix socket'}: it reads a "
        text += "request whole, or in its own way, before it does"
        return [Doubt(text, f"Probe the app's own port{f': URL={to}/…' if to else ''}")]
    if who.via:
        text = f"{who.via} answers here, says the Via field; it reads a request whole and sends it on in its own way"
        return [Doubt(text, "Probe the app's own port")]
    return []


def _of_status(measurement: Measurement, expected: Collection[int]) -> list[Doubt]:
    """Return the doubt about an error page, which says little about a server."""
    status = measurement.baseline.first.status
    if status < 400 or status in expected:
        return []
    text = f"the whole request itself got {status}: is this the URL that you mean?"
    return [Doubt(text, f"If it is: EXPECT={status}", only_intact=True, waivable=False)]

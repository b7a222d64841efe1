"""What a commit of uvicorn's comes to in a case: installed with the dependencies of its day, served, measured."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from scripts.errors import Failure
from scripts.history.bisect import MeasuredCommit, SkippedCommit, in_words
from scripts.history.clones import UvicornClone, UvicornCommit
from scripts.history.environment import NotInstallable, Source, add, install, is_to_be_had, pythons
from scripts.history.rows import INTACT, CaseCell, Cell
from scripts.history.serve import NotServed, Served, serving
from scripts.probe.answers import Outcome
from scripts.probe.cases import Case
from scripts.probe.endpoint import Endpoint
from scripts.probe.evidence import CaseEvidence, evidence
from scripts.probe.instrument import verify_instrument
from scripts.probe.measure import How, probe
from scripts.verdicts.measure_variant import TIMES

log = logging.getLogger(__name__)


TRIES = 2
"""How often a commit is measured of which nothing can be told at first: the machine may have been busy."""


UNSAID = {"pkg_resources": "setuptools"}
"""What old packages import without requiring it, and what has it: every environment had it once."""


class NothingTold(Failure):
    """A commit whose outcomes come and go."""


@dataclass
class CommitInstrument:
    """Measures one case on one commit after the other, with one parser."""

    clone: UvicornClone
    case: Case
    parser: str
    _python: str = field(default="", init=False)
    """The Python that the last one ran on: it is tried first."""

    def verify(self) -> None:
        """Raise Failure where the controls of the case do not come out as known: nothing could be told then."""
        for why in verify_instrument([self.case], How(TIMES, confirm=False)).values():
            raise Failure("nothing can be told", found=why, do="Search again, on a machine with less to do")

    def __call__(self, commit: UvicornCommit) -> MeasuredCommit | SkippedCommit:
        """Return what a commit comes to; IndexUnreachable where its dependencies are not within reach."""
        tried = self._measure(commit)
        told = in_words(tried.cell) if isinstance(tried, MeasuredCommit) else f"skipped, {tried.why}"
        log.info("%s %s: %s", commit.short, commit.subject, told)
        return tried

    def _measure(self, commit: UvicornCommit) -> MeasuredCommit | SkippedCommit:
        """Measure it on the first Python on which it can be installed and started."""
        why = "no Python that it could run on is to be had"
        place = self.clone.folder.with_name("environment")
        with self.clone.tree(commit) as files:
            source = Source.of_checkout(files, commit.short, commit.committed)
            for python in pythons(source, is_to_be_had, self._python):
                try:
                    install(source, place, python, [self.parser])
                    measured = self._serve(commit, source, place)
                except (NotInstallable, NotServed) as failure:
                    why = f"{failure.what}: {failure.found}"
                    log.debug("%s on Python %s: %s", commit.short, python, why)
                except NothingTold as failure:
                    return SkippedCommit(commit, failure.message)
                else:
                    self._python = python
                    return measured
        return SkippedCommit(commit, why)

    def _serve(self, commit: UvicornCommit, source: Source, place: Path) -> MeasuredCommit:
        """Serve what is installed, and measure it; what it imports unsaid is installed first."""
        try:
            with serving(place, self.parser) as served:
                return self._probe(commit, served)
        except NotServed as failure:
            if failure.missing not in UNSAID:
                raise
            add(source, place, [UNSAID[failure.missing]])
        with serving(place, self.parser) as served:
            return self._probe(commit, served)

    def _probe(self, commit: UvicornCommit, served: Served) -> MeasuredCommit:
        """Measure what answers, once more where nothing can be told.

        NotInstallable where it answers with another parser, NothingTold where nothing can be told again.
        """
        if self.parser not in served.about.versions:
            others = ", ".join(served.about.versions) or "nothing that is known"
            raise NotInstallable(f"it does not answer with {self.parser}", found=f"with {others}")
        for _ in range(TRIES):
            measurement = probe(Endpoint(*served.address), self.case, how=How(TIMES))
            try:
                found = cell(evidence(measurement))
            except Failure as failure:
                doubt = failure
                log.debug("%s: %s", commit.short, failure.message)
            else:
                return MeasuredCommit(commit, found, served.about.python, served.about.versions)
        raise NothingTold(doubt.what, found=doubt.found)


def cell(found: CaseEvidence) -> Cell:
    """Return evidence as the history writes it."""
    if found.intact:
        return INTACT
    runs = {outcome: tuple(found.offsets[outcome]) for outcome in Outcome}
    return CaseCell(
        dropped=runs[Outcome.DROPPED],
        misrouted=runs[Outcome.MISROUTED],
        rejected=runs[Outcome.REJECTED],
        hung=runs[Outcome.HUNG],
        joined=None if found.joined is Outcome.INTACT else found.joined,
    )

"""What a commit of uvicorn's comes to in a case: installed with the dependencies of its day, served, measured."""

import logging
from dataclasses import dataclass, field

from scripts.errors import Failure
from scripts.history.answering import NotServed
from scripts.history.bisect import MeasuredCommit, SkippedCommit, in_words
from scripts.history.clones import UvicornClone, UvicornCommit
from scripts.history.environment import NotInstallable, Source
from scripts.history.measure_release import measure_cell
from scripts.history.ready import make_ready
from scripts.history.rows import CaseCell
from scripts.probe.cases import Case
from scripts.probe.instrument import verify_instrument
from scripts.probe.measure import How
from scripts.probe.pace import ONE_LOOP

log = logging.getLogger(__name__)


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
        for why in verify_instrument([self.case], How(ONE_LOOP, confirm=False)).values():
            raise Failure("nothing can be told", found=why, do="Search again, on a machine with less to do")

    def __call__(self, commit: UvicornCommit) -> MeasuredCommit | SkippedCommit:
        """Return what a commit comes to; IndexUnreachable where its dependencies are not within reach."""
        try:
            tried = self._measure(commit)
        except (NotInstallable, NotServed) as failure:
            tried = SkippedCommit(commit, f"{failure.what}: {failure.found}")
        told = in_words(tried.cell) if isinstance(tried, MeasuredCommit) else f"skipped, {tried.why}"
        log.info("%s %s: %s", commit.short, commit.subject, told)
        return tried

    def _measure(self, commit: UvicornCommit) -> MeasuredCommit | SkippedCommit:
        """Install and serve it; raises what `make_ready` raises where that cannot be done."""
        with self.clone.tree(commit) as files:
            source = Source.of_checkout(files, commit.short, commit.committed)
            ready = make_ready(source, self.clone.folder.with_name("environment"), self._python)
        if self.parser not in ready.parsers:
            return SkippedCommit(commit, f"it has no parser {self.parser}, but {', '.join(ready.parsers)}")
        with ready.serving(self.parser) as served:
            about = served.about
            cell = measure_cell(served.address, self.case, {})
        self._python = about.python
        if self.parser not in about.versions:
            return SkippedCommit(commit, f"it does not answer with {self.parser}")
        if isinstance(cell, CaseCell) and cell.untold:
            return SkippedCommit(commit, f"nothing can be told: {cell.untold}")
        return MeasuredCommit(commit, cell, about.python, about.versions)

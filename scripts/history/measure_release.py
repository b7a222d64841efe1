"""Measures a release of uvicorn: each case at every offset, with each parser that the release says it has."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from scripts.errors import Failure
from scripts.history.answering import NotServed
from scripts.history.environment import NotInstallable, Source
from scripts.history.ready import Ready, make_ready
from scripts.history.rows import INTACT, CaseCell, Cell, HistoryRow
from scripts.pins.index import Release
from scripts.probe.answers import Outcome
from scripts.probe.cases import Case
from scripts.probe.endpoint import Endpoint
from scripts.probe.evidence import CameAndWent, CaseEvidence, evidence
from scripts.probe.instrument import Void, verify_instrument
from scripts.probe.measure import How, probe
from scripts.probe.pace import ONE_LOOP
from scripts.probe.proof import ProofName
from scripts.wire.receive_queue import Address

log = logging.getLogger(__name__)

TRIES = 3
"""How often a case is measured where nothing can be told of it."""

VOID = "a control did not come out as known"
"""What is said of a case then."""

BESIDE = ("websockets", "wsproto", "gunicorn", "uvloop")
"""What answers beside uvicorn and its parser."""

VARIES = CaseCell(untold="what a split request gets depends on how soon its second segment follows the first")
"""What a row says where splits come and go, a whole run long and on a new server too."""

Say = Callable[[HistoryRow], None]


def measure_release(
    release: Release, cases: Sequence[Case], place: Path, *, void: Void, known: str = "", say: Say = lambda _: None
) -> list[HistoryRow]:
    """Return the rows of a release, one a parser; or one with the reason for having none.

    Its environment is made at `place`; `known` is a Python that it did run on. `say` gets each row as it is measured.
    IndexUnreachable where the package index is not there, so nothing can be said of the release.
    """
    day = release.uploaded.date() if release.uploaded else None
    blank = HistoryRow(
        release=str(release.version), uploaded=day, yanked=release.yanked, parser="", reason="it was not measured"
    )
    rows = []
    try:
        ready = make_ready(Source.of_release(release), place, known)
        for parser in ready.parsers:
            rows.append(_measured(ready, parser, blank, cases, void))
            say(rows[-1])
    except (NotInstallable, NotServed) as failure:
        rows = [msgspec.structs.replace(blank, reason=reason_of(failure))]
        say(rows[-1])
    return rows


def controls(cases: Sequence[Case], progress: Callable[[int], None]) -> Void:
    """Measure the controls, as releases are; return the cases whose results are void, and why."""
    return verify_instrument(cases, How(ONE_LOOP, confirm=False), progress)


def _measured(ready: Ready, parser: str, blank: HistoryRow, cases: Sequence[Case], void: Void) -> HistoryRow:
    """Return the row of a release with one parser."""
    try:
        with ready.serving(parser) as served:
            about = served.about
            _refuse_other(about.uvicorn, blank.release)
            wanted = [case for case in cases if not case.parsers or parser in case.parsers]
            found = {case.name: measure_cell(served.address, case, void) for case in wanted}
        again = [case for case in wanted if case.name not in void and is_untold(found[case.name])]
        if again:  # what came before may have left its mark on the server
            with ready.serving(parser) as served:
                found |= {case.name: measure_cell(served.address, case, void) for case in again}
        if VARIES in found.values():
            with ready.serving(parser) as served:
                found = {case.name: _settled_cell(served.address, case, void) for case in wanted}
    except NotServed as failure:
        return msgspec.structs.replace(blank, parser=parser, reason=reason_of(failure))
    versions = {name: version for name, version in about.versions.items() if name in (parser, *BESIDE)}
    return msgspec.structs.replace(blank, parser=parser, python=about.python, versions=versions, reason="", cases=found)


def _refuse_other(answers: str, release: str) -> None:
    """Refuse another uvicorn than the one that is meant."""
    if answers != release:
        raise NotServed("it cannot be measured", f"what answers is uvicorn {answers}")


def measure_cell(address: Address, case: Case, void: Mapping[str, str], proof: str = "") -> Cell:
    """Measure a case at every offset, and return what its row says of it: VARIES where splits come and go.

    `proof` is the one that is wanted (`proof.choose`).
    """
    if case.name in void:
        return CaseCell(untold=VOID)
    for _ in range(TRIES):
        try:
            found = evidence(probe(Endpoint(*address), case, how=How(ONE_LOOP, proof=proof)))
        except CameAndWent as failure:
            log.debug("%s: %s", case.name, failure.message)
            return VARIES
        except Failure as failure:
            reason = ": ".join(filter(None, [failure.what, failure.found]))
            log.debug("%s: %s", case.name, failure.message)
            continue
        return cell_of(found)
    return CaseCell(untold=reason)


def _settled_cell(address: Address, case: Case, void: Mapping[str, str]) -> Cell:
    """Return what can be told of a case where the splits of some case come and go.

    uvicorn 0.17.1 lets the second segment overtake the first where it comes within a few turns of the event loop. Which
    cases that is seen in is chance, and a row is the same each time; so all are measured with a whole request answered
    between the segments. What fails then fails always. What is intact then is not always so: nothing can be told.
    """
    cell = measure_cell(address, case, void, ProofName.BARRIER)
    return VARIES if cell == INTACT else cell


def is_untold(cell: Cell) -> bool:
    """Say whether nothing can be told of a case."""
    return isinstance(cell, CaseCell) and bool(cell.untold)


def cell_of(found: CaseEvidence) -> Cell:
    """Return what a row says of a case by its evidence."""
    if found.intact:
        return INTACT
    dropped, misrouted, rejected, hung = (
        tuple(found.offsets[each]) for each in (Outcome.DROPPED, Outcome.MISROUTED, Outcome.REJECTED, Outcome.HUNG)
    )
    joined = None if found.joined is Outcome.INTACT else found.joined
    return CaseCell(dropped=dropped, misrouted=misrouted, rejected=rejected, hung=hung, joined=joined)


def reason_of(failure: Failure) -> str:
    """Return why a release stands there without cases."""
    if isinstance(failure, NotInstallable):
        return f"it cannot be installed: {failure.found}"
    return failure.message.rstrip(".")

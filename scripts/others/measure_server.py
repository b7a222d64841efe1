"""Measures a server: installed as it is pinned, started with a bare app, examined by the probe in each case."""

import datetime as dt
import logging
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from scripts.errors import Failure
from scripts.history.answering import Answering, NotServed, answering
from scripts.history.environment import NO_NETWORK, NotInstallable, why
from scripts.history.measure_release import TRIES, VOID, cell_of, is_untold, reason_of
from scripts.history.rows import CaseCell, Cell
from scripts.others.listed import OtherServer, modules
from scripts.others.others_file import OtherRow
from scripts.pins.environments import ready_environment
from scripts.probe.cases import Case
from scripts.probe.comparison import NoBaseline
from scripts.probe.conclusion import Word
from scripts.probe.endpoint import Endpoint
from scripts.probe.evidence import CameAndWent, evidence
from scripts.probe.examine import examine, look
from scripts.probe.instrument import Void
from scripts.probe.who import Who
from scripts.process import CommandFailed

log = logging.getLogger(__name__)

CAME_AND_WENT = "splits came out one way once and another way later"
"""What is said then: which they are is another thing each time, and a row is the same each time."""

NUMBERS = re.compile(r"(?<!request )\b\d[\d,]* of \d[\d,]*|\b\d[\d,]*(?= whole requests| failed)")
"""How often a thing came and went: it is another number each time, and a row is the same each time."""


def measure_server(root: Path, server: OtherServer, cases: Sequence[Case], void: Void, inputs: str) -> OtherRow:
    """Return the row of a server; with the reason where it cannot be installed or started.

    Failure where the package index or the server's Python is not there, so nothing can be said of the server.
    """
    row = OtherRow(
        name=server.name,
        command=server.command,
        python=server.python,
        measured=dt.datetime.now(dt.UTC).date(),
        inputs=inputs,
        reason="it was not measured",
    )
    asked = server.asked(cases)
    try:
        place = environment_of(root, server)
        with serving_other(place, server) as served:
            about = served.about
            found, proofs = _examined(Endpoint(*served.address), asked, void)
        again = [case for case in asked if case.name not in void and is_untold(found[case.name])]
        if again:  # what came before may have left its mark on the server
            with serving_other(place, server) as served:
                now, proofs_now = _examined(Endpoint(*served.address), again, void)
            found, proofs = found | now, proofs | proofs_now
    except (NotInstallable, NotServed) as failure:
        return msgspec.structs.replace(row, reason=reason_of(failure))
    return msgspec.structs.replace(
        row,
        python=about.python,
        versions={name: about.versions[name] for name in server.answers if name in about.versions},
        proof=min(proofs, default=""),
        reason="",
        unasked=server.unasked,
        cases=found,
    )


def environment_of(root: Path, server: OtherServer) -> Path:
    """Return the folder of a server's environment; NotInstallable where what it pins cannot be installed."""
    try:
        return ready_environment(root / ".local/environments", server.python, server.lock)
    except CommandFailed as error:
        said = error.completed.stderr.decode("utf-8", "replace")
        if NO_NETWORK.search(said):
            raise
        raise NotInstallable(f"{server.name} cannot be installed", found=why(said)) from None


@contextmanager
def serving_other(place: Path, server: OtherServer) -> Iterator[Answering]:
    """Hold a server of the environment at `place` that answers; NotServed where it does not."""
    with tempfile.TemporaryDirectory(prefix="others-") as scratch:
        for module in modules():
            shutil.copy(module, scratch)
        variables = {
            "PYTHONPATH": scratch,
            "PYTHONDONTWRITEBYTECODE": "1",
            "BARE_APP_PACKAGES": " ".join(server.answers),
        }

        def command(port: int) -> list[str | Path]:
            program, *words = server.command.format(port=port).split()
            return [place.resolve() / "bin" / program, *words]

        with answering(command, variables, cwd=Path(scratch)) as served:
            if not served.about.versions.get(server.answers[0]):
                raise NotServed("it cannot be measured", f"{server.answers[0]} is not what answers")
            yield served


def _examined(endpoint: Endpoint, cases: Sequence[Case], void: Void) -> tuple[dict[str, Cell], set[str]]:
    """Examine a server, and return what its row says of each case, with the proofs that this stands on."""
    shortest = min((case.head for case in cases), key=len)
    who = look(endpoint, shortest)
    found: dict[str, Cell] = {}
    proofs: set[str] = set()
    for case in cases:
        found[case.name] = _cell(endpoint, case, who, proofs) if case.name not in void else CaseCell(untold=VOID)
    return found, proofs


def _cell(endpoint: Endpoint, case: Case, who: Who, proofs: set[str]) -> Cell:
    """Examine a server with a case, and return what its row says of it; what that stands on goes to `proofs`."""
    for _ in range(TRIES):
        try:
            found = examine(endpoint, case, who=who)
            if found.conclusion.word is not Word.UNTOLD:
                cell = cell_of(evidence(found.measurement))
                proofs.add(found.measurement.proof)
                return cell
            reason = found.conclusion.doubts[0].text
        except CameAndWent:
            reason = CAME_AND_WENT
        except Failure as failure:
            reason = ": ".join(filter(None, [failure.what, failure.found]))
            if isinstance(failure, NoBaseline):
                break  # several whole requests got nothing: a fresh server may be asked, this one not
        log.debug("%s: %s", case.name, reason)
    return CaseCell(untold=NUMBERS.sub("some", reason))

"""All servers: which of them are to be measured, and their rows, written or held against what is committed.

Each row is written as it is measured, so a run goes on where an earlier one ended, however that ended.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from scripts.files import alone, write_whole
from scripts.history.kept import facts_of
from scripts.others.listed import OtherServer, load_servers
from scripts.others.measure_server import measure_server
from scripts.others.others_file import (
    OTHERS_FILE,
    OtherRow,
    Others,
    differences,
    encode_others,
    merged,
    read_others,
)
from scripts.probe.cases import Case, load_cases
from scripts.probe.instrument import count_control_trials, verify_instrument
from scripts.probe.measure import How

Say = Callable[[OtherRow], None]

Watch = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows the progress of something with a name and a number of steps."""


@dataclass(frozen=True)
class OthersPlan:
    """What there is to do."""

    root: Path
    cases: tuple[Case, ...]
    before: Others
    """What is committed, or nothing of it where it is of other cases' bytes."""
    servers: tuple[OtherServer, ...]
    todo: tuple[OtherServer, ...]

    def inputs(self, server: OtherServer) -> str:
        """Return the digest of what a server is measured from."""
        return server.inputs([(name, facts.sha256) for name, facts in self.before.cases.items()])

    def row(self, server: OtherServer) -> OtherRow | None:
        """Return what is committed of a server."""
        return next((row for row in self.before.servers if row.name == server.name), None)


def plan_others(root: Path, *, anew: bool = False) -> OthersPlan:
    """Return what is to be done: servers whose row is missing, or of other inputs; all with `anew`.

    It reads files alone: no network. WrongUse where a file is wrong.
    """
    cases = load_cases(root)
    facts = facts_of(cases.values())
    servers = tuple(load_servers(root, cases))
    before = read_others(root)
    if before is None or before.cases != facts:
        before = Others(cases=facts)
    plan = OthersPlan(root, tuple(cases.values()), before, servers, servers)
    if anew:
        return plan
    known = {row.name: row.inputs for row in before.servers}
    todo = tuple(server for server in servers if known.get(server.name) != plan.inputs(server))
    return OthersPlan(root, plan.cases, before, servers, todo)


def stale_others(root: Path) -> str:
    """Return why the file is stale, or nothing where it is not."""
    plan = plan_others(root)
    named = [server.name for server in plan.todo]
    gone = {row.name for row in plan.before.servers} - {server.name for server in plan.servers}
    if named:
        return f"it was not measured, or from other pins, apps or cases: {', '.join(named)}"
    return f"it has servers that are not listed: {', '.join(sorted(gone))}" if gone else ""


def measure_others(plan: OthersPlan, watch: Watch, say: Say) -> bool:
    """Measure what is to be done, and write each row as it is there; return whether that changed the file."""
    listed = {server.name for server in plan.servers}
    with _alone(plan):
        now = plan_others(plan.root).before  # another run may have ended meanwhile
        rows = {row.name: row for row in now.servers if row.name in listed}
        changed = _write(plan, rows)
        for row in _measured(plan, watch):
            rows[row.name] = merged(rows.get(row.name), row)
            changed = _write(plan, rows) or changed
            say(row)
    return changed


def check_others(plan: OthersPlan, watch: Watch, say: Say) -> list[str]:
    """Measure what is to be done; return what differs from what is committed, a line each."""
    measured = []
    with _alone(plan):
        for row in _measured(plan, watch):
            measured.append(row)
            say(row)
    return differences(plan.before.servers, measured)


def _alone(plan: OthersPlan) -> AbstractContextManager[int]:
    """Hold what one run alone may; Failure where another run is at it."""
    return alone(plan.root / ".local/others.lock", busy="servers are being measured already")


def _measured(plan: OthersPlan, watch: Watch) -> Iterator[OtherRow]:
    """Yield the rows of what is to be done."""
    if not plan.todo:
        return
    with watch("controls", count_control_trials(plan.cases)) as progress:
        void = verify_instrument(plan.cases, How(confirm=False), progress)
    with watch("servers", len(plan.todo)) as progress:
        for server in plan.todo:
            yield measure_server(plan.root, server, plan.cases, void, plan.inputs(server))
            progress(1)


def _write(plan: OthersPlan, rows: dict[str, OtherRow]) -> bool:
    """Write the rows that there are; none is no file."""
    if not rows:
        return False
    others = msgspec.structs.replace(plan.before, servers=tuple(rows.values()))
    return write_whole(plan.root / OTHERS_FILE, encode_others(others))

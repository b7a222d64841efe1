"""Measures a branch's release on this machine: from the branch's own tree, through real sockets, to a verdict."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from anyio.from_thread import start_blocking_portal

from scripts.branches.generate import BranchChange
from scripts.errors import Failure
from scripts.matrix import Variant
from scripts.platforms import about
from scripts.platforms.about import Server
from scripts.platforms.local.boot import running
from scripts.platforms.local.slug import Slug, build
from scripts.probe.answers import Outcome
from scripts.probe.cases import Case
from scripts.probe.endpoint import Endpoint
from scripts.probe.evidence import CameAndWent, CaseEvidence, evidence
from scripts.probe.instrument import Void, count_control_trials, verify_instrument
from scripts.probe.measure import How, probe
from scripts.probe.measurement import FEW
from scripts.probe.pace import ONE_LOOP
from scripts.probe.proof import ProofName
from scripts.router.router import DynoState, RoutedDyno, Router
from scripts.verdicts.submission import SUBMISSIONS, browser, redirect_target, submit
from scripts.verdicts.verdict import RouterEvidence, Verdict, judge
from scripts.wire.receive_queue import Address
from scripts.wire.splitting import SEGMENT_BYTES

log = logging.getLogger(__name__)

REPEATS = 100
"""How often a split that came and went is tried before that is taken for the machine's doing."""

HOST = "x"
"""The Host field of a request that is not part of a case."""

Progress = Callable[[int], None]

Watch = Callable[[str, int], AbstractContextManager[Progress]]
"""Shows the progress of something with a name and a number of steps."""


@dataclass(frozen=True)
class Measured:
    """What was found of one variant."""

    cases: dict[str, CaseEvidence]
    void: Void
    router: RouterEvidence
    server: Server
    tree: str
    proof: str

    @property
    def verdict(self) -> Verdict:
        """The verdict, where all cases were measured; Failure as `verdict.judge` has it."""
        today = datetime.now(UTC).date().isoformat()
        return judge(self.cases, self.void, self.router, self.server, tree=self.tree, measured=today, proof=self.proof)


def measure_variants(
    root: Path, changes: Sequence[BranchChange], cases: Sequence[Case], watch: Watch
) -> Iterator[tuple[Variant, Measured]]:
    """Measure the controls, then the variants of `changes`, each built from its branch's tree; yield what was found.

    `watch` shows how far each is. Failure, and no result, where the controls of a case that decides do not come out as
    known, where what answers is not what the variant says, or where nothing can be told.
    """
    if not changes:
        return
    splits = sum(len(case.plans) for case in cases)
    with watch("controls", count_control_trials(cases)) as progress:
        void = verify_instrument(cases, How(ONE_LOOP, confirm=False), progress)
    for name, why in void.items():
        log.warning("the case %s is void: %s", name, why)
    pairs = sum(len(case.pair_plans) for case in cases if case.pairs)
    for change in changes:
        with watch(change.variant.name, splits + pairs + SUBMISSIONS) as progress:
            yield change.variant, measure_variant(root, change, cases, void, progress)


def measure_variant(
    root: Path, change: BranchChange, cases: Sequence[Case], void: Void, progress: Progress = lambda _: None
) -> Measured:
    """Build, boot and measure the release of a variant's branch.

    Failure where the release is not what the variant says, or where nothing can be told.
    """
    try:
        return _measure_release(build(root, change.tree), change, cases, void, progress)
    except httpx.HTTPError as error:
        raise Failure(f"{change.variant.name}: no verdict", found=f"{type(error).__name__}: {error}") from None


def _measure_release(
    slug: Slug, change: BranchChange, cases: Sequence[Case], void: Void, progress: Progress
) -> Measured:
    """Boot a slug and measure it."""
    variant = change.variant
    with running(slug, variant.name, log=lambda line: log.debug("%s: %s", variant.name, line)) as address:
        base = f"http://{address[0]}:{address[1]}"
        with browser(base, HOST) as client:
            server = about.ask(client)
            if wrong := about.differences(server, variant):
                raise Failure(f"{variant.name} is not what answers: no verdict", found=wrong)
            target = redirect_target(client)
            for case in cases:
                if case.name == "form" and target != case.target:
                    raise Failure(f"{variant.name}: the form does not redirect as expected", found=target[:60])
        proofs, found = set(), {}
        for case in cases:
            if case.name not in void and (not case.parsers or variant.http in case.parsers):
                found[case.name], proof = measure_case(Endpoint(*address), case, progress)
                proofs.add(proof)
        router = _submit_through_router(address, variant, progress)
    return Measured(found, void, router, server.server, change.tree, min(proofs, default=""))


def measure_case(endpoint: Endpoint, case: Case, progress: Progress = lambda _: None) -> tuple[CaseEvidence, ProofName]:
    """Measure a case at every offset, and at every pair where it has that; return the evidence, and what it stands on.

    Of so many requests a busy machine may disturb one or another. So all are measured again then, and the splits that
    were disturbed many times more. Failure where any comes and goes then, or where nothing can be told for another
    reason.
    """
    try:
        return _measured_once(endpoint, case, progress)
    except CameAndWent as failure:
        if len(failure.plans) > FEW or any(_varies(endpoint, case, plan) for plan in failure.plans):
            raise
        log.warning("measured again: %s", failure.found)
        return _measured_once(endpoint, case, lambda _: None)


def _varies(endpoint: Endpoint, case: Case, plan: tuple[int, ...]) -> bool:
    """Say whether one and the same split gets now this and now that."""
    met: set[Outcome] = set()
    probe(endpoint, case, [plan] * REPEATS, How(ONE_LOOP, confirm=False), seen=lambda _, outcome: met.add(outcome))
    return len(met) > 1


def _measured_once(endpoint: Endpoint, case: Case, progress: Progress) -> tuple[CaseEvidence, ProofName]:
    """Do so once; CameAndWent where splits come and go."""
    measurement = probe(endpoint, case, how=How(ONE_LOOP), progress=progress)
    pairs = probe(endpoint, case, case.pair_plans, How(ONE_LOOP), progress) if case.pairs else None
    return evidence(measurement, pairs), measurement.proof


def _submit_through_router(address: Address, variant: Variant, progress: Progress) -> RouterEvidence:
    """Submit the form through a router of its own; Failure where an answer is neither the story nor the error page."""
    failed = 0
    with _routed(address, variant) as (base, lines), browser(base, variant.host) as client:
        for _ in range(SUBMISSIONS):
            answer = submit(client)
            line = lines[-1] if lines else "no line"
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "code=H13" in line:
                failed += 1
            elif answer.status_code != httpx.codes.OK or "998 999" not in answer.text:
                raise Failure(
                    f"{variant.name}: the submitted form got neither its story nor H13",
                    found=f"status {answer.status_code}, router: {line}",
                )
            progress(1)
    return RouterEvidence(SUBMISSIONS, failed, SEGMENT_BYTES)


@contextmanager
def _routed(address: Address, variant: Variant) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the address of a router in front of a dyno, and the lines that it logs; it runs in a thread of its own."""
    lines: list[str] = []
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_router(address, variant, lines)) as router,
    ):
        yield f"http://127.0.0.1:{router.port}", lines


@asynccontextmanager
async def _router(address: Address, variant: Variant, lines: list[str]) -> AsyncIterator[Router]:
    """Hold a router that serves one dyno."""
    router = Router(segment_bytes=SEGMENT_BYTES, log=lambda _, line: lines.append(line))
    await router.start(0)
    try:
        router.route(variant.host, variant.app, RoutedDyno(state=DynoState.UP, address=address))
        yield router
    finally:
        await router.close()

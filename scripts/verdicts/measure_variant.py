"""Measures a branch's release on this machine: from the branch's own tree, through real sockets, to a verdict."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from anyio.from_thread import start_blocking_portal

from scripts.branches.generate import BranchChange
from scripts.errors import Failure
from scripts.matrix import Variant
from scripts.platforms import about
from scripts.platforms.local.boot import running
from scripts.platforms.local.slug import Slug, build
from scripts.probe.cases import FORM_TARGET, HOST, heads
from scripts.probe.controls import verify_instrument
from scripts.probe.endpoint import Endpoint
from scripts.probe.measure import Measurement, probe
from scripts.router.router import DynoState, RoutedDyno, Router
from scripts.verdicts.submission import SUBMISSIONS, browser, redirect_target, submit
from scripts.verdicts.verdict import RouterEvidence, Verdict, judge
from scripts.wire.receive_queue import Address
from scripts.wire.splitting import SEGMENT_BYTES, every_offset

log = logging.getLogger(__name__)

Progress = Callable[[int], None]

Watch = Callable[[str, int], AbstractContextManager[Progress]]
"""Shows the progress of something with a name and a number of steps."""


def measure_variants(root: Path, changes: Sequence[BranchChange], watch: Watch) -> Iterator[tuple[Variant, Verdict]]:
    """Measure the controls, then the variants of `changes`, each built from its branch's tree; yield their verdicts.

    `watch` shows how far each is. Failure, and no verdict, where the controls do not come out as known, where what
    answers is not what the variant says, or where nothing can be told.
    """
    if not changes:
        return
    splits = sum(len(every_offset(head)) for head in heads().values())
    with watch("controls", 2 * splits) as progress:
        verify_instrument(list(heads().values()), progress=progress)
    for change in changes:
        with watch(change.variant.name, splits + SUBMISSIONS) as progress:
            yield change.variant, measure_variant(root, change.variant, change, progress)


def measure_variant(root: Path, variant: Variant, change: BranchChange, progress: Progress = lambda _: None) -> Verdict:
    """Build, boot and measure the release of a variant's branch; return its verdict.

    Failure where the release is not what the variant says, or where nothing can be told.
    """
    try:
        return _measure_release(build(root, change.tree), variant, change.tree, progress)
    except httpx.HTTPError as error:
        raise Failure(f"{variant.name}: no verdict", found=f"{type(error).__name__}: {error}") from None


def _measure_release(slug: Slug, variant: Variant, tree: str, progress: Progress) -> Verdict:
    """Boot a slug and measure it."""
    with running(slug, variant.name, log=lambda line: log.debug("%s: %s", variant.name, line)) as address:
        base = f"http://{address[0]}:{address[1]}"
        with browser(base, HOST) as client:
            server = about.ask(client)
            if wrong := about.differences(server, variant):
                raise Failure(f"{variant.name} is not what answers: no verdict", found=wrong)
            target = redirect_target(client)
            if target != FORM_TARGET:
                raise Failure(f"{variant.name}: the form does not redirect as expected", found=target[:60])
        form, misroute = (_measure(address, head, progress) for head in heads().values())
        router = _submit_through_router(address, variant, progress)
    today = datetime.now(UTC).date().isoformat()
    return judge(form, misroute, router, server.server, tree=tree, measured=today)


def _measure(address: Address, head: bytes, progress: Progress) -> Measurement:
    """Measure one head at every offset."""
    return probe(Endpoint(*address), head, [(offset,) for offset in every_offset(head)], progress=progress)


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

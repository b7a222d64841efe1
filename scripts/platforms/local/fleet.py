"""The deployments of the local platform: the dyno behind each app's host, and how a new one takes over.

A deploy boots the new dyno beside the old one, switches the route when it is up, and then retires the old one: no
request is lost. A boot that fails changes nothing. A dyno that ends by itself has crashed, and is started again after a
while. What happens to a dyno is written to its app's log in the words of Heroku's.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scripts.errors import Failure
from scripts.platforms.local.boot import BOOT_SECONDS, BootFailed, wait_until_up
from scripts.platforms.local.dyno import GRACE_SECONDS, NAME, Dyno, web_command
from scripts.platforms.local.messages import Booted, Deploy, FailedHead, Listed
from scripts.platforms.local.slug import Slug
from scripts.platforms.platform import Deployment
from scripts.router import router

PLATFORM = f"heroku[{NAME}]"
"""Who speaks of a dyno's states in a log."""

RESTART_SECONDS = (0.0, 20.0, 40.0, 80.0, 160.0, 320.0)
"""How long a dyno stays down after its first crash, its second one, and so on; the last one stays."""

ALIVE_SECONDS = 5.0
"""How long a dyno that runs already may take to say so; after that, another one takes its place."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class DeployedTree:
    """A deployed tree; `dyno` is None while it boots."""

    order: Deploy
    dyno: Dyno | None = None
    state: router.DynoState = router.DynoState.STARTING
    since: datetime = field(default_factory=_now)
    restarts: int = 0
    crashes: int = 0
    """In a row: one that has been up for longer than the longest pause begins anew."""

    @property
    def is_up(self) -> bool:
        """Whether its dyno serves."""
        return self.state is router.DynoState.UP

    @property
    def target(self) -> router.RoutedDyno:
        """What the router is told."""
        return router.RoutedDyno(NAME, self.state, self.dyno.address if self.dyno and self.is_up else None)


class Fleet:
    """All deployments of one router, which must be told of by nobody else; close it."""

    def __init__(
        self,
        proxy: router.Router,
        say: Callable[[str, str, str], None],
        *,
        missing: Iterable[Deploy] = (),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`proxy` is the router; `say` writes to a log: app, who speaks, line.

        `missing` is what ran before and shall be known until it is deployed again. `pause` waits for some seconds.
        """
        self._router = proxy
        self._say = say
        self._pause = pause
        self._missing = {order.host: order for order in missing}
        self._serving: dict[str, DeployedTree] = {}
        self._booting: dict[str, DeployedTree] = {}
        self._retiring: list[DeployedTree] = []
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_empty(self) -> bool:
        """Whether there is no deployment, neither serving nor booting nor crashed."""
        return not self._serving and not self._booting

    @property
    def orders(self) -> tuple[Deploy, ...]:
        """What is deployed, or was and is missing: what another supervisor would have to bring back."""
        return (*self._missing.values(), *(deployed.order for deployed in self._serving.values()))

    def listed(self) -> Listed:
        """Return what is deployed, by the variants' names, and what is missing."""
        rows = [self._listed(each) for each in {**self._booting, **self._serving}.values()]
        missing = [order for host, order in self._missing.items() if host not in self._booting]
        rows += [order.missing for order in missing]
        used = (*self._serving.values(), *self._booting.values(), *self._retiring)
        return Listed(
            tuple(sorted(rows, key=lambda row: row.variant)),
            tuple(missing),
            tuple(deployed.order.tree for deployed in used),
            self._router.segment_bytes,
            self._router.profile.name,
            self._failed(),
        )

    def _failed(self) -> FailedHead | None:
        """Return the request that failed last, where what it was for is still deployed."""
        last = self._router.last_failed
        deployed = last and next((each for each in self._serving.values() if each.order.variant == last.variant), None)
        if not last or not deployed or not last.record.code:
            return None
        record, code = last.record, last.record.code
        return FailedHead(
            variant=last.variant,
            tree=deployed.order.tree,
            when=last.when,
            request_id=record.request_id,
            code=code.name,
            desc=code.desc,
            broke=last.broke,
            broke_at=last.broke_at,
            head=record.head.decode("latin-1"),
            segment_bytes=record.offsets[0] if record.offsets else 0,
        )

    async def deploy(self, order: Deploy) -> Booted:
        """Make `order` the deployment of its host, unless its tree is up there already, and answers.

        Deploys of one host take turns. BootFailed when the dyno does not come up, Failure when its slug cannot be
        started; then, and when this call is cancelled, the host is served as before.
        """
        segment, router = self._router.segment_bytes, self._router.profile.name
        async with self._turns[order.host]:
            old = self._serving.get(order.host)
            if old and old.order.tree == order.tree and await self._answers(old):
                old.order = order
                return Booted(self._listed(old), fresh=False, segment_before=segment, router_before=router)
            new = DeployedTree(order)
            self._booting[order.host] = new
            try:
                await self._boot(new, old)
            finally:
                del self._booting[order.host]
            self._serving[order.host] = new
            self._missing.pop(order.host, None)
            self._route(new)
            self._spawn(self._watch(new))
            if old and old.is_up:
                self._retiring.append(old)
                self._spawn(self._retire(old))
            return Booted(self._listed(new), fresh=True, segment_before=segment, router_before=router)

    async def close(self) -> None:
        """End all dynos. No deploy may be under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        left = [*self._retiring, *(deployed for deployed in self._serving.values() if deployed.is_up)]
        await asyncio.gather(*(self._stop(deployed) for deployed in left))

    async def _answers(self, deployed: DeployedTree) -> bool:
        """Say whether a deployment is up, and its dyno answers: a stopped process is there, and does nothing."""
        if not deployed.is_up or not deployed.dyno:
            return False
        try:
            await wait_until_up(deployed.dyno, deployed.order.variant, limit=ALIVE_SECONDS)
        except BootFailed as error:
            self._tell(deployed, f"It is replaced: {error.found}")
            return False
        return True

    async def _boot(self, new: DeployedTree, old: DeployedTree | None) -> None:
        """Start a dyno for `new` and wait until it is up; where that fails, the route is `old`'s again."""
        order = new.order
        try:
            if not (old and old.is_up):
                self._route(new)  # requests wait for it
            await self._start(new)
        except BaseException:
            if old:
                self._route(old)
            else:
                self._router.unroute(order.host)
            raise

    async def _start(self, deployed: DeployedTree) -> None:
        """Start a dyno for a deployment and wait until it is up; one that does not come up is ended, and told."""
        order = deployed.order
        slug = Slug(order.tree, Path(order.slug))
        try:
            self._tell(deployed, f"Starting process with command `{web_command(slug)}`")
            deployed.dyno = await Dyno.start(slug, lambda line: self._say(order.app, f"app[{NAME}]", line))
            await wait_until_up(deployed.dyno, order.variant)
        except BaseException as error:
            if isinstance(error, BootFailed) and error.timed_out:
                said = f"Error R10 (Boot timeout) -> Web process failed to answer within {BOOT_SECONDS:g} seconds"
                self._tell(deployed, said)
            await self._stop(deployed)
            self._tell(deployed, "State changed from starting to crashed")
            raise
        deployed.state, deployed.since = router.DynoState.UP, _now()
        self._tell(deployed, "State changed from starting to up")

    async def _watch(self, deployed: DeployedTree) -> None:
        """Start the dyno of a deployment again when it has ended by itself, as long as it is the host's deployment."""
        while True:
            assert deployed.dyno
            status = await deployed.dyno.ended()
            if not self._is_current(deployed):
                return
            self._tell(deployed, f"Process exited with status {status}")
            self._tell(deployed, "State changed from up to crashed")
            if (_now() - deployed.since).total_seconds() > RESTART_SECONDS[-1]:
                deployed.crashes = 0
            while not deployed.is_up or deployed.dyno.has_ended:
                self._change(deployed, router.DynoState.CRASHED)
                await self._pause(RESTART_SECONDS[min(deployed.crashes, len(RESTART_SECONDS) - 1)])
                deployed.crashes += 1
                async with self._turns[deployed.order.host]:
                    if not self._is_current(deployed):
                        return
                    await self._restart(deployed)

    async def _restart(self, deployed: DeployedTree) -> None:
        """Start the dyno of a crashed deployment once more; it stays crashed where that fails."""
        deployed.restarts += 1
        self._tell(deployed, "State changed from crashed to starting")
        self._change(deployed, router.DynoState.STARTING)
        try:
            await self._start(deployed)
        except Failure as error:
            self._tell(deployed, f"It did not come up: {error.message}")
        else:
            self._route(deployed)

    def _is_current(self, deployed: DeployedTree) -> bool:
        """Say whether a deployment is the one that its host is served by."""
        return self._serving.get(deployed.order.host) is deployed

    def _change(self, deployed: DeployedTree, state: router.DynoState) -> None:
        """Put a deployment into another state, and let the router know."""
        deployed.state, deployed.since = state, _now()
        self._route(deployed)

    async def _retire(self, deployed: DeployedTree) -> None:
        """End the dyno of a deployment that is not routed to any more, when its last requests are answered."""
        await self._router.drained(deployed.target, GRACE_SECONDS)
        await self._stop(deployed)
        self._retiring.remove(deployed)

    async def _stop(self, deployed: DeployedTree) -> None:
        """End the dyno of a deployment, if it has one."""
        if not deployed.dyno:
            return
        if not deployed.dyno.has_ended:
            self._tell(deployed, "Stopping all processes with SIGTERM")
        status = await deployed.dyno.stop()
        self._tell(deployed, f"Process exited with status {status}")

    def _route(self, deployed: DeployedTree) -> None:
        """Send the requests for a deployment's host to its dyno."""
        order = deployed.order
        self._router.route(order.host, order.app, deployed.target, variant=order.variant)

    def _listed(self, deployed: DeployedTree) -> Deployment:
        """Return a deployment as `make ps` shows it."""
        order = deployed.order
        here = deployed.dyno.address if deployed.dyno and deployed.is_up else None
        return Deployment(
            variant=order.variant,
            app=order.app,
            state=deployed.state.value,
            address=f"http://{order.host}:{self._router.port}/",
            branch=order.branch,
            commit=order.commit,
            tree=order.tree,
            since=deployed.since,
            dyno=f"http://{here[0]}:{here[1]}/" if here else "",
            restarts=deployed.restarts,
            segment_bytes=self._router.segment_bytes,
            pid=deployed.dyno.pid if deployed.dyno and not deployed.dyno.has_ended else None,
        )

    def _tell(self, deployed: DeployedTree, line: str) -> None:
        """Write what happens to a deployment's dyno to its log."""
        self._say(deployed.order.app, PLATFORM, line)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        """Let `work` go on by itself until it is done, or the fleet is closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

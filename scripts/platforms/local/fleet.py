"""The deployments of the local platform: the dyno behind each app's host, and how a new one takes over.

A deploy boots the new dyno beside the old one, switches the route when it is up, and then retires the old one: no
request is lost. A boot that fails changes nothing. A dyno that ends by itself has crashed; it stays so until the next
deploy, of the same tree too. What happens to a dyno is written to its app's log in the words of Heroku's.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scripts.platforms.local.boot import BOOT_SECONDS, BootFailed, wait_until_up
from scripts.platforms.local.control import Booted, Deploy
from scripts.platforms.local.dyno import GRACE_SECONDS, NAME, Dyno, web_command
from scripts.platforms.local.slug import Slug
from scripts.platforms.platform import Deployment
from scripts.router import router

PLATFORM = f"heroku[{NAME}]"
"""Who speaks of a dyno's states in a log."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class DeployedTree:
    """A deployed tree; `dyno` is None while it boots."""

    order: Deploy
    dyno: Dyno | None = None
    state: router.DynoState = router.DynoState.STARTING
    since: datetime = field(default_factory=_now)

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

    def __init__(self, proxy: router.Router, say: Callable[[str, str, str], None]) -> None:
        """`proxy` is the router; `say` writes to a log: app, who speaks, line."""
        self._router = proxy
        self._say = say
        self._serving: dict[str, DeployedTree] = {}
        self._booting: dict[str, DeployedTree] = {}
        self._retiring: list[DeployedTree] = []
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_empty(self) -> bool:
        """Whether there is no deployment, neither serving nor booting nor crashed."""
        return not self._serving and not self._booting

    def deployments(self) -> tuple[Deployment, ...]:
        """Return what is deployed by the variants' names."""
        trees = {**self._booting, **self._serving}.values()
        return tuple(sorted((self._listed(each) for each in trees), key=lambda row: row.variant))

    async def deploy(self, order: Deploy) -> Booted:
        """Make `order` the deployment of its host, unless its tree is up there already.

        Deploys of one host take turns. BootFailed when the dyno does not come up, Failure when its slug cannot be
        started; then, and when this call is cancelled, the host is served as before.
        """
        async with self._turns[order.host]:
            old = self._serving.get(order.host)
            if old and old.is_up and old.order.tree == order.tree:
                old.order = order
                return Booted(self._listed(old), fresh=False)
            new = await self._boot(order, old)
            self._serving[order.host] = new
            self._route(new)
            self._spawn(self._watch(new))
            if old and old.is_up:
                self._retiring.append(old)
                self._spawn(self._retire(old))
            return Booted(self._listed(new), fresh=True)

    async def close(self) -> None:
        """End all dynos. No deploy may be under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        left = [*self._retiring, *(deployed for deployed in self._serving.values() if deployed.is_up)]
        await asyncio.gather(*(self._stop(deployed) for deployed in left))

    async def _boot(self, order: Deploy, old: DeployedTree | None) -> DeployedTree:
        """Return the tree of `order` with a dyno that is up; where that fails, the route is `old`'s again."""
        new = DeployedTree(order)
        self._booting[order.host] = new
        if not (old and old.is_up):
            self._route(new)  # requests wait for it
        slug = Slug(order.tree, Path(order.slug))
        try:
            self._tell(new, f"Starting process with command `{web_command(slug)}`")
            new.dyno = await Dyno.start(slug, lambda line: self._say(order.app, f"app[{NAME}]", line))
            await wait_until_up(new.dyno, order.variant)
        except BaseException as error:
            if isinstance(error, BootFailed) and error.timed_out:
                self._tell(
                    new, f"Error R10 (Boot timeout) -> Web process failed to answer within {BOOT_SECONDS:g} seconds"
                )
            await self._stop(new)
            self._tell(new, "State changed from starting to crashed")
            if old:
                self._route(old)
            else:
                self._router.unroute(order.host)
            raise
        finally:
            del self._booting[order.host]
        new.state, new.since = router.DynoState.UP, _now()
        self._tell(new, "State changed from starting to up")
        return new

    async def _watch(self, deployed: DeployedTree) -> None:
        """Mark a deployment whose dyno ends by itself as crashed."""
        assert deployed.dyno
        status = await deployed.dyno.ended()
        if self._serving.get(deployed.order.host) is deployed:
            deployed.state, deployed.since = router.DynoState.CRASHED, _now()
            self._route(deployed)
            self._tell(deployed, f"Process exited with status {status}")
            self._tell(deployed, "State changed from up to crashed")

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
        self._router.route(deployed.order.host, deployed.order.app, deployed.target)

    def _listed(self, deployed: DeployedTree) -> Deployment:
        """Return a deployment as `make ps` shows it."""
        order = deployed.order
        return Deployment(
            variant=order.variant,
            app=order.app,
            state=deployed.state.value,
            address=f"http://{order.host}:{self._router.port}/",
            branch=order.branch,
            commit=order.commit,
            tree=order.tree,
            since=deployed.since,
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

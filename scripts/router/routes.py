"""Which dyno answers to which host name, and what the router waits for, and how long."""

import asyncio
import enum
from dataclasses import dataclass, field

from scripts.router.codes import RequestFailed
from scripts.wire.receive_queue import Address


@dataclass(frozen=True)
class RouterTimes:
    """Time limits in seconds; the defaults are Heroku's."""

    connect: float = 5.0
    """To connect to the dyno (H19)."""
    first_byte: float = 30.0
    """From the request's last byte to the answer's first one (H12), and for the dyno to read the head."""
    rolling: float = 55.0
    """Between any two pieces of a body (H15 for the dyno, H28 for the client)."""
    client_idle: float = 60.0
    """For a connected client to send the head of its next request."""
    boot_queue: float = 75.0
    """For a request to wait until the dyno has started (H20)."""


class DynoState(enum.Enum):
    """What the router is told of a dyno."""

    STARTING = "starting"
    UP = "up"
    CRASHED = "crashed"
    NONE = "none"


@dataclass(frozen=True)
class RoutedDyno:
    """The web process of a release, where there is one."""

    name: str = "web.1"
    state: DynoState = DynoState.STARTING
    address: Address | None = None

    def __post_init__(self) -> None:
        """Refuse a dyno that is up and nowhere."""
        if self.state is DynoState.UP and self.address is None:
            raise ValueError(f"{self.name} is up, but has no address")


@dataclass(frozen=True)
class Route:
    """What a host name leads to, until it is replaced."""

    app: str
    dyno: RoutedDyno
    variant: str = ""
    """What the app is of, for people: the commands know it by that name."""
    replaced: asyncio.Event = field(default_factory=asyncio.Event, compare=False)


class NoSuchApp(Exception):
    """No app has this host name."""


class Routes:
    """The routes by host name, without regard to case."""

    def __init__(self) -> None:
        """Begin without any."""
        self._routes: dict[str, Route] = {}
        self.home = ""
        """The host of the platform's own page: while its dyno is up, it answers for unknown hosts too."""

    @property
    def hosts(self) -> list[str]:
        """The host names of apps."""
        return [host for host in self._routes if host != self.home]

    @property
    def has_home(self) -> bool:
        """Whether there is a page of the platform's own."""
        return self.home in self._routes

    def put(self, host: str, route: Route) -> None:
        """Set or replace the route of `host`; requests that wait for it go on at once."""
        self.remove(host)
        self._routes[host.lower()] = route

    def remove(self, host: str) -> None:
        """Forget the route of `host`, if there is one."""
        route = self._routes.pop(host.lower(), None)
        if route:
            route.replaced.set()

    def app(self, host: str) -> str:
        """Return the app that `host` leads to; empty where there is none."""
        route = self._known(host)
        return route.app if route else ""

    def variant(self, host: str) -> str:
        """Return what the app of `host` is of; empty where that is not known."""
        route = self._routes.get(host.lower())
        return route.variant if route else ""

    def _known(self, host: str) -> Route | None:
        """Return the route of `host`, or of the platform's own page where that can answer instead."""
        home = self._routes.get(self.home)
        return self._routes.get(host.lower()) or (home if home and home.dyno.state is DynoState.UP else None)

    async def dyno(self, host: str, seconds: float) -> tuple[RoutedDyno, Address]:
        """Return the dyno that is up for `host`, and its address; wait up to `seconds` for one that is starting.

        NoSuchApp for an unknown host; RequestFailed for a dyno that is not there, or does not come up.
        """
        try:
            async with asyncio.timeout(seconds):
                while (route := self._known(host)) and route.dyno.state is DynoState.STARTING:
                    await route.replaced.wait()
        except TimeoutError:
            raise RequestFailed("H20") from None
        if route is None:
            raise NoSuchApp
        if route.dyno.state is not DynoState.UP or route.dyno.address is None:
            raise RequestFailed("H10" if route.dyno.state is DynoState.CRASHED else "H14")
        return route.dyno, route.dyno.address

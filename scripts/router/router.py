"""The router: an HTTP/1.1 reverse proxy on loopback, after Heroku's legacy router.

It reads a request's head whole, writes it anew and sends it to the dyno in segments, each of them read before the next
one leaves: so an app meets here what TCP made of long heads at Heroku (uvicorn issue 344). A failure becomes an H-code:
an error page for the client, and a line in the app's log. Everything runs in one event loop.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable

from scripts.errors import WrongUse
from scripts.router import pages
from scripts.router.client_side import ClientConnection
from scripts.router.codes import RequestFailed, RequestLog
from scripts.router.dyno_side import BLIND_SECONDS, DynoConnection
from scripts.router.flights import Flights
from scripts.router.heads import (
    LEGACY,
    PROFILES,
    Profile,
    Request,
    Stamp,
    check,
    dyno_request,
    forwarded_for,
    host_name,
    request_id,
)
from scripts.router.listener import Listener
from scripts.router.pool import Pool
from scripts.router.relay import relay
from scripts.router.routes import DynoState, NoSuchApp, Route, RoutedDyno, RouterTimes, Routes
from scripts.router.segments import FailedRequest, what_broke
from scripts.wire.receive_queue import ReceiveQueue, open_receive_queue
from scripts.wire.splitting import SEGMENT_BYTES, segment_offsets

__all__ = ["LEGACY", "PROFILES", "DynoState", "Profile", "RoutedDyno", "Router", "RouterTimes"]

log = logging.getLogger(__name__)

SPARE_SECONDS = 1.0
"""How long a client must have been idle to be closed when its place is needed: one that has just come will ask soon."""


class Router:
    """The router. Use it within one event loop; none of its methods may be called from another thread."""

    def __init__(
        self, *, segment_bytes: int = SEGMENT_BYTES, times: RouterTimes | None = None, log: Callable[[str, str], None]
    ) -> None:
        """Send heads in segments of `segment_bytes` (0: whole), and call `log` with an app's name and a log line.

        WrongUse for a negative size.
        """
        if segment_bytes < 0:
            raise WrongUse(f"a segment cannot have {segment_bytes} bytes", do="SEGMENT is 1 or more, or 0 for whole")
        self.segment_bytes = segment_bytes
        """May be set at any time, for the requests to come."""
        self.profile: Profile = LEGACY
        """May be set at any time, for the requests to come."""
        self._times = times or RouterTimes()
        self._log = log
        self._routes = Routes()
        self._listener: Listener | None = None
        self._queue: ReceiveQueue | None = None
        self.last_failed: FailedRequest | None = None
        """The request to an app that failed last, with what its dyno got."""
        self.pool = Pool()
        """The connections to dynos that the profile keeps."""
        self._connections: dict[asyncio.Task[None], ClientConnection] = {}
        self._flights = Flights()

    def route(self, host: str, app: str, dyno: RoutedDyno, *, variant: str = "") -> None:
        """Set or replace what `host` leads to, for the requests to come and those that wait for a dyno to start.

        A request that is with a dyno already stays with it. `variant` is what an error page calls the app.
        """
        self._routes.put(host, Route(app, dyno, variant))

    def home(self, host: str) -> None:
        """Let `host` be that of the platform's own page, which answers for unknown hosts too while its dyno is up."""
        self._routes.home = host

    @property
    def _home(self) -> str:
        """The address of the platform's own page; empty where there is none."""
        return f"http://{self._routes.home}:{self.port}/" if self._routes.has_home else ""

    def unroute(self, host: str) -> None:
        """Forget `host`; the requests that wait for its dyno find no such app."""
        self._routes.remove(host)

    async def start(self, port: int = 8344) -> None:
        """Listen on 127.0.0.1 at `port`, or at any free one for 0; Failure when that cannot be done."""
        self._listener = Listener(
            port, take=self._take, count=lambda: len(self._connections), make_room=self._close_oldest_idle
        )
        self._queue = open_receive_queue()
        if self.segment_bytes and not self._queue:
            log.warning("this kernel does not say what a dyno has read: segments go %g s apart", BLIND_SECONDS)

    @property
    def port(self) -> int:
        """The port that the router listens on; 0 while it does not."""
        return self._listener.port if self._listener else 0

    async def close(self) -> None:
        """Stop listening and end all connections, also those with a request in flight."""
        if self._listener:
            self._listener.close()
            self._listener = None
        while self._connections:
            for client in self._connections.values():
                client.abort()
            await asyncio.wait(self._connections)
        self.pool.close()
        if self._queue:
            self._queue.close()

    async def drained(self, dyno: RoutedDyno, timeout: float) -> None:
        """Return when no request is in flight on that dyno, or after `timeout` seconds; keep no connection to it."""
        if dyno.address:
            await self._flights.landed(dyno.address, timeout)
            self.pool.close(dyno.address)

    def _take(self, accepted: socket.socket, address: str) -> None:
        """Serve a new client in a task of its own."""
        client = ClientConnection(address, self._times.rolling)
        serving = asyncio.create_task(self._serve(client, accepted))
        client.on_gone = serving.cancel
        self._connections[serving] = client
        serving.add_done_callback(self._left)

    def _close_oldest_idle(self) -> bool:
        """Make room for another client, if one has been idle for a while; say whether there is one."""
        idle = [
            (client.idle_since, serving)
            for serving, client in self._connections.items()
            if client.idle_since is not None
        ]
        since, oldest = min(idle, key=lambda one: one[0], default=(0.0, None))
        if not oldest or asyncio.get_running_loop().time() - since < SPARE_SECONDS:
            return False
        self._connections[oldest].on_gone = lambda: None
        oldest.cancel()
        return True

    def _left(self, serving: "asyncio.Task[None]") -> None:
        """Forget a client's connection, and take on those that wait for its place."""
        del self._connections[serving]
        if self._listener:
            self._listener.go_on()

    async def _serve(self, client: ClientConnection, accepted: socket.socket) -> None:
        """Serve a connection until its last answer is sent or the client is gone, whichever is first."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: client, accepted)
            await self._requests(client)
        except asyncio.CancelledError:
            pass  # the client is gone, the router ends, or an idle connection's place is needed
        except Exception:
            log.exception("a connection ended with a bug of the router")
        finally:
            await client.close()

    async def _requests(self, client: ClientConnection) -> None:
        """Answer one request after the other."""
        reusable = True
        while reusable:
            try:
                request = await client.request(self._times.client_idle)
            except RequestFailed as failed:
                record = RequestLog(fwd=client.address)
                record.fail(failed)
                self._report("", record)
                await self._show(client, pages.failure(failed, ""))
                break
            if request is None:
                return
            await self._answer(client, request)
            reusable = await client.next_cycle()
        await client.finish()

    async def _answer(self, client: ClientConnection, request: Request) -> None:
        """Answer a request, whatever happens, and log it."""
        host = host_name(request)
        app = self._routes.app(host)
        record = RequestLog(
            method=request.method.decode(),
            path=request.target.decode(),
            host=host,
            request_id=request_id(request).decode("latin-1"),
            fwd=forwarded_for(request, client.address.encode()).decode("latin-1"),
        )
        try:
            page = await self._forward(client, request, record)
        except asyncio.CancelledError:
            if not client.is_answered:
                record.fail(RequestFailed("H27") if client.gone else RequestFailed("H99", cause="the router has ended"))
            raise
        finally:
            self._report(app, record)
        if page:
            await self._show(client, page)

    async def _forward(self, client: ClientConnection, request: Request, record: RequestLog) -> pages.Page | None:
        """Have a dyno answer the request; return the page to show where none did."""
        try:
            check(request)
            await self._relay(client, request, record)
        except NoSuchApp:
            record.status = 404
            return pages.no_such_app(self._routes.hosts, self.port, home=self._home)
        except RequestFailed as error:
            failed = error
        except Exception:
            log.exception("a request met a bug of the router")
            failed = RequestFailed("H99")
        else:
            return None
        record.fail(failed)
        broke_at, broke = what_broke(record.head, record.offsets) if failed.code.name == "H13" else (0, "")
        variant = self._routes.variant(record.host)
        if variant and record.head and failed.code.severity == "error":
            self.last_failed = FailedRequest(variant, record, broke, broke_at)
        return pages.failure(
            failed,
            record.request_id,
            variant=variant,
            broke=broke,
            segment_bytes=self.segment_bytes,
            home=self._home,
        )

    async def _relay(self, client: ClientConnection, request: Request, record: RequestLog) -> None:
        """Find the dyno, connect to it, and carry request and answer; note in `record` how far it came."""
        came, epoch = time.monotonic(), time.time()
        dyno, address = await self._routes.dyno(record.host, self._times.boot_queue)
        profile, again = self.profile, False
        with self._flights.on(address):
            record.dyno = dyno.name
            found = time.monotonic()
            try:
                connection = profile.pools and self.pool.take(address)
                connection = connection or await DynoConnection.open(address, self._times.connect, self._queue)
            finally:
                record.connect = _milliseconds_since(found)
            begun = time.monotonic()
            try:
                stamp = Stamp(
                    request_id=record.request_id.encode("latin-1"),
                    client=client.address.encode(),
                    port=self.port,
                    start=round(epoch * 1000),
                    connect=record.connect,
                    route=_milliseconds_since(came),
                )
                segment_bytes = self.segment_bytes if profile.splits else 0
                record.head = dyno_request(request, stamp, profile)
                record.offsets = segment_offsets(len(record.head), segment_bytes)
                again = await relay(
                    client,
                    connection,
                    request,
                    record.head,
                    record,
                    via=profile.via,
                    segment_bytes=segment_bytes,
                    times=self._times,
                )
            finally:
                record.service = _milliseconds_since(begun)
                record.received = connection.received
                if again and profile.pools:
                    self.pool.keep(address, connection)
                else:
                    connection.close()

    async def _show(self, client: ClientConnection, page: pages.Page) -> None:
        """Send a page of the router's own; where an answer has begun, break it off instead."""
        if client.can_be_answered and page.status != 499:
            try:
                await client.send_page(page)
            except RequestFailed:
                client.abort()
        else:
            client.abort()

    def _report(self, app: str, record: RequestLog) -> None:
        """Log a request with its app; what no app is concerned with goes to the router's own log."""
        if app:
            self._log(app, record.line())
        else:
            log.info("%s", record.line())


def _milliseconds_since(moment: float) -> int:
    """Return the whole milliseconds since a moment of the monotonic clock."""
    return round((time.monotonic() - moment) * 1000)

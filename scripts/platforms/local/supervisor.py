"""The supervisor: the one background process of a checkout that holds its router and its dynos.

    python -m scripts.platforms.local.supervisor ROOT --port N --segment-bytes N

starts it and returns once it serves (exit code 0), or says in one line on standard error why it cannot (exit code 1).
It is detached from the terminal; what goes wrong later is in .local/supervisor.log. `control.py` has its protocol. It
ends when it is asked to (`make down`, SIGTERM), and by itself when it holds no deployment and nobody is connected, so
that a first deploy that fails leaves nothing running. The kernel's lock on .local/supervisor.lock, held for life, makes
it the only one.
"""

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.errors import Failure
from scripts.files import write_whole
from scripts.platforms.local import control
from scripts.platforms.local.fleet import Fleet
from scripts.platforms.local.logs import Logs
from scripts.router.router import PROFILES, Router

log = logging.getLogger(__name__)

FIRST_REQUEST_SECONDS = 30.0
"""How long a supervisor that was just started waits for its first request."""

LOOK_SECONDS = 2.0
"""How often the supervisor looks whether its supervisor.json is still there."""

READY = "ready"


class Supervisor:
    """Answers clients, from a router and the fleet of deployments that it routes to."""

    def __init__(self, router: Router, fleet: Fleet) -> None:
        """Serve the deployments of `fleet` behind the started `router`."""
        self.over = asyncio.Event()
        """Set when the supervisor shall end."""
        self._router = router
        self._fleet = fleet
        self._has_deployed = False
        self._clients: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take on a client."""
        client = asyncio.create_task(self._serve(reader, writer))
        self._clients.add(client)
        client.add_done_callback(self._left)

    def end_if_idle(self) -> None:
        """End when there is nothing to hold and nobody to hold it for."""
        if not self._clients and self._fleet.is_empty:
            self.over.set()

    async def close(self) -> None:
        """Take back what clients still ask for, and tell them."""
        self.over.set()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def _left(self, client: asyncio.Task[None]) -> None:
        """Forget a client."""
        self._clients.discard(client)
        if not client.cancelled() and (error := client.exception()):
            log.error("a client was not served", exc_info=error)
        if self._has_deployed:  # else who started this supervisor is about to
            self.end_if_idle()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a client's request, which is taken back when the client shuts its side down, or the supervisor ends.

        A request that comes when the supervisor is ending gets no answer.
        """
        over = asyncio.create_task(self.over.wait())
        line = asyncio.create_task(reader.readline())
        await asyncio.wait({over, line}, return_when=asyncio.FIRST_COMPLETED)
        if not over.done():
            work = asyncio.create_task(self._answer(line.result()))
            end = asyncio.create_task(reader.read(1))
            await asyncio.wait({over, work, end}, return_when=asyncio.FIRST_COMPLETED)
            end.cancel()
            work.cancel()  # which means nothing to one that is done
            await asyncio.wait({work})
            with contextlib.suppress(ConnectionError):
                writer.write(control.encode(control.Refused("interrupted") if work.cancelled() else work.result()))
                await writer.drain()
        line.cancel()
        over.cancel()
        writer.close()

    async def _answer(self, line: bytes) -> control.Reply:
        """Carry out the request on a line; that it failed is an answer too."""
        try:
            request = control.read_request(line)
            if isinstance(request, control.Ps):
                return control.Listed(self._fleet.deployments())
            if isinstance(request, control.Down):
                self.over.set()
                return control.Ending()
            self._has_deployed = True
            booted = await self._fleet.deploy(request)
            if request.segment_bytes is not None:
                self._router.segment_bytes = request.segment_bytes
            if request.router is not None:
                self._router.profile = PROFILES[request.router]
        except Failure as error:
            return control.Refused(error.message, error.lines)
        except Exception:
            log.exception("a request failed")
            return control.Refused("the local platform failed. How, is in .local/supervisor.log")
        return booted


async def supervise(places: control.Places, port: int, segment_bytes: int, ready: Callable[[], None]) -> None:
    """Be the supervisor of a checkout until it shall end; `ready` is called when it serves.

    `port` is the router's, 0 for any. Failure when there is a supervisor already, or the router cannot listen.
    """
    loop = asyncio.get_running_loop()
    _be_the_only_one(places)
    control.clear_stale(places)
    async with contextlib.AsyncExitStack() as held:  # what is entered last is ended first
        logs = held.enter_context(contextlib.closing(Logs(places.logs)))
        router = Router(segment_bytes=segment_bytes, log=lambda app, line: logs.write(app, "heroku[router]", line))
        fleet = Fleet(router, logs.write)
        held.push_async_callback(fleet.close)
        await router.start(port)
        held.push_async_callback(router.close)
        supervisor = Supervisor(router, fleet)
        address = Path(held.enter_context(tempfile.TemporaryDirectory(prefix=control.SOCKET_FOLDER)), "socket")
        held.push_async_callback(supervisor.close)
        server = await asyncio.start_unix_server(supervisor.serve, address)
        held.callback(server.close)
        address.chmod(0o600)
        state = control.State(pid=os.getpid(), socket=str(address), port=router.port, code=control.fingerprint())
        write_whole(places.state, control.encode(state))
        held.callback(_forget, places, state)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.over.set)
        ready()
        loop.call_later(FIRST_REQUEST_SECONDS, supervisor.end_if_idle)
        while not supervisor.over.is_set() and control.read_state(places) == state:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(supervisor.over.wait(), LOOK_SECONDS)


def _be_the_only_one(places: control.Places) -> None:
    """Take the lock for the rest of this process's life: never closed, it shows who waits for it the very end."""
    lock = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Failure("the local platform runs already", do="See what it runs: make ps") from None


def _forget(places: control.Places, state: control.State) -> None:
    """Remove supervisor.json, unless it is another supervisor's: .local/ may have been removed and made anew."""
    if control.read_state(places) == state:
        places.state.unlink()


def main() -> None:
    """Detach a supervisor, and wait until it serves or has failed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.platforms.local.supervisor")
    parser.add_argument("root", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--segment-bytes", type=int, required=True)
    args = parser.parse_args()
    places = control.Places(args.root)
    word, tell = os.pipe()
    if os.fork():
        os.close(tell)
        with os.fdopen(word) as words:
            said = words.read()
        sys.exit(None if said == READY else said or f"the local platform did not start. How, is in {places.output}")
    os.close(word)
    _detach(places)
    try:
        asyncio.run(supervise(places, args.port, args.segment_bytes, lambda: _tell(tell, READY)))
    except Failure as error:
        _tell(tell, error.message)
        raise SystemExit(error.exit_code) from None


def _detach(places: control.Places) -> None:
    """Leave the terminal: a session of its own, no input, output to .local/supervisor.log."""
    os.setsid()
    os.chdir(places.root)
    with Path(os.devnull).open("rb") as nothing, places.output.open("wb") as output:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _tell(pipe: int, word: str) -> None:
    """Tell the starter how it went."""
    with os.fdopen(pipe, "w") as words:
        words.write(word)


if __name__ == "__main__":
    main()

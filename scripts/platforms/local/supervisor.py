"""The supervisor: the one background process of a checkout that holds its router and its dynos.

    python -m scripts.platforms.local.supervisor ROOT --port N --segment-bytes N

starts it and returns once it serves (exit code 0), or says in one line on standard error why it cannot (exit code 1).
It is detached from the terminal; what goes wrong later is in .local/supervisor.log. `messages.py` has its protocol. It
ends when it is asked to (`make down`, SIGTERM), and by itself when it holds no deployment and nobody is connected, so
that a first deploy that fails leaves nothing running; nothing else that it meets ends it. The kernel's lock on
.local/supervisor.lock, held for life, makes it the only one.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import logging
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from scripts.errors import Failure
from scripts.files import write_whole
from scripts.platforms.local import locks, messages
from scripts.platforms.local.fleet import Fleet
from scripts.platforms.local.live_page import LivePage
from scripts.platforms.local.logs import ROUTER, Logs, ProcessLog
from scripts.platforms.local.places import Places
from scripts.router.router import PROFILES, Router

log = logging.getLogger(__name__)

FIRST_REQUEST_SECONDS = 30.0
"""How long a supervisor that was just started waits for its first request."""

LOOK_SECONDS = 2.0
"""How often the supervisor looks whether its supervisor.json is still there."""

LOCK_SECONDS = 1.0
"""How long the lock may be held by those that only ask whether it is free."""

READY = "ready"


class Supervisor:
    """Answers clients, from a router and the fleet of deployments that it routes to."""

    def __init__(self, places: Places, router: Router, fleet: Fleet, logs: Logs, live: LivePage) -> None:
        """Serve the deployments of `fleet` behind the started `router`, and keep a record of them, and start `live`."""
        self.over = asyncio.Event()
        """Set when the supervisor shall end."""
        self._places = places
        self._router = router
        self._fleet = fleet
        self._logs = logs
        self._live = live
        self._ended = ""
        self._kept: messages.Running | None = None
        self._has_deployed = False
        self._clients: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take on a client."""
        client = asyncio.create_task(self._serve(reader, writer))
        self._clients.add(client)
        client.add_done_callback(self._left)

    def end(self, why: str = "") -> None:
        """End; `why` is for whoever finds that what ran is missing: where there is none, nothing is."""
        if self.over.is_set():
            return
        self._ended = why
        self.over.set()
        if why:
            self.keep()
        else:
            self._places.running.unlink(missing_ok=True)

    def end_if_idle(self) -> None:
        """End when there is nothing to hold and nobody to hold it for."""
        if not self._clients and self._fleet.is_empty:
            self.end("nothing ran any more")

    def keep(self) -> None:
        """Write what runs to running.json, where it is not there yet; the next time where it cannot be written now."""
        now = self._router
        running = messages.Running(now.port, now.segment_bytes, self._fleet.orders, self._ended, now.profile.name)
        is_down = self.over.is_set() and not self._ended
        if is_down or running == self._kept or not running.deployments:
            return
        try:
            write_whole(self._places.running, messages.encode(running))
        except OSError as error:
            log.warning("what runs cannot be written to running.json: %s", error.strerror)
        else:
            self._kept = running

    def look(self, state: messages.State) -> None:
        """See whether a client can still find this supervisor, and leave a sign of life. It raises nothing."""
        try:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self._places.lock)
            if messages.read_state(self._places) != state:
                self.end()
                return
        except OSError as error:  # no file descriptor is left, say
            log.warning("the supervisor cannot look after itself: %s", error.strerror)
        self.keep()

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
                writer.write(messages.encode(messages.Refused("interrupted") if work.cancelled() else work.result()))
                await writer.drain()
        line.cancel()
        over.cancel()
        writer.close()

    async def _answer(self, line: bytes) -> messages.Reply:
        """Carry out the request on a line; that it failed is an answer too."""
        try:
            request = messages.read_request(line)
            if isinstance(request, messages.Ps):
                return self._listed()
            if isinstance(request, messages.SetSegment):
                self._router.segment_bytes = request.segment_bytes
                self.keep()
                return self._listed()
            if isinstance(request, messages.Down):
                self.end()
                return messages.Ending()
            self._has_deployed = True
            booted = await self._fleet.deploy(request)
            self._router.segment_bytes = request.segment_bytes
            self._router.profile = PROFILES[request.router]
            self.keep()
            self._live.start()
            now = dataclasses.replace(booted.deployment, segment_bytes=self._router.segment_bytes)
            return msgspec.structs.replace(booted, deployment=now, log_trouble=self._logs.trouble(request.app))
        except Failure as error:
            return messages.Refused(error.message, error.lines)
        except Exception:
            log.exception("a request failed")
            return messages.Refused("the local platform failed. How, is in .local/supervisor.log")

    def _listed(self) -> messages.Listed:
        """Return what runs, and what was said of it last."""
        return msgspec.structs.replace(self._fleet.listed(), router_lines=tuple(self._logs.router_lines))


async def supervise(places: Places, port: int, segment_bytes: int, ready: Callable[[], None]) -> None:
    """Be the supervisor of a checkout until it shall end; `ready` is called when it serves.

    `port` is the router's, 0 for any. Failure when there is a supervisor already, or the router cannot listen.
    """
    loop = asyncio.get_running_loop()
    _be_the_only_one(places)
    _take_all_descriptors()
    left = messages.read_running(places)
    messages.clear_stale(places)
    async with contextlib.AsyncExitStack() as held:  # what is entered last is ended first
        logs = held.enter_context(contextlib.closing(Logs(places.logs)))
        router = Router(segment_bytes=segment_bytes, log=lambda app, line: logs.write(app, ROUTER, line))
        fleet = Fleet(router, logs.write, missing=left.deployments if left else ())
        held.push_async_callback(fleet.close)
        await router.start(port)
        held.push_async_callback(router.close)
        live = LivePage(places, router, logs.write)
        held.push_async_callback(live.close)
        supervisor = Supervisor(places, router, fleet, logs, live)
        folder = tempfile.TemporaryDirectory(prefix=messages.SOCKET_FOLDER, dir=messages.folder_for_socket())
        address = Path(held.enter_context(folder), "socket")
        held.push_async_callback(supervisor.close)
        server = await asyncio.start_unix_server(supervisor.serve, address)
        held.callback(server.close)
        address.chmod(0o600)
        state = messages.State(pid=os.getpid(), socket=str(address), port=router.port, code=messages.fingerprint())
        write_whole(places.state, messages.encode(state))
        held.callback(messages.forget, places, state)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.end, f"it got {number.name}")
        ready()
        loop.call_later(FIRST_REQUEST_SECONDS, supervisor.end_if_idle)
        while not supervisor.over.is_set():
            supervisor.look(state)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(supervisor.over.wait(), LOOK_SECONDS)


def _be_the_only_one(places: Places) -> None:
    """Take the lock for the rest of this process's life: never closed, it shows who waits for it the very end."""
    lock = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if not locks.take(lock, LOCK_SECONDS):
        os.close(lock)
        raise Failure("the local platform runs already", do="See what it runs: make ps")
    os.ftruncate(lock, 0)
    os.write(lock, b"%d\n" % os.getpid())


def _take_all_descriptors() -> None:
    """Raise the limit of open files as far as this user may; each client of the router takes up to two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says that there is no limit, and then refuses
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """Detach a supervisor, and wait until it serves or has failed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.platforms.local.supervisor")
    parser.add_argument("root", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--segment-bytes", type=int, required=True)
    args = parser.parse_args()
    places = Places(args.root)
    word, pipe = os.pipe()
    if child := os.fork():
        os.close(pipe)
        with os.fdopen(word) as words:
            said = words.read()
        if said != READY:
            os.waitpid(child, 0)  # who is told that nothing started shall find nothing
        sys.exit(None if said == READY else said or f"the local platform did not start. How, is in {places.output}")
    os.close(word)
    pipes = [pipe]
    try:
        _detach(places)
        asyncio.run(supervise(places, args.port, args.segment_bytes, lambda: _tell(pipes, READY)))
    except Failure as error:
        _tell(pipes, error.message)
        raise SystemExit(error.exit_code) from None
    except BaseException as error:
        if pipes and isinstance(error, OSError):  # a full disk, say, or a file where a folder should be
            _tell(pipes, f"the local platform cannot work: {messages.trouble(error)}")
            raise SystemExit(1) from None
        log.exception("the supervisor has ended")
        _record_end(places, f"it met a bug of its own: {error!r}")
        raise


def _detach(places: Places) -> None:
    """Leave the terminal: a session of its own, no input, output to .local/supervisor.log."""
    os.setsid()
    os.chdir(places.root)
    with Path(os.devnull).open("r+b", buffering=0) as nothing:
        for stream in (0, 1, 2):
            os.dup2(nothing.fileno(), stream)
    output = ProcessLog(places.output)
    output.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[output])
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    log.info("process %d supervises %s", os.getpid(), places.root)


def _record_end(places: Places, why: str) -> None:
    """Write why the supervisor ends to running.json, where it is there."""
    running = messages.read_running(places)
    if running:
        write_whole(places.running, messages.encode(msgspec.structs.replace(running, ended=why)))


def _tell(pipes: list[int], word: str) -> None:
    """Tell the starter how it went, unless it was told already."""
    if pipes:
        with os.fdopen(pipes.pop(), "w") as words:
            words.write(word)


if __name__ == "__main__":
    main()

"""Where clients come in: as many as there are file descriptors for, each of them one client and perhaps one dyno."""

import asyncio
import logging
import os
import resource
import socket
from collections.abc import Callable

from scripts.errors import Failure

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"

BACKLOG = 1024
ACCEPTS_AT_ONCE = 64
ACCEPT_AGAIN_SECONDS = 0.2

OTHER_DESCRIPTORS = 32
"""How many file descriptors are left to the rest of the process: logs, dynos' pipes, the supervisor's own clients."""


class Listener:
    """Listens, and hands on the clients that come while there is room for them."""

    def __init__(
        self,
        port: int,
        *,
        take: Callable[[socket.socket, str], object],
        count: Callable[[], int],
        make_room: Callable[[], bool],
    ) -> None:
        """Listen on 127.0.0.1 at `port`, or at any free one for 0; Failure when that cannot be done.

        `take` is called with a client's socket and its address, `count` says how many clients there are, and
        `make_room` ends one that can be spared, and says whether there is one.
        """
        what, do = f"the router cannot listen on port {port}", "Choose another port: PORT=…"
        if port not in range(65536):
            raise Failure(what, found="there is no such port", do=do)
        try:
            self._socket = socket.create_server((LOOPBACK, port), backlog=BACKLOG)
        except OSError as error:
            raise Failure(what, found=os.strerror(error.errno or 0), do=do) from None
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.get_running_loop()
        self._take, self._count, self._make_room = take, count, make_room
        self._is_on = self._is_short = False
        self.go_on()

    def go_on(self) -> None:
        """Take clients on; those that wait come first."""
        if not self._is_on and self._socket.fileno() >= 0:
            self._is_on = True
            self._loop.add_reader(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Listen no more."""
        self._pause()
        self._socket.close()

    def _pause(self) -> None:
        if self._is_on:
            self._is_on = False
            self._loop.remove_reader(self._socket.fileno())

    def _accept(self) -> None:
        """Take on the clients that wait. Where descriptors run out, they go on waiting until another one leaves."""
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        for _ in range(ACCEPTS_AT_ONCE):
            if limit != resource.RLIM_INFINITY and 2 * self._count() >= max(2, limit - OTHER_DESCRIPTORS):
                self._say(f"{limit} file descriptors are not enough: idle clients are closed, new ones wait")
                return
            try:
                accepted, (address, _) = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                self._is_short = False
                return
            except OSError as error:
                self._say(f"no client can be taken on: {error.strerror}")
                return
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._take(accepted, address)

    def _say(self, shortage: str) -> None:
        """Let clients wait, end one that can be spared, and log it once until the last one that waits is served."""
        if not self._is_short:
            log.warning("%s", shortage)
        self._is_short = True
        self._pause()
        if not self._make_room():
            self._loop.call_later(ACCEPT_AGAIN_SECONDS, self.go_on)

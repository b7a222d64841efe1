"""Who answers: the processes at the server's end, as the kernel's tables name them, and whether they only pass on.

An HTTP intermediary reads a request whole and sends it on in its own way; one for TCP joins what came apart. Behind
either, "intact" would say nothing of the server that is meant. Names and header fields are hints. What tells is this: a
process that is sent requests of 4 KB, and itself sends on as much, over connections of its own, passes on.
"""

import os
import re
import secrets
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from scripts.errors import Failure
from scripts.probe.answers import End
from scripts.probe.endpoint import Channel, Endpoint
from scripts.probe.exchange import Exchanges, Leg
from scripts.probe.pace import Window
from scripts.probe.proof import ProofName
from scripts.wire.receive_queue import Address, ReceiveQueue, Socket, open_receive_queue

PROC = Path("/proc")

PADDING = 4000
"""Bytes of the field that makes a request heavy: more than a server has reason to send to anyone but its upstream."""

ROUNDS = 10
"""How many rounds of heavy requests are sent, each of a random number: what follows these numbers is no chance."""

MOST_IN_ROUND = 6

LIKELY = 0.75
"""In how many of the rounds an address must have followed."""

LOOKS = 5
"""How often it is looked while a request is held back; each takes about 20 ms."""

AT_ONCE = 4
"""How many requests are under way together."""

SECONDS = 3.0
"""How long the look may take, about; as long again where a process is suspected."""

INTERMEDIARIES = frozenset(
    [
        "nginx",
        "haproxy",
        "caddy",
        "envoy",
        "traefik",
        "varnishd",
        "squid",
        "apache2",
        "httpd",
        "h2o",
        "socat",
        "docker-proxy",
        "rootlessport",
        "gvproxy",
    ]
)
"""Programs that are often in front of others: by a Unix socket they may be so unseen, and theirs is taken for it."""

OWN_ROUTER = "scripts.platforms.local.supervisor"
"""What stands in the command line of the process that runs this project's own router."""

PSEUDONYM = re.compile(rb"[\d.]+ ([^\s,]+)")
"""Who says so in a Via field: protocol and pseudonym (RFC 9110, section 7.6.3)."""


_Connections = Mapping[tuple[Address, Address], Socket]
"""Connections by their two ends."""


@dataclass(frozen=True)
class Process:
    """A process of this machine."""

    pid: int
    name: str
    own_router: bool = False
    """Whether it is this project's own local platform."""

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


@dataclass(frozen=True)
class Who:
    """Who answers at an endpoint, as far as it can be told from here."""

    processes: tuple[Process, ...] = ()
    """Those that share the listening socket; none where they cannot be seen: another machine, another user."""
    backlog: int = 0
    """How many connections may wait to be accepted; 0 where that cannot be seen."""
    passes_on_by: Process | None = None
    """The one that passes requests on."""
    to: Address | None = None
    """Where it was seen to pass them on to."""
    via: str = ""
    """Who says in the answer's Via field to have passed it on."""


def who_answers(exchanges: Exchanges, head: bytes) -> Who:
    """Look who answers the whole request `head`; it is sent some more times, with a long field."""
    answer = exchanges.ask(head)
    pseudonyms = [match[1].decode("latin-1") for match in map(PSEUDONYM.match, answer.values(b"via")) if match]
    via = ", ".join(pseudonyms)
    queue = open_receive_queue()
    if queue is None:
        return Who(via=via)
    endpoint = exchanges.endpoint
    with closing(queue):
        listener = None if endpoint.path else queue.listener((endpoint.host, endpoint.port))
        backlog = listener.backlog if listener else 0
        processes = _listening_on_path(endpoint) if endpoint.path else _holders(listener.inode if listener else 0)
        if not processes or answer.end is not End.COMPLETE:
            return Who(processes, backlog, via=via)
        by, to = _passed_on(queue, exchanges, head, processes, min(AT_ONCE, backlog or AT_ONCE))
    return Who(processes, backlog, by, to, via)


def _holders(inode: int) -> tuple[Process, ...]:
    """Return the processes that hold a socket and whose files may be looked at."""
    pids = (int(folder.name) for folder in PROC.glob("[0-9]*"))
    return tuple(filter(None, (_process(pid) for pid in pids if inode in _sockets_of(pid))))


def _listening_on_path(endpoint: Endpoint) -> tuple[Process, ...]:
    """Return the process that has called listen(2) for a Unix socket (unix(7), SO_PEERCRED)."""
    with closing(socket.socket(socket.AF_UNIX)) as trial, suppress(OSError):
        trial.connect(endpoint.path)
        pid, _, _ = struct.unpack("3i", trial.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return tuple(filter(None, [_process(pid)]))
    return ()


def _process(pid: int) -> Process | None:
    """Return a process by its number; None for one that is gone."""
    try:
        name = (PROC / f"{pid}/comm").read_text("utf-8", "replace").strip()
        command = (PROC / f"{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return Process(pid, name, OWN_ROUTER.encode() in command)


def _children(pid: int) -> list[int]:
    """Return the processes that a process has started; none where the kernel does not say."""
    with suppress(OSError):
        return [int(word) for word in (PROC / f"{pid}/task/{pid}/children").read_text("ascii").split()]
    return []


def _sockets_of(pid: int) -> set[int]:
    """Return the inodes of a process's sockets; none of one that is gone, or somebody else's."""
    found = set()
    with suppress(OSError):
        for entry in os.scandir(PROC / f"{pid}/fd"):
            with suppress(OSError):
                kind, _, number = str(Path(entry.path).readlink()).partition(":[")
                if kind == "socket":
                    found.add(int(number[:-1]))
    return found


def _passed_on(
    queue: ReceiveQueue, exchanges: Exchanges, head: bytes, processes: tuple[Process, ...], at_once: int
) -> tuple[Process | None, Address | None]:
    """Send heavy requests, and look meanwhile whether one of the processes sends as much on; return which, and to whom.

    First a request is held back before its last byte: a proxy for TCP has sent on the rest by then. A connection that
    stays is looked up among those of the processes, and of what they start for a connection, as socat does. Of
    connections that are short, the rounds must leave as many to one address as they had requests; then one of them must
    be seen to carry a heavy one, for an app may ask its database once for each request as well. A program that is
    often in front of others needs not be seen so: it is enough that it has written as much as it was sent.
    """
    end = head.index(b"\r\n\r\n")
    heavy = head[:end] + b"\r\nX-Padding: " + b"p" * PADDING + head[end:]
    often = [process for process in processes if process.name in INTERMEDIARIES]
    before = _others(queue, exchanges.endpoint)
    known = {process.pid: _sockets_of(process.pid) for process in often}

    def look(now: _Connections) -> tuple[Process, Address | None] | None:
        by_unix = _on_unix(often, known)
        return (by_unix, None) if by_unix else _held(processes, before, now)

    held = _HeldBack(lambda: look(_others(queue, exchanges.endpoint)))
    for _ in exchanges.run([[Leg((heavy[:-1], heavy[-1:]))]], held, Window(1, fixed=True)):
        if held.found:
            return held.found
    followed: Counter[Address] = Counter()
    rounds = requests = 0
    last = _others(queue, exchanges.endpoint, over=True)
    written = sum(map(_written, often))
    until = time.monotonic() + SECONDS
    while rounds < ROUNDS and (often or time.monotonic() < until):
        count = 1 + secrets.randbelow(MOST_IN_ROUND)
        for _ in exchanges.run([[Leg((heavy,))]] * count, None, Window(at_once, fixed=True)):
            pass
        now = _others(queue, exchanges.endpoint, over=True)
        if found := look(now):
            return found
        pairs = Counter(end for pair in {frozenset(key) for key in now.keys() - last.keys()} for end in pair)
        followed.update(address for address, number in pairs.items() if number == count)
        rounds, requests, last = rounds + 1, requests + count, now
    suspects = [address for address, number in followed.most_common() if number > LIKELY * rounds]
    if often and (suspects or sum(map(_written, often)) - written > LIKELY * requests * PADDING):
        return often[-1], next(iter(suspects), None)
    if suspects:
        with _all_along(exchanges, heavy, at_once):
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                for each in _others(queue, exchanges.endpoint).values():
                    if each.peer in suspects and each.sent >= PADDING:
                        return processes[0], each.peer
    return None, None


def _written(process: Process) -> int:
    """Return how many bytes a process has written in all, but by send(2) (proc(5), io); 0 where that is not told."""
    with suppress(OSError):
        lines = (PROC / f"{process.pid}/io").read_text("ascii").splitlines()
        return next(int(line.partition(":")[2]) for line in lines if line.startswith("wchar:"))
    return 0


@contextmanager
def _all_along(exchanges: Exchanges, request: bytes, at_once: int) -> Iterator[None]:
    """Send a request again and again from another thread: the kernel's list takes longer than a connection lasts."""
    over = threading.Event()

    def send() -> None:
        with suppress(Failure):
            for _ in exchanges.run(repeat([Leg((request,))]), None, Window(at_once, fixed=True)):
                if over.is_set():
                    return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _HeldBack:
    """Stands where a proof does, between two segments: it looks some times before it lets the second one go."""

    name = ProofName.GAP
    warms = False

    def __init__(self, look: Callable[[], tuple[Process, Address | None] | None]) -> None:
        """Look by `look`."""
        self._look = look
        self._left = LOOKS
        self.found: tuple[Process, Address | None] | None = None

    def read(self, waiting: Sequence[Channel], *, idle: bool) -> list[Channel]:  # noqa: ARG002 - the contract's
        """Look once more."""
        self._left -= 1
        self.found = self.found or self._look()
        return list(waiting) if self.found or self._left <= 0 else []

    def unread(self, channel: Channel) -> bool:  # noqa: ARG002 - the contract's
        """Nothing is known."""
        return False


def _held(
    processes: Collection[Process],
    before: _Connections,
    now: _Connections,
) -> tuple[Process, Address] | None:
    """Return which process holds a connection that has carried something heavy meanwhile, and to whom it leads."""
    heavy = {each.inode: each for key, each in now.items() if each.sent - _sent(before, key) >= PADDING and each.inode}
    for process in processes if heavy else ():
        if passing := heavy.keys() & set().union(*map(_sockets_of, (process.pid, *_children(process.pid)))):
            return process, heavy[passing.pop()].peer
    return None


def _on_unix(processes: Collection[Process], known: Mapping[int, set[int]]) -> Process | None:
    """Return which process has opened a Unix socket meanwhile, as one does that passes on to one."""
    for process in processes:
        news = _sockets_of(process.pid) - known[process.pid]
        if news and _are_unix(news):
            return process
    return None


def _others(queue: ReceiveQueue, endpoint: Endpoint, *, over: bool = False) -> _Connections:
    """Return this machine's connections but those with the server itself: its ends, and its clients' ends."""
    server = endpoint.host, endpoint.port
    found = (each for each in queue.sockets(over=over) if each.local[1] != endpoint.port and each.peer != server)
    return {(each.local, each.peer): each for each in found}


def _sent(sockets: _Connections, key: tuple[Address, Address]) -> int:
    """Return what a connection had sent; nothing where it was not there."""
    return sockets[key].sent if key in sockets else 0


def _are_unix(inodes: set[int]) -> bool:
    """Say whether one of the sockets is a Unix socket."""
    with suppress(OSError):
        lines = (PROC / "net/unix").read_text("utf-8", "replace").splitlines()[1:]
        return any(int(line.split(maxsplit=7)[6]) in inodes for line in lines)
    return False

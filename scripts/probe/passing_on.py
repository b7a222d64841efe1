"""Whether processes pass on what they are sent: seen from outside, by what they send meanwhile.

Names are hints. What tells is this: whoever passes on sends more to somebody else by as many bytes as it is sent more.
An app that asks its database for each request sends there what it always sends.
"""

import secrets
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import repeat

from scripts.errors import Failure
from scripts.probe.endpoint import Channel, Endpoint
from scripts.probe.exchange import Exchanges
from scripts.probe.flight import Leg
from scripts.probe.pace import Window
from scripts.probe.processes import Process, are_unix, children, sockets_of, written
from scripts.probe.proof import ProofName
from scripts.wire.receive_queue import Address, ReceiveQueue, Socket

PADDING = 4100
"""Bytes of the field that makes a request heavy, at least: more than HTTP/2 remembers by itself (RFC 7541)."""

MORE_PADDING = 2000
"""Up to how many bytes more it has, at random: what follows these is no chance either."""

ROUNDS = 10
"""How many rounds of heavy requests are sent, each of a random number: what follows these numbers is no chance."""

FEWEST_ROUNDS = 6
"""How many are sent however long they take: what follows fewer may be chance."""

MOST_IN_ROUND = 6

LIKELY = 0.75
"""In how many of the rounds an address must have followed."""

CLOSE = 200
"""Within how many bytes what is sent on follows what was sent: an address has more digits at times."""

MOST_ADDED = 3000
"""How many bytes of its own whoever passes on may add to each request: fields, the handshake of TLS."""

STEPS = 5
"""How often a suspect must be seen to follow."""

LOOKS = 5
"""How often it is looked while a request is held back; each takes about 20 ms."""

AT_ONCE = 4
"""How many requests are under way together."""

SECONDS = 3.0
"""How long the look may take, about; as long again where a process is suspected, twice where it seems to follow."""

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

_Connections = Mapping[tuple[Address, Address], Socket]
"""Connections by their two ends."""

_Passing = tuple[Process | None, Address | None]
"""Which process passes on, and to whom, where that is seen."""


def follows(looks: Sequence[Collection[float]], needed: float) -> bool:
    """Say whether `needed` of the looks share a difference between what went out and what came in, but for a little."""
    return any(
        sum(any(low <= each <= low + CLOSE for each in look) for look in looks) >= max(needed, 1)
        for low in {each for look in looks for each in look}
    )


def differences(grown: int, size: int, most: int) -> set[float]:
    """Return what may have been added to each request, where `grown` bytes went out for up to `most` of `size` each."""
    found = (grown / count - size for count in range(1, most + 1))
    return {each for each in found if -CLOSE <= each <= MOST_ADDED}


def passed_on(
    queue: ReceiveQueue, exchanges: Exchanges, head: bytes, processes: tuple[Process, ...], at_once: int
) -> _Passing:
    """Send heavy requests, and look meanwhile whether one of the processes sends as much on; return which, and to whom.

    First a request is held back before its last byte: a proxy for TCP has sent on the rest by then. Connections that
    stay are looked up among those of the processes, and of what they start for a connection, as socat does: what they
    carry must follow in most of the rounds. Of connections that are short, the rounds must leave as many to one address
    as they had requests, or one must be seen to carry much; then several must be seen to follow. A program that is
    often in front of others needs not be seen so well: one connection is enough, or that it writes as much as it got.
    """
    often = [process for process in processes if process.name in INTERMEDIARIES]
    before = _others(queue, exchanges.endpoint)
    known = {process.pid: sockets_of(process.pid) for process in often}

    def look(now: _Connections, who: Collection[Process]) -> _Passing | None:
        by_unix = _on_unix(often, known)
        return (by_unix, None) if by_unix else _held(who, before, now)

    held, request = _HeldBack(lambda: look(_others(queue, exchanges.endpoint), processes)), _heavy(head)
    for _ in exchanges.run([[Leg((request[:-1], request[-1:]))]], held, Window(1, fixed=True)):
        if held.found:
            return held.found
    followed: Counter[Address] = Counter()
    carried: dict[Address, list[set[float]]] = defaultdict(list)
    glimpsed: set[Address] = set()
    writes: list[set[float]] = []
    rounds = 0
    last, wrote = _others(queue, exchanges.endpoint, over=True), sum(map(written, often))
    until = time.monotonic() + SECONDS
    while rounds < ROUNDS and (often or rounds < FEWEST_ROUNDS or time.monotonic() < until):
        count, request = 1 + secrets.randbelow(MOST_IN_ROUND), _heavy(head)
        for _ in exchanges.run([[Leg((request,))]] * count, None, Window(at_once, fixed=True)):
            glimpsed.update(_grown(processes, last, _others(queue, exchanges.endpoint)))
        now = _others(queue, exchanges.endpoint, over=True)
        if found := look(now, often):
            return found
        for to, grown in _grown(processes, last, now).items():
            carried[to].append(set().union(*(differences(each, len(request), count) for each in grown)))
        writes.append({(sum(map(written, often)) - wrote) / count - len(request)})
        pairs = Counter(end for pair in {frozenset(key) for key in now.keys() - last.keys()} for end in pair)
        followed.update(address for address, number in pairs.items() if number == count)
        rounds, last, wrote = rounds + 1, now, sum(map(written, often))
    most = LIKELY * rounds
    suspects = [address for address, number in followed.most_common() if number > most]
    if often and (suspects or follows([each for each in writes if max(each) >= -CLOSE], most)):
        return often[-1], next(iter(suspects), None)
    for to, looks in carried.items():
        if len(looks) >= most and follows(looks, LIKELY * len(looks)):
            return processes[0], to
    suspects += [to for to in glimpsed.union(carried) if len(carried[to]) < most and to not in suspects]
    seen = (to for to in suspects if _seen_to_follow(queue, exchanges, head, to, at_once))
    found_to = next(seen, None)
    return (processes[0], found_to) if found_to else (None, None)


def _heavy(head: bytes) -> bytes:
    """Return the request with a long field, which is now shorter and now longer."""
    end = head.index(b"\r\n\r\n")
    return head[:end] + b"\r\nX-Padding: " + b"Z" * (PADDING + secrets.randbelow(MORE_PADDING)) + head[end:]


def _grown(processes: Collection[Process], last: _Connections, now: _Connections) -> dict[Address, list[int]]:
    """Return how much each connection of the processes that is still there has carried since then, by whom it leads to.

    Those that carried less than a heavy request are left out.
    """
    grown = {key: each.sent - _sent(last, key) for key, each in now.items() if each.inode}
    grown = {key: number for key, number in grown.items() if number >= PADDING}
    own = _sockets_of_all(processes) if grown else set[int]()
    found: dict[Address, list[int]] = defaultdict(list)
    for key, number in grown.items():
        if now[key].inode in own:
            found[now[key].peer].append(number)
    return found


def _seen_to_follow(queue: ReceiveQueue, exchanges: Exchanges, head: bytes, to: Address, at_once: int) -> bool:
    """Say whether what short connections carry to an address grows as what is sent does, several times over."""
    steps: list[set[float]] = []
    began = time.monotonic()
    while len(steps) < STEPS:
        request, found = _heavy(head), set[float]()
        before = _others(queue, exchanges.endpoint)
        with _all_along(exchanges, request, at_once):
            while not found:
                if time.monotonic() - began > SECONDS * (2 if steps else 1):
                    return False
                now = _others(queue, exchanges.endpoint)
                each_sent = (now[key].sent for key in now.keys() - before.keys() if key[1] == to)
                found = set().union(*(differences(sent, len(request), MOST_IN_ROUND) for sent in each_sent))
        steps.append(found)
    return follows(steps, STEPS)


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

    def __init__(self, look: Callable[[], _Passing | None]) -> None:
        """Look by `look`."""
        self._look = look
        self._left = LOOKS
        self.found: _Passing | None = None

    def read(self, waiting: Sequence[Channel], *, idle: bool) -> list[Channel]:  # noqa: ARG002 - the contract's
        """Look once more."""
        self._left -= 1
        self.found = self.found or self._look()
        return list(waiting) if self.found or self._left <= 0 else []

    def unread(self, channel: Channel) -> bool:  # noqa: ARG002 - the contract's
        """Nothing is known."""
        return False


def _held(processes: Collection[Process], before: _Connections, now: _Connections) -> _Passing | None:
    """Return which process holds a connection that has carried something heavy meanwhile, and to whom it leads."""
    heavy = {each.inode: each for key, each in now.items() if each.sent - _sent(before, key) >= PADDING and each.inode}
    for process in processes if heavy else ():
        if passing := heavy.keys() & _sockets_of_all([process]):
            return process, heavy[passing.pop()].peer
    return None


def _sockets_of_all(processes: Collection[Process]) -> set[int]:
    """Return the inodes of the sockets of processes, and of what they have started."""
    return {inode for each in processes for pid in (each.pid, *children(each.pid)) for inode in sockets_of(pid)}


def _on_unix(processes: Collection[Process], known: Mapping[int, set[int]]) -> Process | None:
    """Return which process has opened a Unix socket meanwhile, as one does that passes on to one."""
    for process in processes:
        news = sockets_of(process.pid) - known[process.pid]
        if news and are_unix(news):
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

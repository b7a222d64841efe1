"""Who answers: the processes at the server's end, what they were seen to pass requests on to, what the answer says.

An HTTP intermediary reads a request whole and sends it on in its own way; one for TCP joins what came apart. Behind
either, "intact" would say nothing of the server that is meant.
"""

import re
from contextlib import closing
from dataclasses import dataclass

from scripts.probe.answers import End
from scripts.probe.exchange import Exchanges
from scripts.probe.passing_on import AT_ONCE, passed_on
from scripts.probe.processes import Process, holders, listening_on_path
from scripts.wire.receive_queue import Address, open_receive_queue

PSEUDONYM = re.compile(rb"[\d.]+ ([^\s,]+)")
"""Who says so in a Via field: protocol and pseudonym (RFC 9110, section 7.6.3)."""


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
        processes = listening_on_path(endpoint) if endpoint.path else holders(listener.inode if listener else 0)
        if not processes or answer.end is not End.COMPLETE:
            return Who(processes, backlog, via=via)
        at_once = min(AT_ONCE, backlog or AT_ONCE)
        by, to = passed_on(queue, exchanges, head, processes, at_once)
        own = next((each for each in processes if each.own_router), None)
        if own and not to:  # it always passes on: on a busy machine that may be seen at the second look alone
            by, to = passed_on(queue, exchanges, head, processes, at_once)
        by = by or own
    return Who(processes, backlog, by, to, via)

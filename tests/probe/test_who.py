"""Who answers."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from scripts.probe.endpoint import Endpoint
from scripts.probe.exchange import Exchanges
from scripts.probe.who import Who, who_answers
from tests.probe import raw
from tests.probe.test_odd import running


def look(port: int) -> Who:
    """Look at an odd server."""
    return who_answers(Exchanges(Endpoint("127.0.0.1", port)), raw.HEAD)


def test_the_process_at_the_servers_end_is_named() -> None:
    """By the kernel's tables, with the backlog of its listener."""
    with running("echo") as port:
        who = look(port)
    assert len(who.processes) == 1
    assert who.processes[0].pid != os.getpid()
    assert who.backlog == 256
    assert who.passes_on_by is None


def test_two_probes_at_once_are_not_taken_for_a_proxy() -> None:
    """Their heavy requests are seen by each other, and are not the server's."""
    with running("echo") as one, running("late") as other, ThreadPoolExecutor(2) as pool:
        barrier = threading.Barrier(2)

        def at_once(port: int) -> Who:
            barrier.wait(10)
            return look(port)

        assert [who.passes_on_by for who in pool.map(at_once, [one, other])] == [None, None]

"""A case as a verdict has it, where the machine disturbs a split, or the server does."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.probe.answers import Outcome
from scripts.probe.cases import of_request
from scripts.probe.endpoint import Endpoint
from scripts.probe.evidence import CameAndWent
from scripts.verdicts.measure_variant import measure_case

CASE = of_request(b"GET /view HTTP/1.1\r\nHost: x\r\n\r\n", "form")

OFFSET = 12


@contextmanager
def dropping(times: set[int]) -> Iterator[Endpoint]:
    """Serve the URLs that are asked for; the split at OFFSET is dropped when it comes for one of these times."""
    came = 0

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            nonlocal came
            reads = [self.request.recv(4096)]
            while reads[-1] and not b"".join(reads).endswith(b"\r\n\r\n"):
                reads.append(self.request.recv(4096))
            if not reads[-1]:
                return
            if len(reads) > 1 and len(reads[0]) == OFFSET:
                came += 1
                if came in times:
                    return
            url = b"".join(reads).split(b" ")[1]
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(url), url))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 256

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Endpoint("127.0.0.1", server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def test_a_split_that_was_disturbed_once_is_measured_again(caplog: pytest.LogCaptureFixture) -> None:
    """The second measurement stands where it is never met again, and what the first one saw is told."""
    with dropping({1}) as endpoint:
        found, _ = measure_case(endpoint, CASE)
    assert found.intact
    assert [record.getMessage() for record in caplog.records] == [
        "measured again: form splits came out one way once and another way later: 12 (dropped, intact, intact, intact)"
    ]


@pytest.mark.parametrize("times", [set(range(1, 999, 2)), {1, 60}], ids=["each second time", "once more"])
def test_a_split_that_comes_and_goes_leaves_no_evidence(times: set[int]) -> None:
    """What is met again, though rarely, is the server's own doing."""
    with dropping(times) as endpoint, pytest.raises(CameAndWent):
        measure_case(endpoint, CASE)


def test_a_split_that_fails_each_time_is_the_evidence() -> None:
    """It is measured once."""
    with dropping(set(range(1, 999))) as endpoint:
        found, proof = measure_case(endpoint, CASE)
    assert found.offsets[Outcome.DROPPED] == [(OFFSET, OFFSET)]
    assert proof == "receive-queue"

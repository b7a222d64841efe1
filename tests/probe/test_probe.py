"""The probe against servers that misbehave in every way it must tell apart."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.errors import Failure, WrongUse
from scripts.probe.answers import End, Outcome
from scripts.probe.cases import load_cases, of_request, request_head
from scripts.probe.endpoint import Endpoint
from scripts.probe.measure import How
from scripts.probe.measure import probe as measured
from scripts.probe.measurement import Measurement
from scripts.probe.offsets import every_offset
from scripts.probe.pace import Times
from scripts.wire.receive_queue import Address

PIPELINED = load_cases(Path(__file__).resolve().parents[2])["pipelined"]
HEAD = request_head("/view?next=/admin", "x")
SHORT = Times(connect=1, read=1, answer=0.3)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
Reply = Callable[[list[bytes]], bytes | None]
"""Makes the answer from the reads that a head came in; None = keep silent."""


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], Address]]:
    """Start servers that answer each head by what their test says; a head is whole when it ends in an empty line."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket, reply: Reply) -> None:
        reads: list[bytes] = []
        with closing(connection):
            while data := connection.recv(65536):
                reads.append(data)
                if b"".join(reads).endswith(b"\r\n\r\n"):
                    answer = reply(reads)
                    if answer is None:
                        continue
                    connection.sendall(answer)
                    if not answer.startswith(b"HTTP/1.1 200"):
                        return
                    reads = []

    def accept(listener: socket.socket, reply: Reply) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=handle, args=(connection, reply))
            threads.append(thread)
            thread.start()

    def start(reply: Reply) -> Address:
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        listeners.append(listener)
        thread = threading.Thread(target=accept, args=(listener, reply))
        threads.append(thread)
        thread.start()
        address: Address = listener.getsockname()[:2]
        return address

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def echo(reads: list[bytes]) -> bytes:
    """Answer with the URL."""
    url = b"".join(reads).split(b" ")[1]
    return OK % (len(url), url)


def probe(server: Address, *plans: tuple[int, ...], head: bytes = HEAD, proof: str = "") -> Measurement:
    """Measure a server with short time limits."""
    return measured(Endpoint(*server), of_request(head), plans, How(SHORT, proof=proof))


@pytest.mark.parametrize("proof", ["receive-queue", "barrier", "gap"])
def test_a_server_that_joins_is_intact_at_every_offset(serve: Callable[[Reply], Address], proof: str) -> None:
    """Each proof finds a good server intact, and says that it was the one."""
    measurement = probe(serve(echo), proof=proof)
    assert measurement.intact
    assert measurement.proof == proof
    assert sum(measurement.counts.values()) == len(HEAD) - 1


@pytest.mark.parametrize("plan", [(1, 2, 3), (5, 20), tuple(every_offset(HEAD))], ids=["three", "two", "each byte"])
def test_a_request_in_several_segments_arrives_in_as_many_reads(
    serve: Callable[[Reply], Address], plan: tuple[int, ...]
) -> None:
    """The server reads every segment by itself, down to single bytes."""
    seen: list[int] = []

    def count(reads: list[bytes]) -> bytes:
        seen.append(len(reads))
        return echo(reads)

    assert probe(serve(count), plan).intact
    assert len(plan) + 1 in seen


@pytest.mark.parametrize(
    ("answer", "outcome", "end"),
    [
        (b"", Outcome.DROPPED, End.CLOSED),
        (b"HTTP/1.1 2", Outcome.DROPPED, End.CLOSED),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", Outcome.REJECTED, End.COMPLETE),
        (OK % (6, b"/admin"), Outcome.MISROUTED, End.COMPLETE),
        (b"nonsense\r\n\r\n", Outcome.DROPPED, End.GARBLED),
        (None, Outcome.HUNG, End.TIMED_OUT),
    ],
    ids=["closed", "broken off", "rejected", "misrouted", "garbled", "hung"],
)
def test_what_a_split_request_gets_is_told_apart(
    serve: Callable[[Reply], Address], answer: bytes | None, outcome: Outcome, end: End
) -> None:
    """Each way to fail a request that came in two reads has its outcome, and how it ended is kept."""

    def reply(reads: list[bytes]) -> bytes | None:
        return echo(reads) if len(reads) == 1 else answer

    measurement = probe(serve(reply), (10,), (20,))
    assert measurement.counts[outcome] == 2
    assert {trial.answers[-1].end for trial in measurement.trials} == {end}
    assert measurement.offsets[outcome] == [(10, 10), (20, 20)]


def test_each_split_is_told_as_it_comes(serve: Callable[[Reply], Address]) -> None:
    """With its offsets and what it looks like at first: once, not again where it is tried again."""
    told: list[tuple[tuple[int, ...], Outcome]] = []

    def reply(reads: list[bytes]) -> bytes:
        return echo(reads) if len(reads) == 1 or len(reads[0]) < 15 else b""

    def seen(offsets: tuple[int, ...], outcome: Outcome) -> None:
        told.append((offsets, outcome))

    measured(Endpoint(*serve(reply)), of_request(HEAD), [(10,), (20,), (30,)], How(SHORT), seen=seen)
    assert sorted(told) == [((10,), Outcome.INTACT), ((20,), Outcome.DROPPED), ((30,), Outcome.DROPPED)]


def test_a_server_that_never_answers_has_no_baseline(serve: Callable[[Reply], Address]) -> None:
    """Also where what it passes over would be taken for hung sooner."""
    times = Times(connect=1, read=1, answer=0.3, quiet=0.02)
    with pytest.raises(Failure, match="no baseline"):
        measured(Endpoint(*serve(lambda _: None)), of_request(HEAD), how=How(times))


def test_a_server_that_answers_slowly_is_measured(serve: Callable[[Reply], Address]) -> None:
    """Also where each answer takes longer than what is passed over may be silent."""

    def slow(reads: list[bytes]) -> bytes:
        threading.Event().wait(0.04)
        return echo(reads)

    times = Times(connect=1, read=1, answer=1, quiet=0.005)
    assert measured(Endpoint(*serve(slow)), of_request(HEAD), [(5,), (20,)], How(times)).intact


def test_a_connection_that_was_reset_before_the_kernel_was_asked_is_an_outcome() -> None:
    """A server that closes on what it has not read is told by its split, however many connections it does so on."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        threading.Thread(target=reset_what_is_split, args=(listener,), daemon=True).start()
        found = measured(Endpoint(*listener.getsockname()[:2]), of_request(HEAD), how=How(SHORT))
        assert found.counts[Outcome.INTACT] == 0
        listener.shutdown(socket.SHUT_RDWR)


def reset_what_is_split(listener: socket.socket) -> None:
    """Answer whole requests, and close on the first byte of others: the kernel resets what had more."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with closing(connection):
            if connection.recv(65536, socket.MSG_PEEK).endswith(b"\r\n\r\n"):
                connection.sendall(echo([connection.recv(65536)]))
            else:
                connection.recv(1)


def test_an_early_answer_to_the_first_of_two_requests_is_no_bug_of_the_probe() -> None:
    """A server that answers each read has answered before the request's last segment left."""
    case = replace(PIPELINED, joined=False)
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        threading.Thread(target=answer_each_read, args=(listener,), daemon=True).start()
        plans = [(10, len(case.requests[0]) + 15)] * 64
        assert len(measured(Endpoint(*listener.getsockname()[:2]), case, plans, How(SHORT)).trials) == len(plans)
        listener.shutdown(socket.SHUT_RDWR)


def answer_each_read(listener: socket.socket) -> None:
    """Answer whatever a read brings, each connection in a thread of its own."""

    def serve_one(connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            while connection.recv(65536):
                connection.sendall(OK % (2, b"ok"))

    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=serve_one, args=(connection,), daemon=True).start()


def test_a_segment_that_left_in_part_is_not_read() -> None:
    """One larger than the connection takes at once is followed by the next when all of it has left and was read."""
    body = b"x" * (8 << 20)
    request = b"POST /view HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    lasts: list[int] = []
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        threading.Thread(target=note_last_reads, args=(listener, len(request), lasts), daemon=True).start()
        plans = [(len(request) - 1,)] * 4
        assert measured(Endpoint(*listener.getsockname()[:2]), of_request(request), plans, How(SHORT)).intact
        listener.shutdown(socket.SHUT_RDWR)
    assert lasts.count(1) == len(plans)


def note_last_reads(listener: socket.socket, length: int, lasts: list[int]) -> None:
    """Answer each request of so many bytes with its URL, and note how many of them its last read brought."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with closing(connection), suppress(OSError):
            head = connection.recv(4096)
            came = last = len(head)
            while head and came < length and (last := len(connection.recv(1 << 20))):
                came += last
            if head:
                lasts.append(last)
                url = head.split(b" ")[1]
                connection.sendall(OK % (len(url), url))


def test_a_refused_connection_is_no_outcome() -> None:
    """Where nothing listens there is nothing to judge."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address: Address = gone.getsockname()[:2]
    with pytest.raises(Failure, match=r"no connection to 127.0.0.1 port \d+: Connection refused"):
        probe(address)


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "\udcff"])
def test_what_can_be_no_host_is_wrong_use(host: str) -> None:
    """Python cannot even ask for it."""
    with pytest.raises(WrongUse, match=r"can be no host's name"):
        probe((host, 80))


def test_a_server_that_does_not_read_is_no_outcome() -> None:
    """A listener that never accepts answers not even the whole request."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(Failure, match=r"no baseline: the whole request got no complete answer: (timed out|unread)"),
    ):
        probe(silent.getsockname()[:2])


def test_an_answer_that_is_another_each_time_is_compared_without_what_moves(serve: Callable[[Reply], Address]) -> None:
    """A word of the body that differs from one whole request to the next says nothing of a split one."""
    counter = iter(range(1000, 10000))
    measurement = probe(serve(lambda _: OK % (10, b"/view %04d" % next(counter))), (10,), (20,))
    assert measurement.intact
    assert measurement.baseline.moving == ["words of the body"]


def test_a_server_that_answers_all_urls_alike_cannot_show_a_misroute(serve: Callable[[Reply], Address]) -> None:
    """The measurement says that misrouting would look intact there."""
    assert not probe(serve(lambda _: OK % (2, b"ok")), (10,)).tells_urls_apart
    assert probe(serve(echo), (10,)).tells_urls_apart


def test_the_barrier_needs_connections_that_stay_open(serve: Callable[[Reply], Address]) -> None:
    """A server that closes after each answer cannot be warmed, and the error names the way out."""
    closing_answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with pytest.raises(Failure, match=r"barrier cannot be used.*GAP="):
        probe(serve(lambda _: closing_answer), proof="barrier")

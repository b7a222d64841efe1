"""The kernel's word on what a server has read."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from scripts.wire.receive_queue import Reading, ReceiveQueue


@pytest.fixture(params=["127.0.0.1", "::1", "::"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """Listen on IPv4, on IPv6, or on both by one IPv6 socket."""
    with socket.create_server(
        (request.param, 0),
        family=socket.AF_INET6 if ":" in request.param else socket.AF_INET,
        dualstack_ipv6=request.param == "::",
    ) as listening:
        yield listening


@pytest.fixture
def client(listener: socket.socket) -> Iterator[socket.socket]:
    """Connect to the listener, by IPv4 where it takes both."""
    host, port = listener.getsockname()[:2]
    with socket.create_connection(("127.0.0.1" if host == "::" else host, port)) as connection:
        yield connection


@pytest.fixture
def queue() -> Iterator[ReceiveQueue]:
    """Open the way to the kernel."""
    with ReceiveQueue() as opened:
        yield opened


def reading(queue: ReceiveQueue, client: socket.socket, sent: int) -> Reading:
    """Ask how far the server is with what the client sent."""
    return queue.reading(client.getpeername()[:2], client.getsockname()[:2], sent)


def test_bytes_that_wait_are_not_read(queue: ReceiveQueue, listener: socket.socket, client: socket.socket) -> None:
    """What the server has not taken yet waits, also on a connection that it has not accepted."""
    client.sendall(b"abc")
    assert reading(queue, client, 3) is Reading.WAITING
    server, _ = listener.accept()
    with closing(server):
        assert server.recv(2) == b"ab"
        assert reading(queue, client, 3) is Reading.WAITING


def test_bytes_that_were_taken_are_read(queue: ReceiveQueue, listener: socket.socket, client: socket.socket) -> None:
    """Once the server has taken all that was sent, it is read; bytes still on their way are not."""
    client.sendall(b"abc")
    server, _ = listener.accept()
    with closing(server):
        assert server.recv(3) == b"abc"
        assert reading(queue, client, 3) is Reading.READ
        assert reading(queue, client, 4) is Reading.WAITING


def test_a_closed_end_is_gone(queue: ReceiveQueue, listener: socket.socket, client: socket.socket) -> None:
    """A server that closed will read no more."""
    server, _ = listener.accept()
    server.close()
    assert reading(queue, client, 1) is Reading.GONE


def test_an_end_that_closed_without_reading_is_gone(
    queue: ReceiveQueue, listener: socket.socket, client: socket.socket
) -> None:
    """The connection was reset, and neither end is there any more."""
    ends = client.getpeername()[:2], client.getsockname()[:2]
    client.sendall(b"abc")
    listener.accept()[0].close()
    assert queue.reading(*ends, 4) is Reading.GONE


def test_a_handshake_that_is_not_over_is_waited_for(queue: ReceiveQueue, listener: socket.socket) -> None:
    """A client may send before the server's end is made: nothing of that is read, and that end is not gone."""
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    host, port = listener.getsockname()[:2]
    with socket.create_connection(("127.0.0.1" if host == "::" else host, port)) as client:
        assert reading(queue, client, 1) is Reading.WAITING


def test_a_listening_socket_is_not_an_end_of_a_connection(queue: ReceiveQueue, listener: socket.socket) -> None:
    """As where a firewall sends a connection on to another host: what listens here does not read it."""
    host, port = listener.getsockname()[:2]
    assert queue.look((host, port), (host, 1)) is None


def test_a_connection_that_is_not_there_is_not_seen(queue: ReceiveQueue, client: socket.socket) -> None:
    """The kernel sees the other end of a connection on this machine, and none that was made up."""
    assert queue.sees(client)
    assert queue.look((client.getpeername()[0], 1), client.getsockname()[:2]) is None


def test_a_listener_is_found_with_its_backlog() -> None:
    """By its own address, and by one that it takes because it listens on all."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=7) as one,
        socket.create_server(("", 0)) as all_of_them,
        ReceiveQueue() as queue,
    ):
        found = queue.listener(one.getsockname()[:2])
        assert found
        assert found.backlog == 7
        assert found.inode == os.fstat(one.fileno()).st_ino
        assert queue.listener(("127.0.0.1", all_of_them.getsockname()[1]))
        assert queue.listener(("127.0.0.2", one.getsockname()[1])) is None


def test_connected_sockets_are_listed_with_what_they_sent(
    queue: ReceiveQueue, listener: socket.socket, client: socket.socket
) -> None:
    """Both ends of a connection are there, each with its inode; IPv4 is written as such on an IPv6 socket too."""
    client.sendall(b"abc")
    ends = client.getsockname()[:2], client.getpeername()[:2]
    server, _ = listener.accept()
    with closing(server):
        found = {each.inode: each for each in queue.sockets()}
        near, far = found[os.fstat(client.fileno()).st_ino], found[os.fstat(server.fileno()).st_ino]
    assert (near.local, near.peer, near.sent) == (*ends, 3)
    assert (far.local, far.peer) == (near.peer, near.local)


def test_a_connection_that_is_over_is_listed_where_that_is_asked_for(
    queue: ReceiveQueue, listener: socket.socket, client: socket.socket
) -> None:
    """For a minute the kernel remembers who closed first."""
    server, _ = listener.accept()
    ends = server.getsockname()[:2], server.getpeername()[:2]
    server.close()
    client.close()
    assert client.fileno() == -1
    host = tuple((end[0].removeprefix("::ffff:"), end[1]) for end in ends)
    assert host in {(each.local, each.peer) for each in queue.sockets(over=True)}
    assert host not in {(each.local, each.peer) for each in queue.sockets()}

"""Servers that ask another one themselves for each request, as an app asks its database: they do not pass it on."""

import functools
import socket
import threading

from tests.probe.odd.serving import Asked, Odd, Reply, ok

asking = threading.Lock()


def drain(connection: socket.socket) -> None:
    """Read to the end of a connection, and answer each read by a byte."""
    with connection:
        while connection.recv(1 << 20):
            connection.sendall(b".")


@functools.cache
def database() -> tuple[str, int]:
    """Start what is asked; return where it listens."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def serve() -> None:
        while True:
            threading.Thread(target=drain, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    address: tuple[str, int] = listener.getsockname()
    return address


@functools.cache
def connection() -> socket.socket:
    """Return the connection that stays."""
    return socket.create_connection(database())


def over_one_connection(query: bytes) -> Reply:
    """Ask over a connection that stays."""

    def reply(asked: Asked) -> bytes:
        with asking:
            connection().sendall(query)
            connection().recv(1)
        return ok(asked.url)

    return reply


def over_new_ones(query: bytes) -> Reply:
    """Ask over a connection of its own, which is short."""

    def reply(asked: Asked) -> bytes:
        with socket.create_connection(database()) as new:
            new.sendall(query)
            new.recv(1)
        return ok(asked.url)

    return reply


SERVERS = [
    Odd(f"asks {size:,} bytes over {name}", "intact", "intact", way(b"q" * size), str(way.__doc__))
    for size in (200, 5000)
    for name, way in [("one connection", over_one_connection), ("new connections", over_new_ones)]
]

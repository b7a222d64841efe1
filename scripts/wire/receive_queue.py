"""Proof that a server on this machine has read all that was sent to it: the kernel's word, over netlink sock_diag(7).

The kernel is asked about one socket by its two addresses: the server's end of a connection. Two figures are the
proof: how many bytes that end has received in all (tcpi_bytes_received) and how many of them wait unread
(idiag_rqueue). When all that was sent has been received and none of it waits, the server has read it. The first figure
is needed because a byte on its way is in neither queue.
"""

import enum
import errno
import functools
import os
import socket
import struct
from dataclasses import dataclass
from types import TracebackType

Address = tuple[str, int]
"""Host address (IPv4 or IPv6, in numbers) and port of one end of a connection."""

# The numbers of linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h and linux/tcp.h.
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
NLMSG_ERROR = 2
INET_DIAG_INFO = 2
INET_DIAG_NOCOOKIE = 0xFFFFFFFF
ALL_STATES = 0xFFFFFFFF
TCP_ESTABLISHED = 1
TCP_CLOSE_WAIT = 8

HEADER = struct.Struct("=IHHII")  # nlmsghdr: len, type, flags, seq, pid
REQUEST = struct.Struct("=BBBBI")  # inet_diag_req_v2: family, protocol, ext, pad, states; an inet_diag_sockid follows
SOCKID = struct.Struct("=2s2s16s16sIII")  # sport, dport, src, dst, interface, cookie
ANSWER = struct.Struct("=BBBB48sIIIII")  # inet_diag_msg: family, state, timer, retrans, id, expires, rqueue, wqueue, …
ATTRIBUTE = struct.Struct("=HH")  # nlattr: len, type
BYTES_RECEIVED_OFFSET = 128  # tcp_info.tcpi_bytes_received, u64, Linux 4.1 and later


class Reading(enum.Enum):
    """How far the server is with what it was sent."""

    READ = "read"
    """All of it is read."""
    WAITING = "waiting"
    """Some of it has not been read yet."""
    GONE = "gone"
    """The server's end is closed: it will read no more."""


@dataclass(frozen=True)
class ServerEnd:
    """The kernel's figures about the server's end of a connection."""

    state: int
    unread: int
    received: int


class ReceiveQueue:
    """One netlink socket to ask over; use it from one thread at a time, and close it."""

    def __init__(self) -> None:
        """Open the socket; OSError where the kernel has no sock_diag (not Linux, or forbidden)."""
        family = getattr(socket, "AF_NETLINK", None)
        if family is None:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
        self._socket.connect((0, 0))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> "ReceiveQueue":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def reading(self, server: Address, client: Address, sent: int) -> Reading:
        """Say how far the server is with the `sent` bytes that the connection has carried to it since its start.

        `server` and `client` are the addresses of the connection's two ends.
        """
        end = self.look(server, client)
        if end is None or end.state not in (TCP_ESTABLISHED, TCP_CLOSE_WAIT):
            return Reading.GONE
        return Reading.READ if end.received >= sent and end.unread == 0 else Reading.WAITING

    def look(self, server: Address, client: Address) -> ServerEnd | None:
        """Return the kernel's figures about the server's end, or None where this machine holds no such socket.

        OSError for any other refusal.
        """
        self._socket.send(_question(server, client))
        answer = self._socket.recv(8192)
        _, kind, _, _, _ = HEADER.unpack_from(answer)
        if kind == NLMSG_ERROR:
            code = -struct.unpack_from("=i", answer, HEADER.size)[0]
            if code == errno.ENOENT:
                return None
            raise OSError(code, os.strerror(code))
        _, state, _, _, _, _, unread, _, _, _ = ANSWER.unpack_from(answer, HEADER.size)
        return ServerEnd(state, unread, _bytes_received(answer))

    def sees(self, connection: socket.socket) -> bool:
        """Say whether the other end of an open `connection` is a socket of this machine, so that the proof holds."""
        try:
            return self.look(connection.getpeername()[:2], connection.getsockname()[:2]) is not None
        except OSError:
            return False


@functools.lru_cache(maxsize=1024)
def _packed(host: str) -> tuple[int, bytes]:
    """Return the address family and the 16 bytes that an inet_diag_sockid holds for a host address."""
    if ":" in host:
        return socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return socket.AF_INET, socket.inet_aton(host).ljust(16, b"\0")


def _question(server: Address, client: Address) -> bytes:
    """Compose the request about one socket: the one bound to `server` and connected to `client`."""
    family, source = _packed(server[0])
    _, destination = _packed(client[0])
    ports = struct.pack("!H", server[1]), struct.pack("!H", client[1])
    sockid = SOCKID.pack(*ports, source, destination, 0, INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE)
    body = REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0, ALL_STATES) + sockid
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0) + body


def _bytes_received(answer: bytes) -> int:
    """Return tcpi_bytes_received from the answer's INET_DIAG_INFO attribute; 0 where there is none."""
    at = HEADER.size + ANSWER.size
    while at + ATTRIBUTE.size <= len(answer):
        length, kind = ATTRIBUTE.unpack_from(answer, at)
        if length < ATTRIBUTE.size:
            break
        value = at + ATTRIBUTE.size
        if kind == INET_DIAG_INFO and length >= ATTRIBUTE.size + BYTES_RECEIVED_OFFSET + 8:
            return int(struct.unpack_from("=Q", answer, value + BYTES_RECEIVED_OFFSET)[0])
        at += (length + 3) & ~3
    return 0


def open_receive_queue() -> ReceiveQueue | None:
    """Return a ReceiveQueue, or None where the kernel cannot be asked."""
    try:
        return ReceiveQueue()
    except OSError:
        return None

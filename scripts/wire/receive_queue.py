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
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple

Address = tuple[str, int]
"""Host address (IPv4 or IPv6, in numbers) and port of one end of a connection."""

# The numbers of linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h and linux/tcp.h.
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
NLM_F_DUMP = 0x300
NLMSG_DONE = 3
NLMSG_ERROR = 2
INET_DIAG_INFO = 2
INET_DIAG_NOCOOKIE = 0xFFFFFFFF
ALL_STATES = 0xFFFFFFFF
TCP_ESTABLISHED = 1
TCP_SYN_RECV = 3
TCP_CLOSE_WAIT = 8

HEADER = struct.Struct("=IHHII")  # nlmsghdr: len, type, flags, seq, pid
REQUEST = struct.Struct("=BBBBI")  # inet_diag_req_v2: family, protocol, ext, pad, states; an inet_diag_sockid follows
SOCKID = struct.Struct("=2s2s16s16sIII")  # sport, dport, src, dst, interface, cookie
ANSWER = struct.Struct("=BBBB48sIIIII")  # inet_diag_msg: family, state, timer, retrans, id, expires, rqueue, wqueue, …
ATTRIBUTE = struct.Struct("=HH")  # nlattr: len, type
BYTES_RECEIVED_OFFSET = 128  # tcp_info.tcpi_bytes_received, u64, Linux 4.1 and later
BYTES_SENT_OFFSET = 200  # tcp_info.tcpi_bytes_sent, u64, Linux 4.19 and later
TCP_LISTEN = 10
CONNECTED = (TCP_ESTABLISHED, 4, 5, TCP_CLOSE_WAIT, 9, 11)
"""The states of a connection from its handshake to its end."""
TCP_TIME_WAIT = 6
"""The state of a connection in the minute after its end, in which it has no figures."""


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
    sent: int
    """Bytes that this end has sent, retransmissions included."""
    inode: int
    """The socket's number, by which /proc tells whose it is; 0 for one that no process holds any more."""


class Socket(NamedTuple):
    """The kernel's figures about a connected socket of this machine."""

    inode: int
    local: Address
    peer: Address
    sent: int
    """Bytes that it has sent."""


@dataclass(frozen=True)
class ListeningSocket:
    """The kernel's figures about a listening socket."""

    backlog: int
    """How many connections may wait to be accepted."""
    inode: int


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
        if answer := self._ask_connection(server, client):
            _, state, _, _, _, _, unread, _, _, _ = ANSWER.unpack_from(answer, HEADER.size)
            if state in (TCP_ESTABLISHED, TCP_CLOSE_WAIT):
                received = _counter(_tcp_info(answer), BYTES_RECEIVED_OFFSET)
                return Reading.WAITING if unread or received < sent else Reading.READ
            if state != TCP_SYN_RECV:
                return Reading.GONE
        # A client may send before the last step of the handshake has made the server's end: its own end tells.
        client_end = self.look(client, server)
        return Reading.WAITING if client_end and client_end.state == TCP_ESTABLISHED else Reading.GONE

    def look(self, server: Address, client: Address) -> ServerEnd | None:
        """Return the kernel's figures about the server's end, or None where this machine holds no such socket.

        OSError for any other refusal.
        """
        answer = self._ask_connection(server, client)
        if answer is None:
            return None
        _, state, _, _, _, _, unread, _, _, inode = ANSWER.unpack_from(answer, HEADER.size)
        info = _tcp_info(answer)
        return ServerEnd(state, unread, _counter(info, BYTES_RECEIVED_OFFSET), _counter(info, BYTES_SENT_OFFSET), inode)

    def listener(self, server: Address) -> ListeningSocket | None:
        """Return the socket that listens at `server`, or at all addresses of its port; None where there is none."""
        for host in (server[0], "::" if ":" in server[0] else "0.0.0.0", "::"):  # noqa: S104 - looked for, not bound
            six = ":" in host
            answer = self._ask((host, server[1]), ("::" if six else "0.0.0.0", 0))  # noqa: S104
            if answer:
                _, state, _, _, _, _, _, backlog, _, inode = ANSWER.unpack_from(answer, HEADER.size)
                if state == TCP_LISTEN:
                    return ListeningSocket(backlog, inode)
        return None

    def _ask_connection(self, server: Address, client: Address) -> bytes | None:
        """Return the kernel's answer about one end of a connection, or None where this machine holds no such one.

        Where there is none, the kernel answers with the socket that listens there, if one does.
        """
        answer = self._ask(server, client)
        return answer if answer and ANSWER.unpack_from(answer, HEADER.size)[1] != TCP_LISTEN else None

    def _ask(self, source: Address, destination: Address) -> bytes | None:
        """Return the kernel's answer about one socket, or None where this machine holds no such one."""
        self._socket.send(_question(source, destination))
        answer = self._socket.recv(8192)
        _, kind, _, _, _ = HEADER.unpack_from(answer)
        if kind == NLMSG_ERROR:
            code = -struct.unpack_from("=i", answer, HEADER.size)[0]
            if code == errno.ENOENT:
                return None
            raise OSError(code, os.strerror(code))
        return answer

    def sockets(self, *, over: bool = False) -> list[Socket]:
        """Return all sockets of this machine that are connected; with `over` also those of the last minute."""
        states = sum(1 << state for state in (*CONNECTED, *([TCP_TIME_WAIT] if over else [])))
        found = []
        for family in (socket.AF_INET, socket.AF_INET6):
            sockid = bytes(SOCKID.size)
            body = REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0, states) + sockid
            flags = NLM_F_REQUEST | NLM_F_DUMP
            self._socket.send(HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, flags, 0, 0) + body)
            found += list(self._dumped())
        return found

    def _dumped(self) -> Iterator[Socket]:
        """Read the answers of a dump to their end."""
        while True:
            data, at = self._socket.recv(1 << 17), 0
            while at < len(data):
                length, kind, _, _, _ = HEADER.unpack_from(data, at)
                if kind in (NLMSG_DONE, NLMSG_ERROR):
                    return
                yield _socket_of(data[at : at + length])
                at += (length + 3) & ~3

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


@functools.lru_cache(maxsize=1024)
def _question(server: Address, client: Address) -> bytes:
    """Compose the request about one socket: the one bound to `server` and connected to `client`."""
    family, source = _packed(server[0])
    _, destination = _packed(client[0])
    ports = struct.pack("!H", server[1]), struct.pack("!H", client[1])
    sockid = SOCKID.pack(*ports, source, destination, 0, INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE)
    body = REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0, ALL_STATES) + sockid
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0) + body


def _socket_of(answer: bytes) -> Socket:
    """Return the socket that one answer of a dump speaks of."""
    family, _, _, _, sockid, _, _, _, _, inode = ANSWER.unpack_from(answer, HEADER.size)
    sport, dport, source, destination, _, _, _ = SOCKID.unpack_from(sockid)
    local = _written(family, source), int.from_bytes(sport, "big")
    peer = _written(family, destination), int.from_bytes(dport, "big")
    return Socket(inode, local, peer, _counter(_tcp_info(answer), BYTES_SENT_OFFSET))


@functools.lru_cache(maxsize=1024)
def _written(family: int, host: bytes) -> str:
    """Return a host address of an inet_diag_sockid in numbers: that of IPv4 also where an IPv6 socket has it."""
    return socket.inet_ntop(family, host[: 16 if family == socket.AF_INET6 else 4]).removeprefix("::ffff:")


def _tcp_info(answer: bytes) -> bytes:
    """Return the answer's INET_DIAG_INFO attribute, a tcp_info; empty where there is none."""
    at = HEADER.size + ANSWER.size
    while at + ATTRIBUTE.size <= len(answer):
        length, kind = ATTRIBUTE.unpack_from(answer, at)
        if length < ATTRIBUTE.size:
            break
        if kind == INET_DIAG_INFO:
            return answer[at + ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return b""


def _counter(info: bytes, offset: int) -> int:
    """Return one of tcp_info's counters of 64 bits; 0 where this kernel has it not yet."""
    return int(struct.unpack_from("=Q", info, offset)[0]) if len(info) >= offset + 8 else 0


def open_receive_queue() -> ReceiveQueue | None:
    """Return a ReceiveQueue, or None where the kernel cannot be asked."""
    try:
        return ReceiveQueue()
    except OSError:
        return None

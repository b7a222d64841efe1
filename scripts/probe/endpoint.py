"""Where a server listens, and connections to it that never block: TCP over IPv4 or IPv6, a Unix socket, TLS."""

import functools
import os
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

from scripts.errors import Failure, WrongUse
from scripts.wire.receive_queue import Address

READ_BYTES = 262144


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens: a host and a port, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""
    tls: str = ""
    """The server name of a connection by TLS; empty for plain HTTP."""

    @property
    def name(self) -> str:
        """The endpoint as a message names it."""
        return self.path or f"{self.host} port {self.port}"

    def resolved(self) -> "Endpoint":
        """Return the endpoint with its host in numbers: of several addresses the first that takes a connection.

        Failure where none does, WrongUse for what can be no host's name.
        """
        if self.path:
            self._try(socket.AF_UNIX, self.path)
            return self
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self.unreachable(error) from None
        except UnicodeError:  # a label that is empty or too long, say: nobody can be asked for it
            raise WrongUse(f"{self.host!r} can be no host's name") from None
        failure: Failure | None = None
        for family, _, _, _, address in found:
            try:
                self._try(family, address)
            except Failure as error:
                failure = failure or error
            else:
                return Endpoint(str(address[0]), self.port, tls=self.tls)
        assert failure
        raise failure

    def _try(self, family: int, address: object, seconds: float = 5.0) -> None:
        """Connect once; Failure where that cannot be done."""
        with socket.socket(family) as trial:
            trial.settimeout(seconds)
            try:
                trial.connect(address)  # type: ignore[arg-type]  # what getaddrinfo returned, or a path
            except OSError as error:
                raise self.unreachable(error) from None

    def unreachable(self, error: OSError) -> Failure:
        """Return the failure of a connection that was refused, or not answered."""
        found = error.strerror or str(error) or type(error).__name__
        return Failure(f"no connection to {self.name}", found=found, do="Is the server running there?")

    def open(self) -> "Channel":
        """Begin a connection; OSError where it fails at once."""
        return TlsChannel(self) if self.tls else Channel(self)


class Channel:
    """A connection that never blocks. It counts what it has carried, which the receive queue's proof needs."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Begin to connect; OSError where that fails at once."""
        unix, six = bool(endpoint.path), ":" in endpoint.host
        self.socket = socket.socket(socket.AF_UNIX if unix else socket.AF_INET6 if six else socket.AF_INET)
        self.sent = 0
        """Bytes that the connection has taken."""
        self.is_unix = unix
        self._waiting = b""
        self.addresses: tuple[Address, Address] | None = None
        """The server's end and the client's end of a TCP connection; None where it did not stand, or was reset."""
        try:
            self.socket.setblocking(False)
            if not unix:
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.socket.connect(endpoint.path or (endpoint.host, endpoint.port))
                self.instant = True
            except BlockingIOError:
                if unix:  # its backlog is full (connect(2), EAGAIN): nothing is under way
                    raise
                self.instant = False
        except BaseException:
            self.socket.close()
            raise

    def connected(self) -> bool:
        """Return whether the connection stands, once the socket can be written; OSError where it failed."""
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        if not self.is_unix:
            with suppress(OSError):  # it was reset already: what that comes to is told when it is read
                self.addresses = self.socket.getpeername()[:2], self.socket.getsockname()[:2]
        return True

    @property
    def has_sent_all(self) -> bool:
        """Whether the connection has taken all that was written."""
        return not self._waiting

    def write(self, data: bytes) -> None:
        """Send `data`, as far as the connection takes it now; `flush` goes on. What is closed already takes all."""
        self._waiting += data
        self.flush()

    def flush(self) -> bool:
        """Send what is left; return whether that was all of it."""
        while self._waiting:
            try:
                count = self.socket.send(self._waiting)
            except BlockingIOError:
                return False
            except OSError:  # the server has closed: its answer, if any, is still to be read
                self._waiting = b""
                return True
            self.sent += count
            self._waiting = self._waiting[count:]
        return True

    def read(self) -> bytes | None:
        """Return what has come, b"" for the end of it, None for nothing yet; ConnectionResetError for a reset."""
        try:
            return self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


class TlsChannel(Channel):
    """A connection by TLS. What one `write` is given leaves as a record of its own, which no server reads by halves."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Begin to connect."""
        super().__init__(endpoint)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self._incoming, self._outgoing, server_hostname=endpoint.tls)
        self._agreed = False

    def connected(self) -> bool:
        """Go on with the handshake; return whether it is done."""
        super().connected()
        if not self._agreed:
            with suppress(BlockingIOError):
                data = self.socket.recv(READ_BYTES)
                if not data:
                    raise ConnectionResetError(0, "the server closed during the TLS handshake")
                self._incoming.write(data)
            try:
                self._tls.do_handshake()
                self._agreed = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                raise OSError(0, f"TLS: {error.reason}") from None
            super().write(self._outgoing.read())
        return self._agreed

    def write(self, data: bytes) -> None:
        """Send `data` as one record."""
        self._tls.write(data)
        super().write(self._outgoing.read())

    def read(self) -> bytes | None:
        """Return what has come, deciphered: all records of it, for the socket will not speak of them again."""
        data = super().read()
        if data:
            self._incoming.write(data)
        elif data == b"":
            self._incoming.write_eof()
        found = b""
        try:
            while piece := self._tls.read(READ_BYTES):
                found += piece
        except ssl.SSLWantReadError:
            return found or None
        except ssl.SSLError:  # the end, with or without a farewell
            pass
        return found


@functools.cache
def _context() -> ssl.SSLContext:
    """Return the settings of TLS. Certificates are not looked at: nothing secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context

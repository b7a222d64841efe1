"""Processes of this machine, with their sockets and bytes, as the kernel's tables in /proc tell (proc(5))."""

import os
import socket
import struct
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.probe.endpoint import Endpoint

PROC = Path("/proc")

OWN_ROUTER = "scripts.platforms.local.supervisor"
"""What stands in the command line of the process that runs this project's own router."""


@dataclass(frozen=True)
class Process:
    """A process of this machine."""

    pid: int
    name: str
    own_router: bool = False
    """Whether it is this project's own local platform."""

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def holders(inode: int) -> tuple[Process, ...]:
    """Return the processes that hold a socket and whose files may be looked at."""
    pids = (int(folder.name) for folder in PROC.glob("[0-9]*"))
    return tuple(filter(None, (_process(pid) for pid in pids if inode in sockets_of(pid))))


def listening_on_path(endpoint: Endpoint) -> tuple[Process, ...]:
    """Return the process that has called listen(2) for a Unix socket (unix(7), SO_PEERCRED)."""
    with closing(socket.socket(socket.AF_UNIX)) as trial, suppress(OSError):
        trial.connect(endpoint.path)
        pid, _, _ = struct.unpack("3i", trial.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return tuple(filter(None, [_process(pid)]))
    return ()


def _process(pid: int) -> Process | None:
    """Return a process by its number; None for one that is gone."""
    try:
        name = (PROC / f"{pid}/comm").read_text("utf-8", "replace").strip()
        command = (PROC / f"{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return Process(pid, name, OWN_ROUTER.encode() in command)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started; none where the kernel does not say."""
    with suppress(OSError):
        return [int(word) for word in (PROC / f"{pid}/task/{pid}/children").read_text("ascii").split()]
    return []


def sockets_of(pid: int) -> set[int]:
    """Return the inodes of a process's sockets; none of one that is gone, or somebody else's."""
    found = set()
    with suppress(OSError):
        for entry in os.scandir(PROC / f"{pid}/fd"):
            with suppress(OSError):
                kind, _, number = str(Path(entry.path).readlink()).partition(":[")
                if kind == "socket":
                    found.add(int(number[:-1]))
    return found


def written(process: Process) -> int:
    """Return how many bytes a process has written in all, but by send(2) (proc(5), io); 0 where that is not told."""
    with suppress(OSError):
        lines = (PROC / f"{process.pid}/io").read_text("ascii").splitlines()
        return next(int(line.partition(":")[2]) for line in lines if line.startswith("wchar:"))
    return 0


def are_unix(inodes: set[int]) -> bool:
    """Say whether one of the sockets is a Unix socket."""
    with suppress(OSError):
        lines = (PROC / "net/unix").read_text("utf-8", "replace").splitlines()[1:]
        return any(int(line.split(maxsplit=7)[6]) in inodes for line in lines)
    return False

"""buildah with a store of its own, and the web process of an image that it runs.

It needs neither an engine nor a registry: files are copied (vfs), containers are changed roots that share this
machine's network and processes (chroot), and nothing is ever pulled.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BOOT_SECONDS = 60.0
"""Heroku's own limit for binding the port."""

UNITS = {"B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3}


@dataclass(frozen=True)
class Buildah:
    """A store of images."""

    folder: Path

    def command(self, *args: str | Path) -> list[str]:
        """Return a command line of buildah on this store, which no configuration of the machine changes."""
        store = ("--root", self.folder / "root", "--runroot", self.folder / "runroot", "--storage-driver", "vfs")
        return [str(word) for word in ("buildah", *store, *args)]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of buildah's processes."""
        registries = str(self.folder / "registries.conf")
        return {**os.environ, "CONTAINERS_REGISTRIES_CONF": registries, "TMPDIR": str(self.folder / "tmp")}

    def run(self, *args: str | Path) -> str:
        """Run buildah to its end and return what it printed."""
        done = subprocess.run(
            self.command(*args), env=self.environment, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout.strip()

    def build(self, context: Path, file: str, tag: str) -> None:
        """Build an image of a folder as it is."""
        policy = ("--signature-policy", self.folder / "policy.json")
        options = ("--isolation", "chroot", "--pull=never", *policy, "--tag", tag, "--file", context / file)
        self.run("build", *options, context)

    def config(self, image: str) -> dict[str, Any]:
        """Return the configuration of an image, as the OCI's image specification names its parts."""
        config: dict[str, Any] = json.loads(self.run("inspect", "--type", "image", image))["OCIv1"]["config"]
        return config

    def size(self, image: str) -> float:
        """Return the size of an image in bytes."""
        number, unit = json.loads(self.run("images", "--json", image))[0]["size"].split()
        return float(number) * UNITS[unit]

    def container(self, image: str) -> str:
        """Make a container of an image and return its name."""
        return self.run("from", "--pull=never", "--signature-policy", self.folder / "policy.json", image)


@contextmanager
def buildah_in(folder: Path) -> Iterator[Buildah]:
    """Provide a store in a folder, and leave nothing of it: no process, no container, no mount, no file."""
    if not shutil.which("buildah"):
        pytest.fail("buildah is missing, which builds the branches' images. Install it: apt-get install buildah")
    (folder / "tmp").mkdir()
    (folder / "registries.conf").write_text("unqualified-search-registries = []\n", encoding="utf-8")
    (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}', encoding="utf-8")
    buildah = Buildah(folder)
    try:
        yield buildah
    finally:
        assert not _processes_in(folder)
        buildah.run("rm", "--all")
        shutil.rmtree(folder)
        assert str(folder) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")


@dataclass(frozen=True)
class WebProcess:
    """A running web process."""

    port: int
    buildah: "subprocess.Popen[str]"

    @property
    def pid(self) -> int:
        """The process itself, below those of buildah."""
        return _line(self.buildah.pid)[-1]

    @property
    def user_ids(self) -> set[int]:
        """All user ids that the process has: real, effective, saved, file system."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return {int(word) for word in status.partition("\nUid:")[2].splitlines()[0].split()}


@contextmanager
def web_process(buildah: Buildah, image: str) -> Iterator[WebProcess]:
    """Run an image's own command, as Heroku does with a PORT of its choice, from when it listens until it has ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    container = buildah.container(image)
    settings = ("--env", f"PORT={port}", "--env", "BIND_HOST=127.0.0.1")
    command = buildah.command("run", "--isolation", "chroot", *settings, container, "--", *buildah.config(image)["Cmd"])
    with subprocess.Popen(
        command, env=buildah.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as child:
        too_late = threading.Timer(BOOT_SECONDS, _kill, [child])
        too_late.start()
        try:
            assert child.stdout
            said = ""
            while "Uvicorn running on" not in said:
                line = child.stdout.readline()
                assert line, f"it does not listen; it said: {said}"
                said += line
            too_late.cancel()
            yield WebProcess(port, child)
        finally:
            too_late.cancel()
            _kill(child)


def _kill(child: "subprocess.Popen[str]") -> None:
    """End a buildah by killing the program that it runs, which would live on if buildah itself were killed."""
    while child.poll() is None:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(_line(child.pid)[-1], signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            child.wait(1)


def _line(pid: int) -> list[int]:
    """Return a process, its child, that one's child and so on to the last; none of them has several."""
    line = [pid]
    while children := _children(line[-1]):
        (child,) = children
        line.append(child)
    return line


def _children(pid: int) -> set[int]:
    """Return the processes that a process has started and not yet lost."""
    found: set[int] = set()
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended
            found |= {int(word) for word in path.read_text(encoding="ascii").split()}
    return found


def _processes_in(folder: Path) -> list[str]:
    """Return the processes whose root directory lies below a folder: those of a container that did not end."""
    found = []
    for root in Path("/proc").glob("[0-9]*/root"):
        with suppress(OSError):  # it has ended meanwhile, or is another user's
            if root.readlink().is_relative_to(folder):
                found.append(root.parent.name)
    return found

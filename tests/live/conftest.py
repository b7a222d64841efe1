"""A real platform with an affected and a patched variant, and its live page, for a module's tests."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from tests.platforms.stage import processes_below
from tests.whole.conftest import Clone, clone_working_tree

AFFECTED = "v0.12.1"
PATCHED = "patched"


@dataclass(frozen=True)
class Running:
    """A platform that runs, and how its page is reached."""

    clone: Clone
    port: int

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://localhost:{self.port}/"

    @property
    def origin(self) -> str:
        """The page's origin."""
        return self.url.rstrip("/")

    def client(self, host: str = "") -> httpx.Client:
        """Return a client of the page, or of another host of the router's."""
        headers = {"Host": host or f"localhost:{self.port}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, trust_env=False, timeout=30)

    def app(self, variant: str) -> str:
        """Return a variant's address."""
        return f"http://uvicorn-issue-344-{variant.replace('.', '-')}.localhost:{self.port}/"

    def token(self) -> str:
        """Return the token of the page's forms."""
        with self.client() as client:
            return Fields(client.get("/").text).values["token"]

    def segment_bytes(self) -> str:
        """Return the size that `make ps` shows."""
        return self.clone.done("ps").splitlines()[0].rpartition("SEGMENT=")[2]

    def page_process(self) -> int:
        """Return the process that serves the page."""
        folder = self.clone.root / ".local/live"
        (pid,) = (each for each in processes_below(folder) if "keeper.py" not in command_of(each))
        return pid

    def wait(self) -> None:
        """Wait until the page is there."""
        until(self.answers)

    def shown(self) -> str:
        """Return the page."""
        with self.client() as client:
            return client.get("/").text

    def answers(self) -> bool:
        """Say whether the page is there."""
        with suppress(httpx.HTTPError), self.client() as client:
            return client.get("/").status_code == 200
        return False


class Fields(HTMLParser):
    """The elements of a page, and the values of its inputs."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: list[str] = []
        self.values: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and an input's value."""
        self.tags.append(tag)
        named = dict(attrs)
        if tag == "input":
            self.values[named.get("name") or ""] = named.get("value") or ""


def command_of(pid: int) -> str:
    """Return a process's command line; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""


def used_seconds(pid: int) -> float:
    """Return how long a process has had the processor (proc(5), stat); nothing where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this did not come true in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Deploy both variants, and wait for the page; what runs is ended, and must have ended."""
    clone = clone_working_tree(tmp_path_factory.mktemp("live"))
    address = clone.done("deploy", VARIANT=AFFECTED, PORT="0").strip()
    try:
        clone.done("deploy", VARIANT=PATCHED)
        found = Running(clone, int(address.rstrip("/").rpartition(":")[2]))
        found.wait()
        yield found
        clone.done("down")
        assert processes_below(clone.root) == []
    finally:
        for pid in processes_below(clone.root):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

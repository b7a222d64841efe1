"""The table of odd servers: the truth by plain sockets, and the probe's word. It is never wrong."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.errors import Failure
from scripts.probe.cases import of_request
from scripts.probe.endpoint import Endpoint
from scripts.probe.examine import examine
from scripts.probe.measure import How
from scripts.probe.pace import Times
from tests.probe import raw
from tests.probe.odd.every import SERVERS

PROJECT = Path(__file__).resolve().parents[2]
CASE = of_request(raw.HEAD)


@contextmanager
def running(name: str) -> Iterator[int]:
    """Run an odd server; give its port."""
    command = [sys.executable, "-m", "tests.probe.odd", name]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout
            yield int(child.stdout.readline())
        finally:
            child.kill()


def word(endpoint: Endpoint, times: Times | None = None) -> str:
    """Return the probe's word: one that gives up says that it could not tell, by its exit code."""
    try:
        found = examine(endpoint, CASE, how=How(times or Times()))
    except Failure as failure:
        return f"could not tell ({failure})"
    if found.conclusion.word == "could not tell":
        return f"could not tell ({'; '.join(doubt.text for doubt in found.conclusion.doubts)})"
    return found.conclusion.word


@pytest.mark.parametrize("name", SERVERS)
def test_the_word_is_right(name: str) -> None:
    """No wrong "affected", no wrong "intact", and "could not tell" where nothing can be told and only there."""
    odd = SERVERS[name]
    with running(name) as port:
        assert raw.truth(raw.tcp(port)) == odd.truth
    with running(name) as port:
        times = Times(read=2 * odd.hurried, answer=odd.hurried, whole=20)
        said = word(Endpoint("127.0.0.1", port), times)
        assert said.partition(" (")[0] == odd.word, said

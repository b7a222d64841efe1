"""Commands: what is passed on as it comes, and what ends them."""

import signal
import sys
import time
from pathlib import Path

import pytest

from scripts import process
from scripts.process import TookTooLong, end, run, start
from tests.platforms.stage import processes_below, until

PROJECT = Path(__file__).resolve().parents[2]


def test_lines_are_said_as_they_come() -> None:
    """Each line of standard error, while the command still runs; standard output is whole."""
    program = """
import sys
print("first", file=sys.stderr, flush=True)
print("the output")
sys.stderr.write("half\\rsecond\\n")
"""
    said: list[str] = []
    done = run([sys.executable, "-c", program], say=said.append)
    assert said == ["first", "half", "second"]
    assert done.text == "the output"


def test_a_command_that_takes_too_long_is_ended() -> None:
    """The error says how long it was given."""
    began = time.monotonic()
    with pytest.raises(TookTooLong, match=r"took longer than 0\.2 seconds"):
        run([sys.executable, "-c", "import sys; sys.stdin.close(); import signal; signal.pause()"], limit=0.2)
    assert time.monotonic() - began < 10


STUBBORN = "trap '' TERM; echo begun >&2; sleep 1000"
"""A program of the shell's that SIGTERM does not end, nor what it starts."""

LEFT_BEHIND = "(trap '' TERM; exec sleep 1000) & wait"
"""One that SIGTERM ends, but not what it has started, which holds its output."""


@pytest.mark.parametrize("program", [STUBBORN, LEFT_BEHIND], ids=["itself", "what it started"])
def test_a_command_that_does_not_end_when_asked_to_is_killed(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A while after SIGTERM, with all that it started: nobody waits for it without bound."""
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    with pytest.raises(TookTooLong):
        run(["sh", "-c", program], cwd=tmp_path, limit=0.2)
    until(lambda: not processes_below(tmp_path))


def test_a_command_that_goes_on_is_killed_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does not end when it is asked to."""
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    child = start(["sh", "-c", STUBBORN], cwd=tmp_path, env=process.environment())
    with child:
        assert child.stderr
        assert child.stderr.readline() == b"begun\n"
        assert end(child) == -signal.SIGKILL
    until(lambda: not processes_below(tmp_path))


def test_an_interrupt_ends_the_commands_of_other_threads_whatever_they_do() -> None:
    """One that SIGTERM does not end is killed; the interrupt itself waits for none of them."""
    program = """
import sys, threading, time
from scripts import process
process.GRACE_SECONDS = 0.5
begun = threading.Event()
command = ["sh", "-c", "trap '' TERM; echo begun >&2; exec sleep 1000"]
thread = threading.Thread(target=process.run, args=[command], kwargs={"say": lambda _: begun.set(), "codes": [-9]})
thread.start()
begun.wait()
before = time.monotonic()
process.interrupt()
took = time.monotonic() - before
thread.join()
assert took < 0.5, took
"""
    done = run([sys.executable, "-c", program], cwd=PROJECT, limit=60)
    assert done.stderr == b""

"""Commands: what is passed on as it comes, and what ends them."""

import sys
import time

import pytest

from scripts.process import TookTooLong, run


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

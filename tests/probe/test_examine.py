"""The command itself: its exit code, and what it takes of the machine."""

import subprocess
import sys

import pytest

from tests.probe import raw
from tests.probe.test_odd import PROJECT, running


@pytest.mark.parametrize(("name", "code"), [("echo", 0), ("dropped", 1), ("shapeless", 2), ("closed", 2)])
def test_the_exit_code_says_the_word(name: str, code: int) -> None:
    """0 intact, 1 affected, 2 could not tell."""
    with running(name) as port:
        url = f"http://127.0.0.1:{port}{raw.TARGET}"
        words = [sys.executable, "-m", "scripts", "probe", "--url", url]
        assert subprocess.run(words, cwd=PROJECT, capture_output=True, check=False).returncode == code


@pytest.mark.parametrize("name", ["long_answer", "very_long_answer"])
def test_long_answers_are_not_kept(name: str) -> None:
    """A probe of answers of 5 MB has a peak below 150 MB."""
    with running(name) as port:
        url = f"http://127.0.0.1:{port}{raw.TARGET}"
        words = [sys.executable, "-m", "scripts", "probe", "--url", url]
        # By a small process: the peak of a child counts from what its parent was when it forked.
        small = f"import resource, subprocess; subprocess.run({words!r}, stdout=-3, check=True); "
        small += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        peak = subprocess.run([sys.executable, "-c", small], cwd=PROJECT, capture_output=True, check=True)
    assert int(peak.stdout) < 150 * 1024

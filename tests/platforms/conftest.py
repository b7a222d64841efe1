"""Stages, each with an end at which nothing may be left running."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.matrix import load
from scripts.platforms.local.local import LocalPlatform
from scripts.platforms.local.places import Places
from tests.platforms.stage import Stage, processes_below

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Return a checkout below a path with spaces; its supervisor is ended, and must have had nothing to complain of."""
    monkeypatch.setenv("PYTHONDEVMODE", "1")  # a supervisor says what it leaves open
    root = tmp_path / "a check out"
    root.mkdir()
    try:
        yield Stage(root, load(PROJECT).one("v0.12.1"))
        LocalPlatform(root).down()
        assert processes_below(root) == []
        output = Places(root).output
        complaints = output.read_text() if output.exists() else ""
        assert not re.search("Warning|Traceback|ERROR", complaints), complaints
    finally:
        for pid in processes_below(root):
            os.kill(pid, signal.SIGKILL)

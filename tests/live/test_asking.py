"""What the live page makes of tooling that cannot be run, or that tells nonsense."""

import asyncio
import importlib
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("", "the tooling cannot be run: No such file or directory."),
        ("echo '{'", "the tooling told what cannot be read."),
        ("head -c 5000000 /dev/zero", "the tooling told what cannot be read."),
        ("exit 1", "The probe has ended early."),
    ],
    ids=["none", "no-json", "long-line", "silent"],
)
def test_a_probe_that_was_none_says_why(
    program: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not say that the variant was probed: an environment that is made anew is away for a while."""
    tooling = tmp_path / "tooling"
    if program:
        tooling.write_text(f"#!/bin/sh\n{program}\n")
        tooling.chmod(0o755)
    for name, value in (("CHECKOUT", PROJECT), ("PLATFORM", tmp_path / "supervisor.json"), ("TOOLING", tooling)):
        monkeypatch.setenv(name, str(value))
    for name in ("common.live.asking", "common.live.probes"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    probes = importlib.import_module("common.live.probes")

    async def words() -> str:
        async def row(variant: str) -> dict[str, str]:
            return {"variant": variant, "state": "up", "dyno": "http://127.0.0.1:1/"}

        changed = asyncio.Event()
        known = probes.Probes(row, lambda _: changed.set())
        assert known.start("v1", "httptools")
        while known.of("v1").state != "over":
            await changed.wait()
            changed.clear()
        return str(known.of("v1").words)

    assert asyncio.run(asyncio.wait_for(words(), 30)) == said

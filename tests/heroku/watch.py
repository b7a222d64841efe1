"""Runs a command and watches what its children could tell: their arguments and environments."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Watched:
    """A command that has ended."""

    code: int
    out: str
    err: str
    children: str
    """All arguments and environments of its children that were seen, and its own arguments."""


def watch(command: list[str], cwd: Path, environment: Mapping[str, str]) -> Watched:
    """Run a command to its end; it has a session of its own, by which its children are known."""
    seen: set[str] = set()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
        while True:
            try:
                process.wait(0.02)
                break
            except subprocess.TimeoutExpired:
                seen.update(_told(process.pid))
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return Watched(process.returncode, texts[0], texts[1], "\n".join(seen))


def _told(session: int) -> Iterator[str]:
    """Yield what the processes of a session tell now; of the first one, the arguments alone."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) != session:
                continue
            yield (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            # Between fork and exec a child still shows the environment of its parent.
            if int(folder.name) != session and (folder / "cmdline").read_bytes() != _own(session):
                yield (folder / "environ").read_bytes().decode("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue


def _own(session: int) -> bytes:
    """Return the arguments of the first process of a session."""
    return Path(f"/proc/{session}/cmdline").read_bytes()

"""The servers that are measured: common/servers/*/servers.toml as frozen records. They are data, not code."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from scripts.errors import WrongUse
from scripts.history import bare_app
from scripts.pins import lockfile
from scripts.probe.cases import Case
from scripts.records import read_record

FOLDER = "common/servers"
"""A folder of it is an environment: servers.toml, requirements.in and requirements.txt."""

PAGES = Path(__file__).with_name("pages")

FORMAT = 1
"""Raise it when servers are measured in another way, so that all count as not measured."""


class ServerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server as the file has it; the file's own comment says what each field means."""

    name: str
    command: str
    answers: tuple[str, ...]
    unasked: dict[str, str] = {}


class ServersFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One servers.toml."""

    python: str
    servers: tuple[ServerEntry, ...]


@dataclass(frozen=True)
class OtherServer:
    """A server, and the environment that it runs in."""

    name: str
    command: str
    """What starts it at {port}; its first word is a program of the environment."""
    answers: tuple[str, ...]
    """The packages whose versions count."""
    unasked: dict[str, str]
    """The cases that it is not asked, and why."""
    python: str
    lock: Path
    """What pins its environment."""

    def asked(self, cases: Sequence[Case]) -> list[Case]:
        """Return those of the cases that it is asked."""
        return [case for case in cases if case.name not in self.unasked]

    def inputs(self, cases: Sequence[tuple[str, str]]) -> str:
        """Return the digest of all that its answers come from but the probe; `cases` are names and digests."""
        pins = self.lock.read_bytes() if self.lock.is_file() else b""
        parts: list[str | bytes] = [str(FORMAT), self.python, pins, self.command, *self.answers]
        parts += [word for pair in (*self.unasked.items(), *cases) for word in pair]
        parts += [path.read_bytes() for path in modules() if path.stem == "bare_app" or path.stem in self.command]
        return lockfile.digest(parts)[:16]


def modules() -> list[Path]:
    """Return the files of the bare apps."""
    return [Path(bare_app.__file__), *sorted(PAGES.glob("*.py"))]


def load_servers(root: Path, cases: Collection[str]) -> list[OtherServer]:
    """Return the servers of the checkout at `root` by name; WrongUse says which file is wrong, and where."""
    found: dict[str, OtherServer] = {}
    for path in sorted((root / FOLDER).glob("*/servers.toml")):
        file = read_record(path, ServersFile)
        where = f"{path.relative_to(root)} is wrong"
        if not re.fullmatch(r"3\.\d+", file.python):
            raise WrongUse(where, found=f"python = {file.python!r} is not of the form 3.N")
        for entry in file.servers:
            if wrong := _wrong(entry, [*found], cases):
                raise WrongUse(where, found=f"{entry.name}: {wrong}")
            lock = path.with_name("requirements.txt")
            found[entry.name] = OtherServer(entry.name, entry.command, entry.answers, entry.unasked, file.python, lock)
    return [found[name] for name in sorted(found, key=str.casefold)]


def _wrong(entry: ServerEntry, known: Collection[str], cases: Collection[str]) -> str:
    """Return what is wrong with an entry, nothing where it is good."""
    if entry.name in known:
        return "there are two of this name"
    if "{port}" not in entry.command or "/" in entry.command.split()[0]:
        return "its command is a program of the environment that is given {port}"
    if not entry.answers:
        return "it must name the packages that answer"
    missing = [name for name in entry.unasked if name not in cases]
    return f"there is no case {missing[0]!r}" if missing else ""

"""All or nothing, also for a process that is killed: what stood before a change is written down first.

That note is a file, deleted when the change is whole. Where the change fails, what the note holds is put back. Where
the process is killed, the note stays, and the next command puts it back. A lock beside the note tells which of the two
it is, as the kernel frees it with the last process that holds it.
"""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from scripts.branches.git import Repository, git, open_repository, read_tips
from scripts.errors import Failure
from scripts.files import alone, drop_staged, write_whole
from scripts.process import CommandFailed
from scripts.records import read_record, write_record

log = logging.getLogger(__name__)

UPDATE = ".local/update.undo"
"""The note of a change to the working tree, from the checkout's root."""

BRANCHES = "branches-import.undo"
"""The note of a move of branches, from git's own folder."""

UNDONE = ".local/undone"
"""Where what is in the way of what comes back is kept, from the checkout's root."""

ROOM_BYTES = 16384
"""What a branch's move may take on the disk: its lock, its reflog and their folders, in blocks of 4 KiB."""

BUSY = "another update runs in this checkout"

Moves = Mapping[str, tuple[str, str]]
"""Ref → the commits that it holds before and after; empty where it is not there."""


class Before(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stood before a change; paths are from the checkout's root."""

    command: str
    """What a person calls the change."""
    files: dict[str, bytes | None] = {}
    """What the files held; None where there was none."""
    folder: str = ""
    """A folder that was not there, or with `aside` one that was."""
    aside: str = ""
    """Where `folder` is moved to."""
    refs: dict[str, tuple[str, str | None]] = {}
    """Ref → the commits before and after; an `after` of None may be anything."""


@contextmanager
def turn(note: Path, root: Path, *, busy: str = "") -> Iterator[int]:
    """Hold the lock beside `note`, and first put back what a killed process left there; the rest is as in `alone`.

    `root` is the checkout. Raises what `put_back` raises.
    """
    with alone(note.with_suffix(".lock"), busy=busy) as held:
        drop_staged(note)
        if note.exists():
            put_back(note, root)
        yield held


def recover(root: Path) -> None:
    """Put back what killed processes left in the checkout at `root`, where none is at work; warn where that fails."""
    for note in (root / ".git" / BRANCHES, root / UPDATE):
        try:
            if note.exists():
                with turn(note, root, busy=BUSY):
                    pass
        except (Failure, OSError) as error:
            if str(getattr(error, "what", "")) != BUSY:
                log.warning("what a killed command left cannot be put back yet: %s", error)


@contextmanager
def all_or_nothing(note: Path, root: Path, before: Before) -> Iterator[None]:
    """Put back `before` when the block raises anything, Ctrl-C as well, or the process is killed in it.

    The caller holds the lock of `note` (`turn`). `root` is the checkout. Failure when a folder that the change makes is
    there already.
    """
    if before.folder and not before.aside and (root / before.folder).exists():
        raise Failure(f"{before.folder}/ is there already", do="Remove it, or name another variant")
    write_record(note, before)
    try:
        yield
    except BaseException as cause:
        try:
            put_back(note, root, killed=isinstance(cause, CommandFailed) and cause.completed.code < 0)
        except (Failure, OSError) as error:
            log.warning("not all can be put back yet, the next command tries again: %s", error)
        raise
    note.unlink()


def contents(root: Path, paths: Sequence[Path]) -> dict[str, bytes | None]:
    """Return what files hold, by their paths from `root`; None where there is none."""
    held: dict[str, bytes | None] = {}
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            held[name] = path.read_bytes()
        except FileNotFoundError:
            held[name] = None
    return held


def move_refs(repository: Repository, moves: Moves, why: str, *, do: str = "", held: int | None = None) -> None:
    """Move refs in one transaction, which fails whole when one of them is not where it was.

    `why` stands in the reflogs. A git that outlives this process goes on to hold the lock `held`.
    """
    steps = []
    for ref, (old, new) in moves.items():
        steps.append(f"update {ref} {new} {old or '0' * len(new)}" if new else f"delete {ref} {old}")
    lines = "\n".join(["start", *steps, "prepare", "commit", ""]).encode()
    _make_room(repository.common / "branches-import.room", ROOM_BYTES * (len(moves) + 4))
    # --no-deref: no ref but these may move, whatever they have become meanwhile.
    holds = () if held is None else (held,)
    git(repository.root, "update-ref", "-m", why, "--no-deref", "--stdin", stdin=lines, do=do, holds=holds)


def put_back(note: Path, root: Path, *, killed: bool = True) -> None:
    """Let all be as `note` has it, and delete the note; what is so already is left alone, so it can be done again.

    `killed` says that the git which moved the refs was killed, and may have left its locks. Failure or OSError where
    something stands in the way: the note stays.
    """
    before = read_record(note, Before, do=f"Look at the checkout, then remove it: {note}")
    log.info("%s did not end: files and branches go back to what they were", before.command)
    _put_refs_back(root, before, killed=killed)
    if before.aside:
        _put_folder_back(root / before.aside, root / before.folder)
    elif before.folder:
        _keep(root / before.folder, root)
    for name, content in before.files.items():
        path = root / name
        drop_staged(path)
        if content is None:
            _keep(path, root)
        elif not path.is_file() or path.read_bytes() != content:
            _keep(path, root, link=path.is_file())
            write_whole(path, content)
    note.unlink()


def _put_refs_back(root: Path, before: Before, *, killed: bool) -> None:
    """Let the refs hold what they held; one that somebody else has moved since stays where it is."""
    if not before.refs:
        return
    repository = open_repository(root)
    for ref, ids in before.refs.items() if killed else ():
        _drop_lock(repository.common / f"{ref}.lock", ids)
    tips = read_tips(repository, list(before.refs))
    moves = {}
    for ref, (old, new) in before.refs.items():
        now = tips[ref].commit if ref in tips else ""
        if now not in (old, new) and new is not None:
            log.warning("%s was moved meanwhile, and stays", ref)
        elif now != old:
            moves[ref] = now, old
    if moves:
        move_refs(repository, moves, "undo")


def _drop_lock(lock: Path, ids: tuple[str, str | None]) -> None:
    """Remove a ref's lock that a killed git left; one that is not empty and holds another commit was not ours.

    The lock of the note is held here, also by a git of ours that outlived its command: so none of ours is at work.
    """
    with suppress(FileNotFoundError):
        if lock.read_text("ascii", "replace").strip() in ("", *ids):
            lock.unlink()


def _make_room(place: Path, size: int) -> None:
    """Make sure that the disk takes `size` more bytes, before anything is changed; OSError where it does not."""
    try:
        with place.open("wb", buffering=0) as file:
            left = size
            while left:
                left -= file.write(bytes(left))
    except OSError as error:
        error.filename = error.filename or str(place)
        raise
    finally:
        place.unlink(missing_ok=True)


def _put_folder_back(aside: Path, folder: Path) -> None:
    """Move a folder back to its place, where it was moved away."""
    if aside.exists() and not folder.exists():
        aside.rename(folder)


def _keep(path: Path, root: Path, *, link: bool = False) -> None:
    """Take away what was not there before; it is kept, as somebody may have worked on it since.

    With `link` the file stays in its place, too, until another one is renamed into it.
    """
    if not path.exists():
        return
    kept = root / UNDONE / path.relative_to(root)
    if kept.is_dir():
        shutil.rmtree(kept)
    kept.parent.mkdir(parents=True, exist_ok=True)
    if link:
        kept.unlink(missing_ok=True)
        os.link(path, kept)
    else:
        path.replace(kept)

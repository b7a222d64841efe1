"""A slug: what a branch's tree becomes when it is built: its files, and `.venv` with its Python and its pins.

Slugs are kept below .local/slugs/ by the tree's id, so that a tree is built once. A slug is built beside its place,
under a name that begins with a dot, and renamed into it: what has its name is whole. Builds of one checkout take turns
(a lock that the kernel frees however a build ends), so whatever begins with a dot when a build starts was left by one
that died, and is cleared.

A slug's files are its own: nothing that another one, or uv's cache, holds changes with them. What they were when it was
built is in its MANIFEST; one that differs from that is built anew.
"""

import hashlib
import logging
import os
import re
import shutil
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from scripts.branches.git import export, git
from scripts.errors import Failure
from scripts.files import alone, made_once
from scripts.pins import environments
from scripts.platforms.local.places import Places

log = logging.getLogger(__name__)

TREE_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
"""A git object's id in SHA-1 or SHA-256: a tree's id becomes a folder's name."""

PYTHON_VERSION = re.compile(r"(3\.[0-9]{1,2})(?:\.[0-9]{1,3})?\Z")
"""What .python-version may hold, as Heroku reads it: 3.N or 3.N.P."""

MANIFEST = ".slug.json"

KEPT_TREES = 3
"""How many of a branch's last trees keep their slugs."""


class BuiltFile(msgspec.Struct, frozen=True, array_like=True):
    """What a file of a slug was when it was built."""

    path: str
    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Slug:
    """A built tree, ready to boot."""

    tree: str
    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter that the slug's web process runs on."""
        return self.folder / ".venv/bin/python"


def build(root: Path, tree: str) -> Slug:
    """Return the slug of the git tree with id `tree` of the checkout at `root`, building it where it is not built yet.

    Failure when the tree lacks what a slug needs, its Python cannot be had, or its pins cannot be installed; then
    nothing is left behind.
    """
    if not TREE_ID.match(tree):
        raise Failure(f"{tree!r} is no id of a git tree", do="Make the branches: make branches")
    slugs = Places(root).slugs
    slug = Slug(tree, slugs / tree)
    made_once(
        slug.folder,
        lambda beside: _build(root, tree, beside),
        lambda folder: slug.python.exists() and is_whole(folder),  # its Python may be gone from this machine
        lock=_lock(slugs),
    )
    return slug


def prune(root: Path, used: Collection[str]) -> None:
    """Remove the slugs whose trees are neither `used` nor among the last three of a branch of the checkout at `root`.

    Where the branches cannot be read, all stay.
    """
    slugs = Places(root).slugs
    with alone(_lock(slugs)):
        spare = {path.name for path in slugs.iterdir() if TREE_ID.match(path.name)} - set(used)
        if not spare:
            return
        try:
            spare -= _recent_trees(root)
        except Failure as failure:
            log.debug("no slug is removed: %s", failure)
            return
        for tree in spare:
            log.info("remove the slug of tree %s", tree[:10])
            shutil.rmtree((slugs / tree).rename(slugs / f".{tree}.old"))


def seal(folder: Path) -> None:
    """Write down what the files of a slug are, at the end of its build."""
    built = []
    for path in _files(folder):
        there = path.lstat()
        if stat.S_ISREG(there.st_mode) and path != folder / MANIFEST:
            name = path.relative_to(folder).as_posix()
            built.append(BuiltFile(name, there.st_size, there.st_mtime_ns, _digest(path)))
    (folder / MANIFEST).write_bytes(msgspec.json.encode(built))


def is_whole(folder: Path) -> bool:
    """Say whether all files of a slug are what they were when it was built.

    One whose size and time are the same is not read. What was added since, by the running app say, does not count.
    """
    try:
        built = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=list[BuiltFile])
        return all(_is_as_built(folder / each.path, each) for each in built)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False


def _is_as_built(path: Path, built: BuiltFile) -> bool:
    """Say whether a file is what it was; OSError where it cannot be read."""
    there = os.lstat(path)
    if not stat.S_ISREG(there.st_mode) or there.st_size != built.size:
        return False
    return there.st_mtime_ns == built.mtime_ns or _digest(path) == built.sha256


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder; what links lead to is not followed."""
    for below, _, names in os.walk(folder):
        yield from (Path(below, name) for name in names)


def _lock(slugs: Path) -> Path:
    """Return the lock of a checkout's slugs."""
    return slugs.with_name("slugs.lock")


def _recent_trees(root: Path) -> set[str]:
    """Return the last trees of all local branches; Failure where git does not say them."""
    refs = git(root, "for-each-ref", "--format=%(refname)", "refs/heads").text.splitlines()
    trees = (git(root, "log", f"--max-count={KEPT_TREES}", "--format=%T", ref, "--").text.split() for ref in refs)
    return {tree for each in trees for tree in each}


def _build(root: Path, tree: str, folder: Path) -> None:
    """Build `tree` in the new folder `folder`."""
    log.info("build tree %s", tree[:10])
    for left in folder.parent.glob(".*/"):
        shutil.rmtree(left)
    export(root, tree, folder)
    for name in ("Procfile", ".python-version", "requirements.txt"):
        if not (folder / name).is_file():
            raise Failure(f"the tree {tree[:10]} has no {name}", do="Make the branches: make branches")
    written = (folder / ".python-version").read_text("utf-8", "replace").strip()
    version = PYTHON_VERSION.match(written)
    if not version:
        raise Failure(f"the tree {tree[:10]} has a wrong .python-version", found=f"{written[:40]!r} is not 3.N")
    vendor = folder / "vendor"
    environments.create(folder / ".venv", version[1])
    lock = folder / "requirements.txt"
    environments.install(folder / ".venv", lock, find_links=vendor if vendor.is_dir() else None)
    seal(folder)

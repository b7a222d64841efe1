"""A slug: what a branch's tree becomes when it is built: its files, and `.venv` with its Python and its pins.

Slugs are kept below .local/slugs/ by the tree's id, so that a tree is built once. A slug is built beside its place,
under a name that begins with a dot, and renamed into it: what has its name is whole. Builds of one checkout take turns
(a lock that the kernel frees however a build ends), so whatever begins with a dot when a build starts was left by one
that died, and is cleared.
"""

import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.branches import generate as publish
from scripts.errors import Failure
from scripts.files import made_once
from scripts.pins import environments
from scripts.platforms.local.control import Places

log = logging.getLogger(__name__)

TREE_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
"""A git object's id in SHA-1 or SHA-256: a tree's id becomes a folder's name."""

PYTHON_VERSION = re.compile(r"(3\.[0-9]{1,2})(?:\.[0-9]{1,3})?\Z")
"""What .python-version may hold, as Heroku reads it: 3.N or 3.N.P."""


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
        lambda _: slug.python.exists(),  # its Python may be gone from this machine
        lock=slugs.with_name("slugs.lock"),
    )
    return slug


def _build(root: Path, tree: str, folder: Path) -> None:
    """Build `tree` in the new folder `folder`."""
    log.info("build tree %s", tree[:10])
    for left in folder.parent.glob(".*/"):
        shutil.rmtree(left)
    publish.export(root, tree, folder)
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

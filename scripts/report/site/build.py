"""`make site`: all pages and files, made from committed data, in .local/site/."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import chain
from pathlib import Path

import msgspec

from scripts.files import made_once
from scripts.matrix import Matrix
from scripts.records import decode

SITE = Path(".local/site")

STAMP = ".made-from.json"
"""In the site: from what it was made, and what was made."""

SOURCES = ("common", "variants", "scripts")
"""The folders that the site is made from."""


class SiteStamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From what a site was made, and what was made."""

    inputs: str
    outputs: dict[str, str]
    """The digest of each file, by its path."""


def build_site(matrix: Matrix) -> tuple[Path, bool]:
    """See to it that the site is there and current; return its folder, and whether anything had to be done.

    Failure where there is no history, or where it is of other cases than common/cases.toml has.
    """
    place = matrix.root / SITE
    inputs = digest_of_inputs(matrix.root)
    before = is_current(place, inputs)
    made_once(place, lambda beside: _write(matrix, beside, inputs), lambda site: is_current(site, inputs))
    return place, not before


def is_current(place: Path, inputs: str) -> bool:
    """Say whether the site at `place` was made from just these inputs, and is as it was made."""
    try:
        stamp = decode((place / STAMP).read_bytes(), STAMP, SiteStamp)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stamp.inputs == inputs and stamp.outputs == {
        str(path.relative_to(place)): _digest(path.read_bytes()) for path in _files(place) if path.name != STAMP
    }


def digest_of_inputs(root: Path) -> str:
    """Return a digest of all that the site is made from."""
    found = sha256()
    for path in chain.from_iterable(_files(root / folder) for folder in SOURCES):
        if path.suffix != ".pyc":
            found.update(f"{path.relative_to(root)}\0{_digest(path.read_bytes())}\n".encode())
    return found.hexdigest()


def _write(matrix: Matrix, beside: Path, inputs: str) -> None:
    """Write the whole site into a folder that is not there yet."""
    # Most runs have nothing to build, and need none of it.
    from scripts.report.site.material import read_material  # noqa: PLC0415
    from scripts.report.site.parts import site_files  # noqa: PLC0415

    texts = site_files(read_material(matrix))
    for path, text in texts.items():
        file = beside / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    stamp = SiteStamp(inputs, {path: _digest(text.encode()) for path, text in texts.items()})
    (beside / STAMP).write_bytes(msgspec.json.encode(stamp))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in the order of their paths."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()

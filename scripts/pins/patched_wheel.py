"""The patched wheel: a released one with the variant's patches on top, byte for byte the same on every machine.

Its entries are stored, not deflated: what zlib makes of the same bytes differs between its versions and forks. Names
stand in a fixed order, times are the released wheel's own, and modes are set here.
"""

import base64
import csv
import hashlib
import io
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import Failure
from scripts.matrix import Patch, Variant
from scripts.pins.released_wheel import released_wheel
from scripts.process import run

FORMAT = 1
"""Raise it with every change after which the same inputs give other bytes, so that the pins count as stale."""

PACKAGE = "uvicorn"

FILE_MODE = stat.S_IFREG | 0o644


@dataclass(frozen=True)
class Wheel:
    """A wheel, ready to be written into a folder."""

    name: str
    """File name."""
    content: bytes
    sha256: str
    """SHA-256 of the content, in hexadecimal digits."""


@dataclass(frozen=True)
class Entry:
    """One file of a wheel."""

    content: bytes
    date: tuple[int, int, int, int, int, int]
    """Year, month, day, hour, minute, second."""


def patches(variant: Variant) -> list[Path]:
    """Return a variant's patches in the order in which they are applied."""
    return sorted((variant.folder / "patches").glob("*.patch"))


def patched_wheel(root: Path, variant: Variant) -> Wheel:
    """Return the wheel of a variant that has a patch; `root` is the checkout.

    Failure when the released wheel is not to be had, or a patch does not fit it.
    """
    assert variant.patch
    released = read(released_wheel(root, PACKAGE, variant.version, variant.patch.released_sha256))
    contents = apply({name: entry.content for name, entry in released.items()}, patches(variant))
    newest = max(entry.date for entry in released.values())
    entries = {
        name: Entry(content, released[name].date if name in released else newest) for name, content in contents.items()
    }
    content = pack(relabelled(entries, f"{PACKAGE}-{variant.version}", variant.patch))
    return Wheel(f"{PACKAGE}-{variant.requirement}-py3-none-any.whl", content, hashlib.sha256(content).hexdigest())


def read(wheel: bytes) -> dict[str, Entry]:
    """Return the files of a wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        files = [info for info in archive.infolist() if not info.is_dir()]
        return {info.filename: Entry(archive.read(info), info.date_time) for info in files}


def apply(contents: Mapping[str, bytes], patch_files: list[Path]) -> dict[str, bytes]:
    """Return files with patches applied by git, all or none; Failure names the patch that does not fit."""
    with tempfile.TemporaryDirectory() as scratch:
        # resolve: git compares the ceiling with the real path of its working directory.
        tree = Path(scratch).resolve() / "tree"
        for name, content in contents.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for patch in patch_files:
            _git_apply(tree, patch)
        return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def _git_apply(tree: Path, patch: Path) -> None:
    """Apply one patch in a folder, as if there were no repository around it and no git configuration."""
    env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("GIT_")}
    env |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(tree.parent),
        "LC_ALL": "C",
    }
    git = ["git", "-c", "core.autocrlf=false", "-c", "core.symlinks=false"]
    run(
        [*git, "apply", "--whitespace=error-all", patch.resolve()],
        cwd=tree,
        env=env,
        what=f"{'/'.join(patch.parts[-4:])} does not apply to the released wheel",
        do="Make the patch anew against that release",
    )


def relabelled(entries: Mapping[str, Entry], release: str, patch: Patch) -> dict[str, Entry]:
    """Return the files of a wheel whose version carries the patch's label: folder, METADATA and RECORD.

    `release` is the wheel's name and version, joined by a dash. The order is the packing order: the .dist-info folder
    stands last, as the wheel format recommends (PyPA's "Binary distribution format").
    """
    old, new = f"{release}.dist-info/", f"{release}+{patch.local_version}.dist-info/"
    code = {name: entry for name, entry in sorted(entries.items()) if not name.startswith(old)}
    about = {new + name.removeprefix(old): entry for name, entry in sorted(entries.items()) if name.startswith(old)}
    try:
        metadata, record = about[new + "METADATA"], about.pop(new + "RECORD")
    except KeyError as error:
        raise Failure(f"the released wheel of {release} is no wheel", found=f"{error.args[0]} is missing") from None
    version = re.compile(rb"^Version: [^\r\n]*", re.MULTILINE)
    labelled = f"Version: {release.partition('-')[2]}+{patch.local_version}".encode()
    about[new + "METADATA"] = Entry(version.sub(labelled, metadata.content, count=1), metadata.date)
    files = code | about
    return files | {new + "RECORD": Entry(_record(files, new + "RECORD"), record.date)}


def _record(files: Mapping[str, Entry], own_name: str) -> bytes:
    """Return the text of RECORD: each file with its hash and size, and itself without."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for name, entry in files.items():
        encoded = base64.urlsafe_b64encode(hashlib.sha256(entry.content).digest()).rstrip(b"=").decode()
        writer.writerow([name, f"sha256={encoded}", len(entry.content)])
    writer.writerow([own_name, "", ""])
    return text.getvalue().encode()


def pack(entries: Mapping[str, Entry]) -> bytes:
    """Return a zip archive of the entries in their order; it depends on them alone."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, entry in entries.items():
            info = zipfile.ZipInfo(name, entry.date)
            info.create_system = 3  # Unix, so that the mode counts (APPNOTE.TXT 4.4.2)
            info.external_attr = FILE_MODE << 16
            archive.writestr(info, entry.content)
    return packed.getvalue()

"""A branch's tree as the archive that Heroku builds from: the same tree gives the same bytes."""

import gzip
import io
import tarfile
from pathlib import Path

from scripts.branches.git import read_tree


def archive(root: Path, tree: str) -> bytes:
    """Return the gzip-compressed tar of exactly the files of a tree."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, file in sorted(read_tree(root, tree).items()):
            member = tarfile.TarInfo(path)
            member.size = len(file.content)
            member.mode = int(file.mode, 8) & 0o777
            tar.addfile(member, io.BytesIO(file.content))
    return gzip.compress(plain.getvalue(), mtime=0)

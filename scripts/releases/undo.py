"""All or nothing: files and branches go back to what they were when what changes them fails, however it fails."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.branches.git import Repository, git, open_repository, read_tips
from scripts.errors import Failure
from scripts.files import write_whole

log = logging.getLogger(__name__)


@contextmanager
def all_or_nothing(root: Path, *, files: Sequence[Path], branch: str, folder: Path | None = None) -> Iterator[None]:
    """Put back `files`, `branch` and `folder` when the block raises anything, Ctrl-C as well.

    `root` is the checkout. A `folder` is a new one, removed with all that it holds: Failure when it is there already.
    The branch goes back in one transaction of git, which fails where somebody else moves it in that moment.
    """
    if folder and folder.exists():
        raise Failure(f"{'/'.join(folder.parts[-2:])}/ is there already", do="Remove it, or name another variant")
    repository = open_repository(root)
    contents = {path: _content(path) for path in files}
    tip = _tip(repository, branch)
    try:
        yield
    except BaseException:
        log.info("undo: files and branches go back to what they were")
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        for path, content in contents.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                write_whole(path, content)
        _move_back(repository, branch, tip)
        raise


def _move_back(repository: Repository, branch: str, tip: str) -> None:
    """Let a branch hold `tip` again, or not be there again where that is empty."""
    now = _tip(repository, branch)
    if now == tip:
        return
    ref = f"refs/heads/{branch}"
    step = f"update {ref} {tip} {now or '0' * len(tip)}" if tip else f"delete {ref} {now}"
    git(repository.root, "update-ref", "-m", "undo", "--stdin", stdin=f"{step}\n".encode())


def _tip(repository: Repository, branch: str) -> str:
    """Return the commit that a branch holds, or nothing where there is no such branch."""
    ref = f"refs/heads/{branch}"
    tip = read_tips(repository, [ref]).get(ref)
    return tip.commit if tip else ""


def _content(path: Path) -> bytes | None:
    """Return what a file holds, or None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None

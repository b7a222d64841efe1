"""Taking a variant out: its folder, its rows in what is rendered, its local branch; all of it or nothing.

Origin's branch stays, and so does an app at Heroku: others may use them.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.branches.git import Repository, git, open_repository, read_history, read_tips
from scripts.errors import Failure, WrongUse
from scripts.files import write_whole
from scripts.matrix import Matrix, Variant
from scripts.releases.undo import all_or_nothing


@dataclass(frozen=True)
class Removed:
    """What became of a variant that was taken out."""

    variant: Variant
    commit: str
    """What its local branch held; empty where there was none."""
    on_origin: bool
    """Whether origin had its branch when this clone last looked."""
    written: Mapping[Path, bool]
    """The rendered files, by their paths from the root, and whether that changed them."""


def without(matrix: Matrix, variant: Variant) -> Matrix:
    """Return the matrix as it is without `variant`; WrongUse when nothing is left to show the newest uvicorn by."""
    left = tuple(each for each in matrix.variants if each != variant)
    if all(each.patch for each in left):
        raise WrongUse(f"{variant.name} is the last variant of a release as it is", do="Add another one first")
    return replace(matrix, variants=left)


def remove(matrix: Matrix, variant: Variant, texts: Mapping[Path, str], *, force: bool = False) -> Removed:
    """Take `variant` out of the checkout; `texts` are the rendered files as they should be then, by their paths.

    Failure, with all as it was, when its branch is checked out somewhere; without `force` also when its folder holds
    work that is not committed, or its branch a commit that this tool did not make.
    """
    root = matrix.root
    repository = open_repository(root)
    heads = [f"refs/heads/{variant.branch}", f"refs/remotes/origin/{variant.branch}"]
    tips = read_tips(repository, heads)
    commit = tips[heads[0]].commit if heads[0] in tips else ""
    _refuse_checked_out(repository, variant)
    if not force:
        _refuse_uncommitted(repository, variant)
        _refuse_foreign(repository, variant, commit, matrix.project.committer)
    (root / ".local").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / ".local", prefix="removed.") as beside:
        aside = Path(beside) / variant.name
        try:
            with all_or_nothing(root, files=[root / path for path in texts], branch=variant.branch):
                written = {path: write_whole(root / path, text) for path, text in texts.items()}
                if commit:
                    step = f"delete {heads[0]} {commit}\n"
                    git(root, "update-ref", "-m", "remove", "--stdin", stdin=step.encode())
                variant.folder.rename(aside)
        except BaseException:
            if aside.exists():
                aside.rename(variant.folder)
            raise
    return Removed(variant, commit, heads[1] in tips, written)


def _refuse_checked_out(repository: Repository, variant: Variant) -> None:
    """Refuse a branch that somebody works on, here or in another worktree."""
    shape = "--format=%(worktreepath)"
    where = git(repository.root, "for-each-ref", shape, f"refs/heads/{variant.branch}").text
    if where:
        raise Failure(f"branch {variant.branch} is checked out", found=where, do="Check out another one there")


def _refuse_uncommitted(repository: Repository, variant: Variant) -> None:
    """Refuse a folder with something that no commit has, also where git ignores it."""
    flags = ("--porcelain=v1", "--untracked-files=all", "--ignored", "--no-renames")
    changed = git(repository.root, "status", *flags, "--", str(variant.folder.relative_to(repository.root))).text
    if changed:
        raise Failure(
            f"variants/{variant.name}/ holds work that is not committed",
            found=", ".join(line[3:] for line in changed.splitlines()),
            do=f"Commit it, or lose it: make remove VARIANT={variant.name} FORCE=1",
        )


def _refuse_foreign(repository: Repository, variant: Variant, commit: str, committer: str) -> None:
    """Refuse a local branch with somebody's own commit: it may be nowhere else."""
    history = read_history(repository, {commit} - {""}, committer)
    foreign = [each for each, past in history.items() if not past.generated]
    if foreign:
        raise Failure(
            f"branch {variant.branch} has {len(foreign)} commit(s) that this tool did not make",
            found=foreign[0],
            do=f"Keep it: git branch -m {variant.branch} {variant.branch}-by-hand. Or lose it: FORCE=1",
        )

"""Taking a variant out: its folder, its rows in what is rendered, its local branch; all of it or nothing.

Origin's branch stays, and so does an app at Heroku: others may use them.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.branches.git import Repository, git, open_repository, read_history, read_tips
from scripts.branches.undo import UPDATE, Before, all_or_nothing, contents, move_refs
from scripts.errors import Failure, WrongUse
from scripts.files import write_all
from scripts.matrix import Matrix, Variant


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

    The caller holds the lock of the note UPDATE.
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
    aside = root / ".local/removed" / variant.name
    shutil.rmtree(aside.parent, ignore_errors=True)  # of a process that was killed when it had done its work
    aside.parent.mkdir(parents=True)
    before = Before(
        f"make remove VARIANT={variant.name}",
        files=contents(root, [root / path for path in texts]),
        folder=f"variants/{variant.name}",
        aside=aside.relative_to(root).as_posix(),
        refs={heads[0]: (commit, "")} if commit else {},
    )
    with all_or_nothing(root / UPDATE, root, before):
        written = write_all({root / path: text for path, text in texts.items()})
        if commit:
            move_refs(repository, {heads[0]: (commit, "")}, "remove")
        variant.folder.rename(aside)
    shutil.rmtree(aside.parent, ignore_errors=True)
    return Removed(variant, commit, heads[1] in tips, {path: root / path in written for path in texts})


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

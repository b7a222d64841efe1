"""Bring the git branches up to date with their inputs: all of them, or none.

No checkout is touched. New commits are made below refs of this tool's own, by one git process; then one transaction
moves every branch, and those refs are dropped. What ends early leaves all branches as they were: where git itself is
killed in the middle of that transaction, `scripts.branches.undo` moves them back.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.branches.fast_import import Commit, stream
from scripts.branches.git import (
    Repository,
    entries_of_trees,
    git,
    open_repository,
    read_history,
    read_tips,
)
from scripts.branches.inputs import read_common, wanted_files
from scripts.branches.plan import Action, MainCommit, Plan, Tip, message, parent_of
from scripts.branches.tree import blob_id, tree_id
from scripts.branches.undo import BRANCHES, Before, all_or_nothing, move_refs, turn
from scripts.errors import Failure
from scripts.matrix import Matrix, Variant

log = logging.getLogger(__name__)

HEADS = "refs/heads/"
ORIGIN = "refs/remotes/origin/"
IMPORTED = "refs/branches-import/"
"""Where new commits wait for the transaction."""

SOURCES = ("common", "variants", "LICENSE", "scripts")
"""What branches are generated from."""

NO_SOURCES = tuple(f":(exclude,glob)variants/*/{name}.json" for name in ("verdict", "deployment", "heroku"))
"""What is written about branches after they were generated."""


@dataclass(frozen=True)
class BranchChange:
    """What became of a branch."""

    variant: Variant
    action: Action
    commit: str
    """The branch's tip now."""
    tree: str
    size: str = ""
    """How far an updated branch differs from what it was, as `git diff --shortstat` says it."""

    @property
    def branch(self) -> str:
        """The branch's name."""
        return self.variant.branch


Agree = Callable[[Sequence[BranchChange]], bool]
"""Is told what would become of each branch, and says whether the branches shall move."""


def main_commit(root: Path) -> MainCommit:
    """Return the commit of the checkout at `root`, and whether the inputs in its working tree differ from it.

    Failure when it is no checkout with a commit.
    """
    return _source(open_repository(root))


def regenerate(
    matrix: Matrix,
    variants: Sequence[Variant],
    *,
    on_origin: bool = False,
    source: MainCommit | None = None,
    agree: Agree = lambda _: True,
) -> list[BranchChange]:
    """Make the branches of `variants` hold what their inputs give, and return what became of each, in their order.

    With `on_origin` they go on from origin's tips as this clone knows them; generated commits that origin lacks are
    dropped, so that the result depends on main's commit and on origin alone. `source` is the commit that they name,
    where it is not the one that the checkout has now. `agree` is asked when all commits are made and no branch has
    moved yet; where it says no, none does, and what is returned is what would become of each.

    Failure or WrongUse, with every branch as it was, when this is no checkout with a commit, an input is wrong, a
    branch that must move is checked out somewhere or a symbolic ref, or a local branch holds commits that would be
    lost.
    """
    repository = open_repository(matrix.root)
    with turn(repository.common / BRANCHES, matrix.root) as held:
        source = source or _source(repository)
        plans = _plans(repository, matrix, variants, on_origin=on_origin)
        moving = [plan for plan in plans if plan.moves]
        _refuse_checked_out(repository, moving)
        if not on_origin and not all(plan.parent for plan in plans):
            _warn_of_unseen(repository)
        tips = {plan.branch: plan.parent.commit for plan in plans if plan.parent}
        if source.dirty and any(plan.needs_commit for plan in moving):
            log.warning(
                "the working tree differs from its commit: what is made of it is marked -dirty, and never published"
            )
        try:
            tips |= _commit(repository, matrix.project.committer, moving, source)
            sizes = _sizes(repository, {tips[plan.branch]: plan.local.commit for plan in moving if plan.local})
            changes = [
                BranchChange(plan.variant, plan.action, tips[plan.branch], plan.tree, sizes.get(tips[plan.branch], ""))
                for plan in plans
            ]
            if agree(changes) and moving:
                _move(repository, {plan.branch: (plan.local, tips[plan.branch]) for plan in moving}, held)
        finally:
            if moving:
                with suppress(Failure):  # what is left there is dropped by the next run
                    _drop_imported(repository)
    return changes


def _source(repository: Repository) -> MainCommit:
    """Return the checkout's commit, and whether the inputs in its working tree differ from it."""
    head = git(repository.root, "rev-list", "--max-count=1", "--timestamp", "HEAD", "--", codes=(0, 128))
    if head.code:
        raise Failure("there is no commit to generate branches from", do="Commit first: git add -A && git commit")
    seconds, commit = head.text.split()
    changes = git(
        repository.root, "status", "--porcelain", "-z", "--untracked-files=all", "--", *SOURCES, *NO_SOURCES
    ).stdout
    return MainCommit(commit, int(seconds), dirty=bool(changes))


def _plans(repository: Repository, matrix: Matrix, variants: Sequence[Variant], *, on_origin: bool) -> list[Plan]:
    """Return what each branch shall hold and stand on; nothing is written."""
    refs = [f"{where}{variant.branch}" for variant in variants for where in (HEADS, ORIGIN)]
    tips = read_tips(repository, refs)
    pairs = {v.branch: (tips.get(f"{HEADS}{v.branch}"), tips.get(f"{ORIGIN}{v.branch}")) for v in variants}
    differing = [(local, origin) for local, origin in pairs.values() if local != origin and (origin or on_origin)]
    asked = {tip.commit for local, origin in differing if local for tip in (local, origin) if tip}
    history = read_history(repository, asked, matrix.project.committer)
    common = read_common(matrix.root)
    plans = []
    for variant in variants:
        local, origin = pairs[variant.branch]
        shallow = repository.shallow
        parent = parent_of(variant.branch, local, origin, history, shallow=shallow, on_origin=on_origin)
        files = wanted_files(matrix, variant, common)
        plans.append(Plan(variant, files, tree_id(files, repository.algorithm), local, parent))
    return plans


def _refuse_checked_out(repository: Repository, moving: Sequence[Plan]) -> None:
    """Refuse to move a branch under a working tree; one whose folder is gone does not count."""
    branches = {f"branch {HEADS}{plan.branch}": plan for plan in moving}
    for worktree in git(repository.root, "worktree", "list", "--porcelain").text.split("\n\n"):
        lines = worktree.splitlines()
        plan = next((branches[line] for line in lines if line in branches), None)
        if plan and not any(line.startswith("prunable") for line in lines):
            raise Failure(
                f"branch {plan.branch} is checked out",
                found=f"in {lines[0].removeprefix('worktree ')}",
                do="Switch that worktree to another branch",
            )


def _warn_of_unseen(repository: Repository) -> None:
    """Say so where origin may have branches that this clone was made without: new ones would not go on from them."""
    fetched = git(repository.root, "config", "--get-all", "remote.origin.fetch", codes=(0, 1)).text
    if fetched and (repository.shallow or f"{HEADS}*:" not in fetched):
        log.warning(
            "This clone may lack branches that origin has. Before you push, get them, and run again: "
            "git fetch origin '+refs/heads/*:refs/remotes/origin/*'"
        )


def _commit(repository: Repository, committer: str, moving: Sequence[Plan], source: MainCommit) -> dict[str, str]:
    """Make the commits that are needed, each below IMPORTED; return branch → commit."""
    plans = [plan for plan in moving if plan.needs_commit]
    if not plans:
        return {}
    there = entries_of_trees(repository, [plan.parent.tree for plan in plans if plan.parent])
    commits = (
        Commit(
            ref=f"{IMPORTED}{plan.branch}",
            files=plan.files,
            parent=plan.parent.commit if plan.parent else None,
            committer=committer,
            seconds=source.seconds,
            message=message(plan.variant, _changed(plan, there, repository.algorithm), source),
        )
        for plan in plans
    )
    # --force: refs that a killed run left below IMPORTED do not count
    said = git(repository.root, "fast-import", "--done", "--quiet", "--force", stdin=stream(commits))
    return dict(zip((plan.branch for plan in plans), said.text.split(), strict=True))


def _changed(plan: Plan, trees: dict[str, dict[str, tuple[str, str]]], algorithm: str) -> list[str] | None:
    """Return the paths at which the wanted tree differs from the parent's."""
    if not plan.parent:
        return None
    there = trees[plan.parent.tree]
    wanted = {path: (file.mode, blob_id(file.content, algorithm)) for path, file in plan.files.items()}
    return sorted(path for path in there.keys() | wanted.keys() if there.get(path) != wanted.get(path))


def _move(repository: Repository, moves: dict[str, tuple[Tip | None, str]], held: int) -> None:
    """Move all branches, or none: branch → old and new tip. `held` is the lock of the note that undoes it."""
    refs = {f"{HEADS}{branch}": (old.commit if old else "", new) for branch, (old, new) in moves.items()}
    again = "Was a branch moved meanwhile? Run again: make branches"
    before = Before("make branches", refs={**refs})
    with all_or_nothing(repository.common / BRANCHES, repository.root, before):
        move_refs(repository, refs, "make branches", do=again, held=held)


def _drop_imported(repository: Repository) -> None:
    """Delete all refs below IMPORTED, also what a killed run left there."""
    steps = [f"delete {ref} {tip.commit}\n" for ref, tip in read_tips(repository, [IMPORTED]).items()]
    if steps:
        git(repository.root, "update-ref", "--stdin", stdin="".join(steps).encode())


def _sizes(repository: Repository, moved: dict[str, str]) -> dict[str, str]:
    """Return for each new tip how far it differs from the old one (new → old), in git's words."""
    if not moved:
        return {}
    asked = "".join(f"{new} {old}\n" for new, old in moved.items()).encode()
    sizes = {}
    new = ""
    for line in git(repository.root, "diff-tree", "-r", "--shortstat", "--stdin", stdin=asked).text.splitlines():
        if line in moved:
            new = line
        elif line.strip():
            sizes[new] = line.strip()
    return sizes

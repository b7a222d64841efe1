"""Whether the branches can be made from their inputs, and whether those that are here are up to date."""

from dataclasses import dataclass

from scripts.branches.git import Repository, open_repository, read_tips
from scripts.branches.inputs import read_common, wanted_files
from scripts.branches.tree import tree_id
from scripts.errors import Failure
from scripts.matrix import Matrix


@dataclass(frozen=True)
class BranchCheck:
    """What was found out about all branches."""

    trees: dict[str, str]
    """The tree that each variant's inputs make, by the variant's name; those that make none are left out."""
    problems: list[str]
    """A line for each variant whose branch cannot be made, and for each local branch that is out of date."""


def check_branches(matrix: Matrix) -> BranchCheck:
    """Make all branches' trees in memory, and hold the local branches against them.

    Nothing is written. A branch that is not here, as in a fresh clone, is no problem, nor is it one that this is no
    checkout of git.
    """
    repository = _repository(matrix)
    algorithm = repository.algorithm if repository else "sha1"
    trees, problems = {}, []
    try:
        common = read_common(matrix.root)
    except Failure as error:
        return BranchCheck({}, [error.message])
    for variant in matrix.variants:
        try:
            trees[variant.name] = tree_id(wanted_files(matrix, variant, common), algorithm)
        except Failure as error:
            problems.append(f"{variant.name}: {error.message}")
    made = [variant for variant in matrix.variants if variant.name in trees]
    try:
        tips = read_tips(repository, [f"refs/heads/{v.branch}" for v in made]) if repository and made else {}
    except Failure as error:
        return BranchCheck(trees, [*problems, error.message])
    for variant in made:
        tip = tips.get(f"refs/heads/{variant.branch}")
        if tip and tip.tree != trees[variant.name]:
            problems.append(
                f"branch {variant.branch} is out of date. Bring it up: make branches VARIANT={variant.name}"
            )
    return BranchCheck(trees, problems)


def _repository(matrix: Matrix) -> Repository | None:
    """Return the checkout's repository, if it has one."""
    try:
        return open_repository(matrix.root)
    except Failure:
        return None

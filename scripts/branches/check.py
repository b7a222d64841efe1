"""Whether the branches can be made from their inputs, and whether those that are here are up to date."""

from scripts.branches.git import open_repository, read_tips
from scripts.branches.inputs import wanted_files
from scripts.branches.tree import Files, tree_id
from scripts.errors import Failure
from scripts.matrix import Matrix


def check_branches(matrix: Matrix) -> list[str]:
    """Return a line for each variant whose branch cannot be made, and for each local branch that is out of date.

    Nothing is written. A branch that is not here, as in a fresh clone, is no problem, nor is it one that this is no
    checkout of git.
    """
    problems = []
    wanted: dict[str, Files] = {}
    for variant in matrix.variants:
        try:
            wanted[variant.branch] = wanted_files(matrix, variant)
        except Failure as error:
            problems.append(f"{variant.name}: {error.message}")
    try:
        repository = open_repository(matrix.root)
    except Failure:
        return problems
    tips = read_tips(repository, [f"refs/heads/{branch}" for branch in wanted])
    for variant in matrix.variants:
        tip = tips.get(f"refs/heads/{variant.branch}")
        if tip and variant.branch in wanted and tip.tree != tree_id(wanted[variant.branch], repository.algorithm):
            problems.append(
                f"branch {variant.branch} is out of date. Bring it up: make branches VARIANT={variant.name}"
            )
    return problems

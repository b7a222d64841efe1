"""What is stale in a checkout, from pins to other servers' answers, each with the command that mends it."""

from collections.abc import Iterator, Mapping

from scripts.branches.check import check_branches
from scripts.matrix import Matrix
from scripts.others.measure_others import stale_others
from scripts.others.others_file import OTHERS_FILE
from scripts.pins.jobs import stale
from scripts.recorder import record
from scripts.report.rendered import rendered
from scripts.verdicts.verdict_file import is_former, read_verdict


def findings(matrix: Matrix) -> Iterator[str]:
    """Yield a line for each thing that is stale: pins, branches, verdicts, reports, the recording, other servers."""
    yield from _stale_pins(matrix)
    branches = check_branches(matrix)
    yield from branches.problems
    yield from _stale_verdicts(matrix, branches.trees)
    yield from _stale_reports(matrix)
    for why in record.stale(matrix):
        yield f"{record.FILE}: {why}. Fix it: make wire"
    if why := stale_others(matrix.root):
        yield f"{OTHERS_FILE}: {why}. Fix it: make others"


def _stale_pins(matrix: Matrix) -> Iterator[str]:
    """Yield a line for each compiled file that its inputs no longer stand behind."""
    for each in stale(matrix):
        yield f"{each.path}: {each.why}. Fix it: {each.command}"


def _stale_verdicts(matrix: Matrix, trees: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each variant whose verdict speaks of another tree than its inputs make."""
    for variant in matrix.variants:
        verdict = read_verdict(variant)
        mend = f"Fix it: make verify VARIANT={variant.name}"
        if is_former(variant):
            yield f"variants/{variant.name}/verdict.json: it is of format 1, which knew no cases. {mend}"
        elif verdict is None:
            yield f"variants/{variant.name}/verdict.json: it is missing. {mend}"
        elif variant.name in trees and verdict.tree != trees[variant.name]:
            yield f"variants/{variant.name}/verdict.json: it was measured on another tree. {mend}"


def _stale_reports(matrix: Matrix) -> Iterator[str]:
    """Yield a line for each rendered file that is not as it would be rendered now."""
    for path, text in rendered(matrix).items():
        file = matrix.root / path
        if not file.is_file() or file.read_text("utf-8") != text:
            yield f"{path}: it does not show what variants/ holds. Fix it: make readme"

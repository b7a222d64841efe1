"""`check`: find what is stale or wrong, and name the command that mends it."""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from scripts import screen
from scripts.branches.check import check_branches
from scripts.errors import Failure
from scripts.matrix import Matrix, load
from scripts.pins.compile import stale
from scripts.process import run
from scripts.report.rendered import rendered
from scripts.verdicts.verdict_file import read_verdict

PYTHON = sys.executable
PROGRAMS = Path(PYTHON).parent
"""Where the programs are that the tooling's environment brings."""

TOOLS = {
    "ruff": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--quiet", "--diff", "."],
    "mypy": [PYTHON, "-m", "mypy", "--no-error-summary"],
    "import-linter": [PYTHON, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "zizmor": [
        *(str(PROGRAMS / "zizmor"), "--offline", "--no-config", "--quiet", "--no-progress"),
        *("--strict-collection", "--persona", "pedantic", ".github/workflows"),
    ],
    # Neither shellcheck nor pyflakes: whether they are there differs from machine to machine.
    "actionlint": [str(PROGRAMS / "actionlint"), "-no-color", "-shellcheck=", "-pyflakes="],
}
"""The checks of other people's making: what each prints when it fails is shown. None needs a network."""


@click.command("check")
@click.pass_obj
def command(root: Path) -> None:
    """Find what is stale or wrong."""
    with ThreadPoolExecutor() as pool:
        tools = {name: pool.submit(run, args, cwd=root, codes=range(256)) for name, args in TOOLS.items()}
        matrix = load(root)
        found = list(findings(matrix))
        for name, running in tools.items():
            done = running.result()
            if done.code:
                screen.out.print((done.stdout + done.stderr).decode("utf-8", "replace").rstrip())
                found.append(f"{name} found something, see above")
    for line in found:
        screen.out.print(line)
    if found:
        raise Failure("the check failed", found=f"things to mend: {len(found)}")
    screen.out.print(
        f"{len(matrix.variants)} variants: pins, branches, verdicts and README are current; {', '.join(TOOLS)} pass"
    )


def findings(matrix: Matrix) -> Iterator[str]:
    """Yield a line for each thing that is stale: pins, branches, verdicts, reports."""
    yield from _stale_pins(matrix)
    branches = check_branches(matrix)
    yield from branches.problems
    yield from _stale_verdicts(matrix, branches.trees)
    yield from _stale_reports(matrix)


def _stale_pins(matrix: Matrix) -> Iterator[str]:
    """Yield a line for each compiled file that its inputs no longer stand behind."""
    for each in stale(matrix):
        yield f"{each.path}: {each.why}. Mend it: {each.command}"


def _stale_verdicts(matrix: Matrix, trees: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each variant whose verdict speaks of another tree than its inputs make."""
    for variant in matrix.variants:
        verdict = read_verdict(variant)
        mend = f"Mend it: make verify VARIANT={variant.name}"
        if verdict is None:
            yield f"variants/{variant.name}/verdict.json: it is missing. {mend}"
        elif variant.name in trees and verdict.tree != trees[variant.name]:
            yield f"variants/{variant.name}/verdict.json: it was measured on another tree. {mend}"


def _stale_reports(matrix: Matrix) -> Iterator[str]:
    """Yield a line for each rendered file that is not as it would be rendered now."""
    for path, text in rendered(matrix).items():
        file = matrix.root / path
        if not file.is_file() or file.read_text("utf-8") != text:
            yield f"{path}: it does not show what variants/ holds. Mend it: make readme"

"""`check`: find what is stale or wrong, and name the command that fixes it."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from scripts import screen
from scripts.errors import Failure
from scripts.matrix import load
from scripts.process import run
from scripts.report.staleness import findings
from scripts.verbs import options

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
@options.as_json
@click.pass_obj
def command(root: Path, as_json: bool) -> None:
    """Find what is stale or wrong."""
    printed = {}
    with ThreadPoolExecutor() as pool:
        tools = {name: pool.submit(run, args, cwd=root, codes=range(256)) for name, args in TOOLS.items()}
        matrix = load(root)
        found = list(findings(matrix))
        for name, running in tools.items():
            done = running.result()
            if done.code:
                printed[name] = (done.stdout + done.stderr).decode("utf-8", "replace").rstrip()
                found.append(f"{name} found something, see {'printed' if as_json else 'above'}")
    if as_json:
        screen.print_json({"found": found, "printed": printed})
    for line in [] if as_json else [*printed.values(), *found]:
        screen.out.print(line)
    if found:
        raise Failure("the check failed", found=f"things to fix: {len(found)}")
    if not as_json:
        screen.out.print(
            f"{len(matrix.variants)} variants: pins, branches, verdicts and README are current; {', '.join(TOOLS)} pass"
        )

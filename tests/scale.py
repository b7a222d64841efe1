"""How the work grows with the matrix: checkouts of any number of variants, and what each step costs in them.

`python -m tests.scale FOLDER STEP` does one step in a process of its own and prints what it cost, so that the peak of
memory is that step's alone.
"""

import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from scripts.branches.check import check_branches
from scripts.branches.generate import regenerate
from scripts.files import write_whole
from scripts.matrix import Matrix, load
from scripts.pins import jobs as plan
from scripts.pins import lockfile
from scripts.report.rendered import rendered
from scripts.report.staleness import findings
from scripts.verdicts.verdict import encode
from scripts.verdicts.verdict_file import VERDICT_FILE, read_verdict
from tests.branches.checkouts import PROJECT, Checkout

MODEL = "v0.12.1"
"""The variant that is copied."""


@dataclass(frozen=True)
class Cost:
    """What a step cost."""

    seconds: float
    megabytes: float
    """The peak of resident memory of the whole process, the imports included."""


def tidy_checkout(root: Path, count: int) -> Checkout:
    """Make a checkout with `count` variants in which nothing is stale, and commit it; its tag is `start`."""
    model = load(PROJECT).one(MODEL)
    for path in ("common/app", "common/branch"):
        shutil.copytree(PROJECT / path, root / path, ignore=shutil.ignore_patterns("__pycache__"))
    copied = [
        "common/project.toml",
        "common/cases.toml",
        "common/site/wire.json",
        f"common/runtimes/{model.runtime.name}.toml",
    ]
    copied.append(plan.tools_path(model.runtime))
    copied += [path for job in (*plan.tooling_jobs(), plan.sanic_job()) for path in (job.path, *job.files)]
    for path in (*copied, "LICENSE", "README.md", ".gitignore", ".gitattributes"):
        write_whole(root / path, (PROJECT / path).read_bytes())
    for number in range(count):
        folder = root / f"variants/g{number:04}"
        shutil.copytree(model.folder, folder)
        toml = (folder / "variant.toml").read_text("utf-8")
        (folder / "variant.toml").write_text(toml.replace(model.branch, f"generated-{number:04}"), "utf-8")
    matrix = load(root)
    for variant in matrix.variants:
        job = plan.variant_job(variant)
        lock = lockfile.read((root / job.path).read_text("utf-8"))
        assert lock
        text = lockfile.compose("Copied.", job.make, plan.inputs(job, plan.reader(matrix)), lock.body)
        (root / job.path).write_text(text, "utf-8")
    trees = check_branches(matrix).trees
    for variant in matrix.variants:
        verdict = read_verdict(variant)
        assert verdict
        verdict = msgspec.structs.replace(verdict, tree=trees[variant.name])
        (variant.folder / VERDICT_FILE).write_text(encode(verdict), "utf-8")
    _render(matrix)
    checkout = Checkout(root)
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.commit()
    checkout.git("tag", "start")
    return checkout


def cost(root: Path, step: str) -> Cost:
    """Do one of STEPS in the checkout at `root`, and return what it cost."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.scale", str(root), step], cwd=PROJECT, check=True, capture_output=True
    )
    return Cost(**json.loads(done.stdout))


def _branches(matrix: Matrix) -> None:
    regenerate(matrix, matrix.variants)


def _render(matrix: Matrix) -> None:
    for path, text in rendered(matrix).items():
        write_whole(matrix.root / path, text)


def _check(matrix: Matrix) -> None:
    found = list(findings(matrix))
    assert not found, found[0]


def _peak() -> float:
    """Return the peak of this process's resident memory, in MB.

    Linux's own count comes first: getrusage's begins with the peak of the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes, on macOS
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10


STEPS: dict[str, Callable[[Matrix], None]] = {"branches": _branches, "readme": _render, "check": _check}


def main() -> None:
    """Do one step and print its cost."""
    root, step = Path(sys.argv[1]), STEPS[sys.argv[2]]
    start = time.perf_counter()
    step(load(root))
    seconds = time.perf_counter() - start
    json.dump({"seconds": seconds, "megabytes": _peak()}, sys.stdout)


if __name__ == "__main__":
    main()

"""`make bench`: the speed ratios that the design stands on, each pair measured side by side in one run.

A ratio holds where a time does not: both sides of a pair run in turn, on the same machine, in the same minute.
"""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scripts.branches.fast_import import Commit, stream
from scripts.branches.tree import BranchFile
from scripts.probe.cases import load_cases
from scripts.probe.controls import Handling, running
from scripts.probe.endpoint import Endpoint
from scripts.probe.measure import How, probe
from tests.probe import speed
from tests.router import throughput
from tests.scale import Cost, cost, tidy_checkout

PROJECT = Path(__file__).resolve().parents[1]

ROUNDS = 5

FEW, MANY = 20, 200
"""Sizes of a matrix, to see how the work grows with it."""


def pair(name: str, one: Callable[[], object], other: Callable[[], object]) -> None:
    """Run both sides in turn, and print how many times as long the first takes: the median of the rounds."""
    ratios = []
    for _ in range(ROUNDS):
        times = []
        for side in (one, other):
            start = time.perf_counter()
            side()
            times.append(time.perf_counter() - start)
        ratios.append(times[0] / times[1])
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"{name}: {middle:.2f} times ({low:.2f} to {high:.2f}, {ROUNDS} rounds)")  # noqa: T201 - its whole purpose


def probe_by(proof: str, offsets: int, gap: float | None = None) -> Callable[[], None]:
    """Return a side: the form's head against the joined control, split at `offsets` offsets spread over it."""
    case = load_cases(PROJECT)["form"]
    plans = case.plans[:: len(case.plans) // offsets]

    def side() -> None:
        with running(Handling.JOINED) as control:
            probe(Endpoint(*control.address), case, plans, How(gap=gap, proof=proof))

    return side


def one_by_one(gap: float) -> Callable[[], None]:
    """Return a side: each split request by itself, with a delay in it, as one would first write it."""
    case = load_cases(PROJECT)["form"]

    def side() -> None:
        with running(Handling.JOINED) as control:
            for plan in case.plans[::40]:
                probe(Endpoint(*control.address), case, [plan], How(gap=gap, most=1))

    return side


def import_branches(folder: Path, processes: int, branches: int = 40) -> Callable[[], None]:
    """Return a side: so many branches of 8 files, written by so many processes of git."""

    def side() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as repository:
            subprocess.run(["git", "init", "--quiet", repository], check=True)
            commits = [
                Commit(
                    ref=f"refs/heads/b{number}",
                    files={f"{number}-{name}": BranchFile(b"content" * 300) for name in range(8)},
                    parent=None,
                    committer="Bench <bench@example.invalid>",
                    seconds=0,
                    message="bench\n",
                )
                for number in range(branches)
            ]
            for first in range(processes):
                subprocess.run(
                    ["git", "fast-import", "--quiet", "--done"],
                    input=b"".join(stream(commits[first::processes])),
                    cwd=repository,
                    check=True,
                    capture_output=True,
                )

    return side


def growth(folder: Path) -> None:
    """Print for each step what a variant costs among many, against among few, and how the peak of memory grows.

    Every round generates all branches anew, finds them unchanged, renders, checks, and puts a commit on each branch.
    """
    checkouts = {count: tidy_checkout(folder / str(count), count) for count in (FEW, MANY)}
    costs: dict[str, dict[int, list[Cost]]] = {}
    for number in range(ROUNDS):
        for count, checkout in checkouts.items():
            checkout.git("reset", "--quiet", "--hard", "start")
            checkout.git("update-ref", "--stdin", stdin="".join(f"delete {ref}\n" for ref in checkout.branches()))
            for name, step in (("create", "branches"), ("keep", "branches"), ("readme", ""), ("check", "")):
                costs.setdefault(name, {}).setdefault(count, []).append(cost(checkout.root, step or name))
            checkout.change_app(f"# round {number}")
            costs.setdefault("update", {}).setdefault(count, []).append(cost(checkout.root, "branches"))
    for name, by_count in costs.items():
        ratios = [
            (many.seconds / MANY) / (few.seconds / FEW) for many, few in zip(by_count[MANY], by_count[FEW], strict=True)
        ]
        seconds = statistics.median(each.seconds for each in by_count[MANY])
        few, many = (max(each.megabytes for each in by_count[count]) for count in (FEW, MANY))
        print(  # noqa: T201 - its whole purpose
            f"{name} with {MANY} variants, against {FEW}: {statistics.median(ratios):.2f} times the time a variant "
            f"({min(ratios):.2f} to {max(ratios):.2f}, {ROUNDS} rounds; {seconds:.2f} s in all); "
            f"{many / few:.2f} times the memory ({many:.0f} MB)"
        )


def main() -> None:
    """Run all pairs."""
    throughput.main(ROUNDS)
    speed.main(ROUNDS)
    pair("probing by barrier, against by receive queue", probe_by("barrier", 500), probe_by("receive-queue", 500))
    pair(
        "probing one by one with gaps of 2 ms, against by receive queue in batches", one_by_one(0.002), probe_by("", 98)
    )
    with tempfile.TemporaryDirectory() as folder:
        pair(
            "40 branches by a process each, against by one process",
            import_branches(Path(folder), 40),
            import_branches(Path(folder), 1),
        )
        growth(Path(folder))


if __name__ == "__main__":
    main()

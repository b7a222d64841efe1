"""A history of real size for the site's tests: uvicorn's releases, with cells as the committed verdicts have them.

The days are spread between a few that are known: nothing that is tested hangs on the others.
"""

from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from packaging.version import Version

from scripts.history.rows import INTACT, CaseCell, CaseFacts, Cell, History, HistoryCommit, HistoryRow
from scripts.matrix import load
from scripts.probe.answers import Outcome
from scripts.probe.cases import Case, load_cases
from scripts.probe.evidence import CaseEvidence
from scripts.verdicts.verdict_file import read_verdict

PROJECT = Path(__file__).resolve().parents[3]

LAST_PATCHES = {
    "0.0": 15, "0.1": 1, "0.2": 22, "0.3": 32, "0.4": 6, "0.5": 2, "0.6": 1, "0.7": 3, "0.8": 6, "0.9": 1, "0.10": 9,
    "0.11": 8, "0.12": 3, "0.13": 4, "0.17": 6, "0.18": 3, "0.21": 1, "0.23": 2, "0.27": 1, "0.28": 1, "0.30": 6,
    "0.31": 1, "0.32": 1, "0.34": 3, "0.36": 1, "0.50": 2, "0.52": 4,
}  # fmt: skip
"""The last patch of each minor release that had any."""

POST = ("0.17.0.post1", "0.24.0.post1", "0.27.0.post1")

KNOWN_DAYS = {
    "0.0.1": date(2017, 5, 31),
    "0.3.0": date(2018, 8, 15),
    "0.12.0": date(2020, 9, 28),
    "0.17.4": date(2022, 2, 4),
    "0.17.5": date(2022, 2, 16),
    "0.30.1": date(2024, 6, 2),
    "0.54.0": date(2026, 11, 20),
}


def releases() -> list[str]:
    """Return the releases, the oldest first."""
    plain = [f"0.{minor}.{patch}" for minor in range(55) for patch in range(LAST_PATCHES.get(f"0.{minor}", 0) + 1)]
    return sorted({*plain, *POST} - {"0.0.0"}, key=Version)


def days() -> dict[str, date]:
    """Return a day for each release, between those that are known."""
    found = {}
    every = releases()
    for first, last in pairwise(KNOWN_DAYS):
        start, end = every.index(first), every.index(last)
        step = (KNOWN_DAYS[last] - KNOWN_DAYS[first]).days / (end - start)
        for place in range(start, end + 1):
            found[every[place]] = KNOWN_DAYS[first] + timedelta(days=round(step * (place - start)))
    return found


@cache
def sample() -> History:
    """Return the whole history."""
    cases = load_cases(PROJECT)
    affected, older = _cells("v0.16.0"), _cells("v0.12.1")
    whole: dict[str, Cell] = dict.fromkeys(cases, INTACT)
    rows = []
    for release, day in days().items():
        version = Version(release)
        if version < Version("0.0.5"):
            why = "it does not start: its httptools cannot be built"
            rows.append(HistoryRow(release=release, uploaded=day, yanked=False, parser="", reason=why))
            continue
        old = older if Version("0.11") <= version < Version("0.12.3") else affected
        rows.append(_row(release, day, "httptools", old if version < Version("0.17.5") else whole))
        if version >= Version("0.3"):
            rows.append(_row(release, day, "h11", whole))
        if version >= Version("0.52"):
            rows.append(_row(release, day, "zttp", whole))
    commit = HistoryCommit(
        case="form",
        parser="httptools",
        start="0.17.4",
        end="0.17.5",
        commit="0" * 40,
        date=date(2022, 2, 14),
        subject="Fix the URL of a request in several segments",
        pull_request=1263,
        measured=date(2026, 11, 26),
    )
    return History(cases={name: _facts(case) for name, case in cases.items()}, rows=tuple(rows), commits=(commit,))


def _row(release: str, day: date, parser: str, cells: dict[str, Cell]) -> HistoryRow:
    return HistoryRow(
        release=release,
        uploaded=day,
        yanked=release == "0.17.0",
        parser=parser,
        python="3.8",
        versions={parser: "0.3.0"},
        cases=cells,
    )


def _facts(case: Case) -> CaseFacts:
    return CaseFacts(len(case.data), sha256(case.data).hexdigest())


def _cells(variant: str) -> dict[str, Cell]:
    """Return what a variant's verdict says, as the history writes it."""
    verdict = read_verdict(load(PROJECT).one(variant))
    assert verdict
    return {name: _cell(found) for name, found in verdict.cases.items()}


def _cell(found: CaseEvidence) -> Cell:
    runs = {outcome: tuple(found.offsets[outcome]) for outcome in Outcome}
    joined = None if found.joined is Outcome.INTACT else found.joined
    if not joined and found.met <= {Outcome.INTACT}:
        return INTACT
    return CaseCell(
        dropped=runs[Outcome.DROPPED],
        misrouted=runs[Outcome.MISROUTED],
        rejected=runs[Outcome.REJECTED],
        hung=runs[Outcome.HUNG],
        joined=joined,
    )

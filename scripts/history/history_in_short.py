"""What a person is told of the history while it is measured. Pure."""

import random
from collections.abc import Sequence

from scripts.history.bisect import in_words
from scripts.history.rows import INTACT, HistoryRow
from scripts.pins.index import Release

SAMPLE = 6
"""How many releases a check measures again."""


def row_in_short(row: HistoryRow) -> str:
    """Return a row in one line: what answered, and what its first case that is not intact came to."""
    name = f"{row.release:12} {row.parser:9}"
    if row.reason:
        return f"{name} {row.reason}"
    affected = [f"{case} {in_words(cell) or 'untold'}" for case, cell in row.cases.items() if cell != INTACT]
    told = f"{affected[0]}; {len(affected)} of {len(row.cases)} cases not intact" if affected else INTACT
    return f"{name} Python {row.python:5} {row.versions.get(row.parser, ''):7} {told}"


def far(done: int, total: int, seconds: float) -> str:
    """Return how far a run is that took so long for what is done, and how long the rest will take, about."""
    left = max(1, round(seconds / done * (total - done) / 60))
    return f"{done} of {total} releases, about {left} min left"


def sample(releases: Sequence[Release], seed: str) -> list[Release]:
    """Return some of the releases, as a seed chooses them: the same for the same seed."""
    some = random.Random(seed).sample(list(releases), min(SAMPLE, len(releases)))  # noqa: S311 - it keeps no secret
    return sorted(some, key=lambda release: release.version)

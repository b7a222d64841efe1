"""`wire`: record step by step what uvicorn makes of a split request, for the page that shows it."""

from pathlib import Path

import click

from scripts import screen
from scripts.errors import Failure
from scripts.files import write_whole
from scripts.matrix import load
from scripts.recorder.record import AGAIN, FILE, differences, record
from scripts.recorder.recording import Recording, encode
from scripts.verbs import options


@click.command("wire")
@options.check("Compare with what is committed instead of writing it; exit code 1 on a difference.")
@options.as_json
@click.pass_obj
def command(root: Path, check: bool, as_json: bool) -> None:
    """Record step by step what the releases at the boundary make of each split."""
    place = root / FILE
    recording = record(load(root))
    different = differences(place.read_bytes() if place.exists() else b"", recording)
    changed = bool(different) if check else write_whole(place, encode(recording))
    if as_json:
        screen.print_json({"file": FILE, "changed": changed, "splits": _splits(recording)})
    else:
        action = "differs" if check and changed else "written" if changed else "unchanged"
        screen.out.print(f"{FILE}: {action}, {_splits(recording)} splits in {len(recording.sides)} releases")
    if check and changed:
        raise Failure(f"{FILE} is not what was recorded now", found=_few(different), do=AGAIN)


def _splits(recording: Recording) -> int:
    """Return how many splits were recorded of each release."""
    return sum(len(data) - 1 for data in recording.cases.values())


def _few(different: list[str]) -> str:
    """Return the first differences, and how many more there are."""
    more = f" and {len(different) - 3} more" if len(different) > 3 else ""
    return f"{', '.join(different[:3])}{more} differ"

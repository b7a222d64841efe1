"""variants/<name>/verdict.json: read, and written where the evidence changed."""

from scripts.errors import Failure
from scripts.files import write_whole
from scripts.matrix import Variant
from scripts.records import read_if_there
from scripts.verdicts.verdict import Verdict, encode, same_evidence

VERDICT_FILE = "verdict.json"

MEASURE = "Measure again: make verify"


def read_verdict(variant: Variant) -> Verdict | None:
    """Return a variant's committed verdict, or None where it was never measured."""
    return read_if_there(variant.folder / VERDICT_FILE, Verdict, do=MEASURE)


def write_verdict(variant: Variant, verdict: Verdict) -> bool:
    """Write a variant's verdict where its evidence changed; return whether it did."""
    try:
        committed = read_verdict(variant)
    except Failure:
        committed = None
    if committed and same_evidence(committed, verdict):
        return False
    return write_whole(variant.folder / VERDICT_FILE, encode(verdict))

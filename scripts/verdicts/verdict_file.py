"""variants/<name>/verdict.json: read, and written where the evidence changed."""

from scripts.errors import Failure
from scripts.files import write_whole
from scripts.matrix import Variant
from scripts.verdicts.verdict import Verdict, decode, encode, same_evidence

VERDICT_FILE = "verdict.json"


def read_verdict(variant: Variant) -> Verdict | None:
    """Return a variant's committed verdict, or None where it was never measured."""
    try:
        text = (variant.folder / VERDICT_FILE).read_bytes()
    except FileNotFoundError:
        return None
    return decode(text, f"variants/{variant.name}/{VERDICT_FILE}")


def write_verdict(variant: Variant, verdict: Verdict) -> bool:
    """Write a variant's verdict where its evidence changed; return whether it did."""
    try:
        committed = read_verdict(variant)
    except Failure:
        committed = None
    if committed and same_evidence(committed, verdict):
        return False
    return write_whole(variant.folder / VERDICT_FILE, encode(verdict))

"""variants/<name>/verdict.json: read, and written where the evidence changed."""

import re

from scripts.errors import Failure
from scripts.files import write_whole
from scripts.matrix import Variant
from scripts.records import read_if_there
from scripts.verdicts.verdict import Verdict, encode, same_evidence

VERDICT_FILE = "verdict.json"

MEASURE = "Measure again: make verify"


FORMER = re.compile(rb'\A\s*\{\s*"format":\s*1\b')
"""How a verdict of format 1 begins, which knew two requests and no cases."""


def read_verdict(variant: Variant) -> Verdict | None:
    """Return a variant's committed verdict, or None where it was not measured, or before there were cases."""
    return None if is_former(variant) else read_if_there(variant.folder / VERDICT_FILE, Verdict, do=MEASURE)


def is_former(variant: Variant) -> bool:
    """Say whether a variant has a verdict of format 1: it is to be measured again."""
    try:
        return bool(FORMER.match((variant.folder / VERDICT_FILE).read_bytes()))
    except FileNotFoundError:
        return False


def write_verdict(variant: Variant, verdict: Verdict) -> bool:
    """Write a variant's verdict where its evidence changed; return whether it did."""
    try:
        committed = read_verdict(variant)
    except Failure:
        committed = None
    if committed and same_evidence(committed, verdict):
        return False
    return write_whole(variant.folder / VERDICT_FILE, encode(verdict))

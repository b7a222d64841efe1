"""What the live page shows of each variant that does not change while it runs."""

from pathlib import Path

from scripts.errors import Failure
from scripts.matrix import Variant, load
from scripts.verdicts.verdict import evidence_in_short
from scripts.verdicts.verdict_file import read_verdict


def facts(root: Path) -> dict[str, object]:
    """Return what there is to know of the variants of a checkout."""
    return {
        "variants": {variant.name: _variant(variant) for variant in load(root).variants},
    }


def _variant(variant: Variant) -> dict[str, object]:
    """Return what there is to know of a variant; a verdict that cannot be read is none."""
    try:
        verdict = read_verdict(variant)
    except Failure:
        verdict = None
    return {
        "description": variant.description,
        "http": variant.http,
        "has_issue": verdict.has_issue if verdict else None,
        "verdict": evidence_in_short(verdict) if verdict else "not measured yet",
    }

"""Verdicts that were measured elsewhere, as the jobs of a workflow do: read, and held against what is committed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import Failure, WrongUse, nearest
from scripts.matrix import Matrix, Variant
from scripts.records import decode
from scripts.verdicts.verdict import Verdict, differences, evidence_in_short, same_evidence
from scripts.verdicts.verdict_file import MEASURE, VERDICT_FILE, read_verdict

LARGEST = 1_000_000
"""How many bytes a verdict may have: one in which each of 3,926 offsets is a range of its own has 120,000."""


@dataclass(frozen=True)
class Row:
    """A variant, what was measured of it elsewhere, and how that stands to what is committed."""

    variant: Variant
    measured: Verdict | None
    different: Sequence[str]
    """What differs from the committed verdict, a line each."""

    @property
    def standing(self) -> str:
        """How the measurement stands to what is committed, in a word or two."""
        if not self.measured:
            return "not measured"
        if not self.different:
            return "as committed"
        return f"**differs** in {len(self.different)} {'place' if len(self.different) == 1 else 'places'}"


def gathered(matrix: Matrix, folder: Path) -> dict[Variant, Verdict]:
    """Return the verdicts below `folder`; the folder around a verdict.json names its variant.

    WrongUse for a verdict that is broken, or of something that is no variant here; Failure where there are none, or two
    that contradict each other.
    """
    verdicts: dict[Variant, tuple[Verdict, Path]] = {}
    for path in sorted(folder.rglob(VERDICT_FILE)):
        name = path.parent.name
        known = [variant.name for variant in matrix.variants]
        if name not in known:
            raise WrongUse(f"{path} is of the unknown variant {name!r}", do=nearest(name, known))
        variant = matrix.one(name)
        verdict = decode(content_below(folder, path), str(path), Verdict, do=MEASURE)
        _refuse_other_server(variant, verdict, path)
        there = verdicts.setdefault(variant, (verdict, path))
        if not same_evidence(there[0], verdict):
            raise Failure(
                f"two verdicts on {name} contradict each other",
                found=f"{there[1]} and {path}: {differences(there[0], verdict)[0]}",
                do="Find out which is right, and take the other away",
            )
    if not verdicts:
        raise Failure(f"there is no {VERDICT_FILE} below {folder}", do="Measure some: make verify INTO=folder")
    return {variant: verdict for variant, (verdict, _) in verdicts.items()}


def compared(variant: Variant, measured: Verdict | None) -> Row:
    """Hold what was measured against what is committed."""
    if not measured:
        return Row(variant, None, ())
    committed = read_verdict(variant)
    return Row(variant, measured, differences(committed, measured) if committed else ["it has no committed verdict"])


def render(rows: Sequence[Row]) -> str:
    """Return the table, in Markdown."""
    lines = ["| variant | has issue? | committed? |", "| --- | --- | --- |"]
    for row in rows:
        evidence = evidence_in_short(row.measured) if row.measured else ""
        lines.append(f"| {row.variant.name} | {evidence} | {row.standing} |")
    return "\n".join(lines) + "\n"


def refuse_difference(rows: Sequence[Row]) -> None:
    """Refuse all but a verdict on each variant that is as committed."""
    missing = [row.variant.name for row in rows if not row.measured]
    different = [row.variant.name for row in rows if row.different]
    if different:
        raise Failure("verdicts differ from what is committed", found=", ".join(different), do="make verify")
    if missing:
        raise Failure("variants were not measured", found=", ".join(missing), do="Look at why their jobs failed")


def content_below(folder: Path, path: Path) -> bytes:
    """Return what a file below `folder` holds; WrongUse for a huge one, and for a link: it may lead anywhere."""
    links = [each for each in (path, *path.parents) if each.is_relative_to(folder) and each != folder]
    if any(each.is_symlink() for each in links) or not path.is_file():
        raise WrongUse(f"{path} is no file, or a link leads to it", do="Put the file itself there")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise WrongUse(f"{path} is too large", found=f"it would have less than {LARGEST:,} bytes", do=MEASURE)
    return content


def _refuse_other_server(variant: Variant, verdict: Verdict, path: Path) -> None:
    """Refuse a verdict on another server than the variant's."""
    expected = f"uvicorn {variant.requirement} with {variant.http}"
    found = f"uvicorn {verdict.server.uvicorn} with {verdict.server.http}"
    if found != expected:
        raise WrongUse(f"{path} is no verdict on {variant.name}", found=f"{found}, not {expected}")

"""A page a case: its bytes, what old code made of them, who is affected, how to try it here."""

from collections.abc import Iterator

from scripts.history.eras import eras, spans
from scripts.history.rows import CaseCell
from scripts.matrix import Variant
from scripts.probe.cases import DECIDING, Case
from scripts.probe.evidence import CaseEvidence
from scripts.report.case_picture import render_cases
from scripts.report.offset_picture import render_offsets
from scripts.report.readme import in_order
from scripts.report.site.layout import FOLDER
from scripts.report.site.material import Material
from scripts.report.site.prose import prose
from scripts.report.site.release_answers import gravest, words
from scripts.report.site.strips import strip

ROW = 48
"""How many bytes stand in a line at most."""

ESCAPES = {ord("\r"): "\\r", ord("\n"): "\\n", ord("\\"): "\\\\"}


def case_pages(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the list of cases with its pictures, and the page of each."""
    history, render = material.history, material.layout.render
    reach = {name: {parser: spans(history, name, parser) for parser in material.parsers} for name in material.cases}
    verdicts = in_order(material.matrix, material.verdicts)
    yield "cases.svg", render_cases(verdicts)
    yield "offsets.svg", render_offsets(verdicts, material.cases["misroute"].data)
    yield (
        "cases.html",
        render(
            "cases.html.j2",
            "cases.html",
            cases=material.cases,
            reach=reach,
            deciding=DECIDING,
            facts=history.cases,
        ),
    )
    for name, case in material.cases.items():
        path = f"cases/{name}.html"
        variant, evidence = affected_variant(material, name)
        note = FOLDER / "cases" / f"{name}.md"
        noted = material.layout.root / note
        yield (
            path,
            render(
                "case.html.j2",
                path,
                case=case,
                requests=[byte_rows(each, start) for each, start in zip(case.requests, _starts(case), strict=True)],
                before=byte_rows(case.before, 0),
                note=prose(noted.read_text("utf-8"), str(note), "../", material.matrix.project)
                if noted.is_file()
                else "",
                evidence=evidence,
                variant=variant,
                spans=reach[name],
                eras={parser: _eras(material, name, parser) for parser in material.parsers},
                commits=[each for each in history.commits if each.case == name],
                sha256=history.cases[name].sha256,
            ),
        )


def byte_rows(data: bytes, start: int) -> list[tuple[int, str]]:
    """Return bytes as lines of at most ROW, which end with a line end; each with its first byte's offset."""
    rows = []
    for line in data.splitlines(keepends=True):
        for place in range(0, len(line), ROW):
            piece = line[place : place + ROW]
            rows.append((start, "".join(_shown(byte) for byte in piece)))
            start += len(piece)
    return rows


def affected_variant(material: Material, case: str) -> tuple[Variant | None, CaseEvidence | None]:
    """Return the newest variant whose verdict has the case affected, with that evidence; none where there is none."""
    found = [
        (variant, verdict.cases[case])
        for variant, verdict in material.verdicts.items()
        if case in verdict.cases and not verdict.cases[case].intact and variant.is_plain
    ]
    return max(found, key=lambda each: each[0].version, default=(None, None))


def _starts(case: Case) -> list[int]:
    """Return the offset at which each request begins."""
    return [sum(map(len, case.requests[:place])) for place in range(len(case.requests))]


def _shown(byte: int) -> str:
    """Return a byte as Python writes it in a string."""
    if byte in ESCAPES:
        return ESCAPES[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


def _eras(material: Material, case: str, parser: str) -> list[dict[str, object]]:
    """Return the runs of releases in which the case came to the same, with a strip for each."""
    size = material.history.cases[case].bytes
    found: list[dict[str, object]] = []
    for era in eras(material.history, parser):
        if case not in era.first.cases:
            continue
        cell = era.first.cases[case]
        told = words(cell, size)
        if found and found[-1]["words"] == told:
            found[-1]["last"] = era.last.release
            continue
        found.append(
            {
                "first": era.first.release,
                "last": era.last.release,
                "words": told,
                "gravest": gravest([cell]),
                "strip": strip(cell, size, told) if isinstance(cell, CaseCell) else "",
            }
        )
    return found

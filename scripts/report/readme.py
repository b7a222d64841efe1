"""What a machine writes in the README, each part between markers of its own: table, sample, chapters. Pure."""

import html
import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from scripts.branches.tree import button_address
from scripts.errors import Failure
from scripts.matrix import Matrix, Variant
from scripts.verdicts.verdict import Verdict, evidence_in_short, printed_line

TABLE = "table"
AFFECTED = "affected"
SAMPLE = "sample"
CHAPTERS = "chapters"
"""Parts of the README."""

SAMPLED = "v0.12.1"
"""The variant whose measurement the sample shows: the one that the README's other commands name."""

HEADINGS = ("Description", "Branch name", "Has issue?", "Deploy to Heroku", "Deployed URL", "VARIANT")

MOST_CASES = 3
"""How many cases that do not decide a cell names; the verdict, which it leads to, has them all."""

ANSWERS = {True: "the issue is there", False: "the issue is gone", None: "not measured yet"}

HTTPS = re.compile(r"https://[a-z0-9.-]+(?::[0-9]+)?(?:[/?]\S*)?", re.ASCII)
"""An address that may be a link: a host's name and a path, without credentials (RFC 9110, section 4.2.2)."""

BUTTON_IMAGE = "https://www.herokucdn.com/deploy/button.svg"


def render_table(
    matrix: Matrix,
    verdicts: Mapping[Variant, Verdict],
    deployed: Mapping[Variant, str],
    on_heroku: Mapping[Variant, str],
) -> str:
    """Return the table as HTML, which GitHub shows as it is; a row is a line, so that the README stays short.

    `deployed` has the web addresses, `on_heroku` what Heroku's own network showed.
    """
    head = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
    rows = "".join(
        _heading(title)
        + "".join(
            _row(matrix, each, verdicts.get(each), deployed.get(each, ""), on_heroku.get(each, "")) for each in variants
        )
        for title, variants in sections(matrix, verdicts)
    )
    return f"<table>\n<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def render_chapters(chapters: Iterable[tuple[str, str, str]]) -> str:
    """Return the list of the chapters, each with its title, its file and its first paragraph, as Markdown."""
    return "".join(f"- [{title}]({path}): {lead}\n" for title, path, lead in chapters)


def render_sample(verdict: Verdict) -> str:
    """Return what measuring the variant of the sample again prints, with the command, as Markdown."""
    line = printed_line(SAMPLED, [evidence_in_short(verdict)], [verdict.proof, "verdict.json unchanged"])
    return f"```console\n$ make verify VARIANT={SAMPLED}\n{line}\n```\n"


def sections(matrix: Matrix, verdicts: Mapping[Variant, Verdict]) -> list[tuple[str, list[Variant]]]:
    """Return the table's sections: runs of releases with the same answer, so that each boundary is a heading.

    What is no plain release (a patch, another parser) stands at the end.
    """
    plain = [variant for variant in matrix.variants if variant.is_plain]
    found: list[tuple[str, list[Variant]]] = []
    for has_issue, run in groupby(plain, lambda each: verdicts[each].has_issue if each in verdicts else None):
        variants = list(run)
        span = variants[0].name if len(variants) == 1 else f"{variants[0].name} to {variants[-1].name}"
        found.append((f"{span}: {ANSWERS[has_issue]}", variants))
    around = [variant for variant in matrix.variants if not variant.is_plain]
    return [*found, ("Patched, and other parsers", around)] if around else found


def in_order(matrix: Matrix, verdicts: Mapping[Variant, Verdict]) -> dict[Variant, Verdict]:
    """Return the verdicts in the order of the table's rows."""
    return {each: verdicts[each] for _, run in sections(matrix, verdicts) for each in run if each in verdicts}


def description(matrix: Matrix, variant: Variant) -> str:
    """Return what a row is called; the newest uvicorn's says so."""
    return f"{variant.description} (latest)" if variant is matrix.latest else variant.description


def markers(part: str) -> tuple[str, str]:
    """Return the lines between which a part stands."""
    return f"<!-- {part}: made by `make readme`; edits between the markers are lost -->", f"<!-- /{part} -->"


def replace_part(text: str, part: str, content: str) -> str:
    """Return the README's `text` with a part's `content`, whole lines, between its markers; Failure without them."""
    begin, end = markers(part)
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise Failure(
            f"README.md has no place for the part {part!r}",
            found=f"{text.count(begin)} opening and {text.count(end)} closing markers",
            do=f"Put `{begin}` and `{end}` where it belongs, a line each",
        )
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{content}{end}{after}"


def _heading(title: str) -> str:
    """Return the row that begins a section."""
    return f'<tr><th colspan="{len(HEADINGS)}" align="left">{html.escape(title)}</th></tr>\n'


def _row(matrix: Matrix, variant: Variant, verdict: Verdict | None, deployed: str, on_heroku: str) -> str:
    """Return one row."""
    name = html.escape(description(matrix, variant))
    verdict_file = f"variants/{variant.name}/verdict.json"
    answer = html.escape(evidence_in_short(verdict, MOST_CASES)) if verdict else "not measured yet"
    button = button_address(matrix.project, variant)
    cells = (
        name,
        f"<code>{html.escape(variant.branch)}</code>",
        f'<a href="{verdict_file}">{answer}</a>' if verdict else answer,
        f'<a href="{html.escape(button)}"><img src="{BUTTON_IMAGE}" alt="Deploy {name}"></a>',
        "<br>".join(filter(None, (_address(deployed), html.escape(on_heroku)))),
        f"<code>{html.escape(variant.name)}</code>",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"


def _address(deployed: str) -> str:
    """Return a deployment's address as a link; what is no https address, as text: a click could do anything."""
    shown = html.escape(deployed)
    return f'<a href="{shown}">{shown}</a>' if HTTPS.fullmatch(deployed) else shown

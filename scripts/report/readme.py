"""The README's table: rendered from variants/ between two markers. Pure; `scripts.cli` reads and writes the file."""

import html
from collections.abc import Mapping

from scripts.branches.tree import button_address
from scripts.errors import Failure
from scripts.matrix import Matrix, Variant
from scripts.wire.verdict import Verdict, evidence_in_short

BEGIN = "<!-- table: made by `make readme`; edits between the markers are lost -->"
END = "<!-- /table -->"

HEADINGS = ("Description", "Branch name", "Has issue?", "Deploy to Heroku", "Deployed URL", "Stack")

BUTTON_IMAGE = "https://www.herokucdn.com/deploy/button.svg"


def render_table(matrix: Matrix, verdicts: Mapping[Variant, Verdict], deployed: Mapping[Variant, str]) -> str:
    """Return the table as HTML, which GitHub shows as it is.

    `deployed` has the web addresses; a variant without a verdict or an address says so.
    """
    head = "".join(f"      <th>{heading}</th>\n" for heading in HEADINGS)
    rows = "".join(
        _row(matrix, variant, verdicts.get(variant), deployed.get(variant, "")) for variant in matrix.variants
    )
    return f"<table>\n  <thead>\n    <tr>\n{head}    </tr>\n  </thead>\n  <tbody>\n{rows}  </tbody>\n</table>\n"


def description(matrix: Matrix, variant: Variant) -> str:
    """Return what a row is called; the newest uvicorn's says so."""
    return f"{variant.description} (latest)" if variant is matrix.latest else variant.description


def replace_table(text: str, table: str) -> str:
    """Return the README's `text` with `table` between the markers; Failure where the two markers are not there once."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise Failure(
            "README.md has no place for the table",
            found=f"{text.count(BEGIN)} opening and {text.count(END)} closing markers",
            do=f"Put `{BEGIN}` and `{END}` where it belongs, a line each",
        )
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}{END}{after}"


def _row(matrix: Matrix, variant: Variant, verdict: Verdict | None, deployed: str) -> str:
    """Return one row."""
    name = html.escape(description(matrix, variant))
    verdict_file = f"variants/{variant.name}/verdict.json"
    answer = html.escape(evidence_in_short(verdict)) if verdict else "not measured yet"
    button = button_address(matrix.project, variant)
    cells = (
        name,
        f"<code>{html.escape(variant.branch)}</code>",
        f'<a href="{verdict_file}">{answer}</a>' if verdict else answer,
        f'<a href="{html.escape(button)}"><img src="{BUTTON_IMAGE}" alt="Deploy {name}"></a>',
        f'<a href="{html.escape(deployed)}">{html.escape(deployed)}</a>' if deployed else "not deployed",
        html.escape(variant.runtime.stack),
    )
    return "    <tr>\n" + "".join(f"      <td>{cell}</td>\n" for cell in cells) + "    </tr>\n"

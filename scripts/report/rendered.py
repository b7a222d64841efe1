"""The files that people read, as they should stand: the README with its table, and the pictures."""

from pathlib import Path

from scripts.history.rows import read_history
from scripts.matrix import Matrix
from scripts.platforms.heroku.deployment_file import read_deployment
from scripts.probe.cases import load_cases
from scripts.report.am_i_affected import answer
from scripts.report.history_picture import render_history
from scripts.report.offset_picture import render_offsets
from scripts.report.readme import (
    AFFECTED,
    CHAPTERS,
    SAMPLE,
    SAMPLED,
    TABLE,
    in_order,
    render_chapters,
    render_sample,
    render_table,
    replace_part,
)
from scripts.report.site.chapters import read_chapters
from scripts.verdicts.measure_on_heroku import in_short, read_heroku
from scripts.verdicts.verdict_file import read_verdict

README = Path("README.md")
PICTURE = Path(".github/outcome-by-offset.svg")
HISTORY_PICTURE = Path(".github/history.svg")


def rendered(matrix: Matrix) -> dict[Path, str]:
    """Return the text of each file by its path below the root; Failure where the README has no place for the table."""
    verdicts = {variant: verdict for variant in matrix.variants if (verdict := read_verdict(variant))}
    deployments = {variant: deployment for variant in matrix.variants if (deployment := read_deployment(variant))}
    on_heroku = {
        variant: f"{in_short(record)}, {record.measured}"
        for variant in matrix.variants
        if (record := read_heroku(variant))
    }
    addresses = {variant: each.web_url for variant, each in deployments.items()}
    readme = (matrix.root / README).read_text("utf-8")
    readme = replace_part(readme, TABLE, render_table(matrix, verdicts, addresses, on_heroku))
    if sampled := next((verdict for variant, verdict in verdicts.items() if variant.name == SAMPLED), None):
        readme = replace_part(readme, SAMPLE, render_sample(sampled))
    chapters = ((each.title, each.source, each.lead) for each in read_chapters(matrix.root))
    readme = replace_part(readme, CHAPTERS, render_chapters(chapters))
    pictures = {}
    if history := read_history(matrix.root):
        readme = replace_part(readme, AFFECTED, answer(history))
        pictures[HISTORY_PICTURE] = render_history(history)
    return {
        README: readme,
        PICTURE: render_offsets(in_order(matrix, verdicts), load_cases(matrix.root)["misroute"].data),
        **pictures,
    }

"""The site's first page: the look-up, and what it answers without JavaScript."""

from collections.abc import Iterator

from scripts.history.eras import spans_of_any, untold_between
from scripts.probe.cases import DECIDING
from scripts.report.site.history_pages import affected_cases
from scripts.report.site.issue_spans import issue_spans
from scripts.report.site.lookup_data import DATA, lookup_data
from scripts.report.site.material import Material
from scripts.report.site.release_answers import ReleaseAnswer


def home(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the page, and the data that its look-up reads."""

    def shown(answer: ReleaseAnswer) -> str:
        return material.layout.part("answer.html.j2", "shown", answer, "")

    yield (
        "index.html",
        material.layout.render(
            "home.html.j2",
            "index.html",
            parsers=material.parsers,
            spans={parser: issue_spans(material.history, parser) for parser in material.parsers},
            others={
                parser: [(span.last, affected_cases(span.last)) for span in spans_of_any(material.history, parser)]
                for parser in material.parsers
            },
            untold={parser: untold_between(material.history, DECIDING, parser) for parser in material.parsers},
            releases=material.releases[::-1],
        ),
    )
    yield DATA, lookup_data(material, shown)

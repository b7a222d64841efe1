"""What the look-up finds its answers in: one file of JavaScript, so that it also loads from a folder. Pure.

Every answer is made here, by the same rules as `make affected`. The browser finds the release, and shows what is here.
"""

from collections.abc import Callable

from packaging.version import Version

from scripts.history.affected import find
from scripts.history.asked import DISTRIBUTION, FILE, NAMED, REVISION, AskedRelease
from scripts.report.site.material import Material
from scripts.report.site.release_answers import ReleaseAnswer, behind
from scripts.screen import as_json

DATA = "data.js"

NEWER = AskedRelease(Version("99999"), "99999")
"""A release that no history has: what is said of it is said of all that are newer than the history."""


def lookup_data(material: Material, shown: Callable[[ReleaseAnswer], str]) -> str:
    """Return the text of the file; `shown` makes the HTML of an answer."""
    answers: dict[ReleaseAnswer, int] = {}
    evidence: dict[tuple[tuple[str, str, str], ...], int] = {}
    rows = []
    for release, by_parser in material.by_release.items():
        standing = {}
        for parser, row in by_parser.items():
            found = material.answers[release, parser]
            seen = tuple((case.name, case.gravest, case.words) for case in found.cases)
            standing[parser] = [
                answers.setdefault(found, len(answers)),
                evidence.setdefault(seen, len(evidence)) if row.cases else -1,
            ]
        uploaded = next(iter(by_parser.values())).uploaded
        rows.append([release, str(uploaded or ""), standing])
    data = {
        "parsers": material.parsers,
        "cases": list(material.cases),
        "newer": {parser: behind(find(material.history, NEWER, parser)) for parser in ["", *material.parsers]},
        "patterns": [javascript(each.pattern) for each in (NAMED, FILE, DISTRIBUTION, REVISION)],
        "answers": [
            {"standing": each.standing, "line": each.line, "notes": each.notes, "html": shown(each)} for each in answers
        ],
        "evidence": list(evidence),
        "releases": rows,
    }
    return f"const HISTORY = {as_json(data)};\n"


def javascript(pattern: str) -> str:
    """Return one of the patterns of `scripts.history.asked` as JavaScript writes it."""
    return pattern.replace("(?P<", "(?<")

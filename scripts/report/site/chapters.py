"""The longer chapters: Markdown of common/site/pages/, a page each, in the order of the files' names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from scripts.errors import WrongUse
from scripts.report.site.layout import FOLDER
from scripts.report.site.material import Material
from scripts.report.site.prose import MARKDOWN, chapter_path, prose

PAGES = FOLDER / "pages"

FILE_NAME = re.compile(r"[0-9]{2}-[a-z0-9]+(?:-[a-z0-9]+)*\.md\Z")
"""A number that orders the chapters, and what the page is called: `20-how-to-read-a-verdict.md`."""


@dataclass(frozen=True)
class Chapter:
    """One chapter."""

    source: str
    """Its file, below the root."""
    path: str
    """Where its page stands in the site."""
    title: str
    lead: str
    """Its first paragraph, as text."""
    text: str


def chapter_pages(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the list of chapters, and the page of each."""
    chapters = read_chapters(material.layout.root)
    yield "chapters.html", material.layout.render("chapters.html.j2", "chapters.html", chapters=chapters)
    for place, chapter in enumerate(chapters):
        yield (
            chapter.path,
            material.layout.render(
                "chapter.html.j2",
                chapter.path,
                chapter=chapter,
                body=prose(chapter.text, chapter.source, "../", material.matrix.project),
                older=chapters[place - 1] if place else None,
                newer=chapters[place + 1] if place + 1 < len(chapters) else None,
            ),
        )


def read_chapters(root: Path) -> list[Chapter]:
    """Return the chapters in their order; WrongUse for a file that is named or begun otherwise."""
    return [_chapter(path) for path in sorted((root / PAGES).glob("*.md"))]


def _chapter(path: Path) -> Chapter:
    """Read one chapter."""
    if not FILE_NAME.match(path.name):
        raise WrongUse(f"{PAGES / path.name} is no chapter's name", do="Call it like 20-how-to-read-a-verdict.md")
    text = path.read_text("utf-8")
    tokens = MARKDOWN.parse(text)
    paragraphs = (after.content for token, after in pairwise(tokens) if token.type == "paragraph_open")
    if not tokens or tokens[0].tag != "h1":
        raise WrongUse(f"{PAGES / path.name} has no title", do="Begin it with a line `# Title`")
    lead = re.sub(r"\[([^]]*)\]\([^)]*\)|[`*]", r"\1", next(paragraphs, ""))
    return Chapter(str(PAGES / path.name), chapter_path(path.stem), tokens[1].content, lead, text)

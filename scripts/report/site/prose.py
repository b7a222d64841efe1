"""Markdown of common/site/ as HTML. Its links are written as GitHub shows them, and lead on in the site here. Pure."""

from pathlib import PurePosixPath
from posixpath import normpath

from markdown_it import MarkdownIt
from markupsafe import Markup

from scripts.matrix import Project

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
"""Reads Markdown; HTML inside of it is shown as text."""


def prose(text: str, source: str, up: str, project: Project) -> Markup:
    """Return Markdown as HTML; `source` is the file that it stands in, `up` leads to the site's top."""
    tokens = MARKDOWN.parse(text)
    for token in (inner for each in tokens for inner in (each, *(each.children or []))):
        target = token.attrGet("href")
        if isinstance(target, str):
            token.attrSet("href", link(target, source, up, project))
    return Markup(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))  # noqa: S704 - it escapes what is text


def link(target: str, source: str, up: str, project: Project) -> str:
    """Return where a link of `source` leads to from a page of the site.

    To a page of the site, if it names the published one; to a chapter, if it names its file; and where it names another
    file of the repository, to that on GitHub.
    """
    if target.startswith(project.site):
        return up + (target.removeprefix(project.site) or "index.html")
    if ":" in target or target.startswith("#"):
        return target
    path, mark, place = target.partition("#")
    named = PurePosixPath(normpath(str(PurePosixPath(source).parent / path)))
    if named.parent.name == "pages" and named.suffix == ".md":
        return f"{up}{chapter_path(named.stem)}{mark}{place}"
    return f"https://github.com/{project.repository}/blob/main/{named}{mark}{place}"


def chapter_path(stem: str) -> str:
    """Return where the page of a chapter stands in the site: `20-what-helps` is `chapters/what-helps.html`."""
    return f"chapters/{stem.partition('-')[2]}.html"

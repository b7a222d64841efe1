"""The links of a site's pages, and the places in them that links lead to."""

from html.parser import HTMLParser
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit


class PageLinks(HTMLParser):
    """Collects where a page's links lead to, what it loads, and which places in it have a name."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what an element names."""
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            elif name in {"href", "src"} and value is not None:
                (self.links if tag == "a" else self.loaded).append(value)


def inner(page: str, target: str) -> tuple[str, str]:
    """Return the path in the site that a link of a page leads to, and the place there; empty for another host's."""
    parts = urlsplit(target)
    if parts.scheme:
        return "", ""
    path = normpath(str(PurePosixPath(page).parent / unquote(parts.path))) if parts.path else page
    return path, unquote(parts.fragment)

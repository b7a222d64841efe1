"""How a page of the site comes about: a template of common/site/, and what all pages share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from scripts.matrix import Project

FOLDER = Path("common/site")

NAVIGATION = (
    ("index.html", "Look up"),
    ("history.html", "History"),
    ("others.html", "Other servers"),
    ("cases.html", "Cases"),
    ("wire.html", "On the wire"),
    ("chapters.html", "Chapters"),
    ("programs.html", "For programs"),
)
"""The pages that every page leads to, by their paths in the site."""


@dataclass(frozen=True)
class Layout:
    """Makes pages out of templates. One is made for a whole build: it reads each template once."""

    root: Path
    """The checkout."""
    project: Project

    def __post_init__(self) -> None:
        """Set Jinja up: what stands in a page is text unless a template says otherwise."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.root / FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.globals.update(project=self.project, navigation=NAVIGATION)
        object.__setattr__(self, "_environment", environment)

    def render(self, template: str, path: str, **context: Any) -> str:
        """Return the page that stands at `path` in the site: `releases/0.16.0.html`.

        Every link of a page begins with `up`, so that the site also works from a folder.
        """
        environment: jinja2.Environment = self._environment  # type: ignore[attr-defined]
        return environment.get_template(template).render(path=path, up="../" * path.count("/"), **context)

    def part(self, template: str, macro: str, *args: Any) -> str:
        """Return what a macro of a template makes."""
        environment: jinja2.Environment = self._environment  # type: ignore[attr-defined]
        return str(getattr(environment.get_template(template).module, macro)(*args)).strip()

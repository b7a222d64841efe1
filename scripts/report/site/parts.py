"""What the site consists of: the rooms that make its pages and files, and what goes into it as it is."""

from itertools import chain

from scripts.report.site.case_pages import case_pages
from scripts.report.site.chapters import chapter_pages
from scripts.report.site.history_pages import history_pages
from scripts.report.site.home import home
from scripts.report.site.layout import FOLDER
from scripts.report.site.material import Material
from scripts.report.site.other_pages import other_pages
from scripts.report.site.programs import programs
from scripts.report.site.release_pages import release_pages
from scripts.report.site.wire import wire_pages

ASSETS = ("style.css", "lookup.js", "site.js")
"""What goes into the site as it is."""

PARTS = (home, history_pages, release_pages, case_pages, chapter_pages, other_pages, programs, wire_pages)
"""What makes its files, each a function of the material; a page that another room needs is another one here."""


def site_files(material: Material) -> dict[str, str]:
    """Return the text of every file of the site by its path."""
    assets = ((name, (material.layout.root / FOLDER / name).read_text("utf-8")) for name in ASSETS)
    return dict(chain(assets, *(part(material) for part in PARTS)))

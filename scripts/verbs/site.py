"""`site`: build the static site from committed data."""

from pathlib import Path

import click

from scripts import screen
from scripts.matrix import load
from scripts.report.site.build import SITE, build_site
from scripts.verbs import options


@click.command("site")
@options.as_json
@click.pass_obj
def command(root: Path, as_json: bool) -> None:
    """Build the site that answers for every release."""
    place, changed = build_site(load(root))
    action = "written" if changed else "unchanged"
    if as_json:
        screen.print_json({"site": str(SITE), "page": str(place / "index.html"), "action": action})
        return
    screen.out.print(f"{SITE}: {action}. Open {SITE}/index.html, or: python3 -m http.server -d {SITE}")

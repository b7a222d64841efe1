"""`open`: show a deployed variant in the browser."""

import os
import webbrowser
from pathlib import Path

import click

from scripts import screen
from scripts.process import SECRETS
from scripts.verbs import options


@click.command("open")
@options.variant
@options.platform
@click.pass_obj
def command(root: Path, *, variant: str, to: str) -> None:
    """Print a variant's address, and open it in the browser."""
    address = options.on(to, asks=False).address(root, variant=variant)
    screen.out.print(address)
    if not address.startswith(("http://", "https://")):
        return
    for name in SECRETS:
        # The browser is a child like any other, but its start is the library's own.
        os.environ.pop(name, None)
    if not webbrowser.open(address):
        screen.err.print("there is no browser to open it", style="dim")

"""`open`: show a deployed variant in the browser."""

import os
import webbrowser
from pathlib import Path

import click

from scripts import screen
from scripts.matrix import load
from scripts.process import SECRETS
from scripts.verbs import options


@click.command("open")
@options.of_a_deployment
@options.as_json
@click.pass_obj
def command(root: Path, /, *, variant: str, to: str, as_json: bool, **_settings: object) -> int:
    """Print a variant's address, and open it in the browser."""
    matrix = load(root)
    if to == "heroku":
        return options.heroku("open", matrix, "").open(matrix.one(variant))
    address = options.on(matrix).address(matrix.one(variant))
    if as_json:
        screen.print_json({"variant": matrix.one(variant).name, "address": address})
        return 0
    screen.out.print(address)
    for name in SECRETS:
        # The browser is a child like any other, but its start is the library's own.
        os.environ.pop(name, None)
    if not webbrowser.open(address):
        screen.err.print("there is no browser to open it", style="dim")
    return 0

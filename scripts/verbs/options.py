"""Options that several verbs share. Each is also a variable of the same name, as make hands them on."""

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

variant: Decorator = click.option(
    "--variant", envvar="VARIANT", default="", metavar="NAME", help="One variant, or `all`."
)
as_json: Decorator = click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print JSON.")

platform: Decorator = click.option(
    "--to",
    envvar="TO",
    type=click.Choice(["local"]),
    default="local",
    show_default=True,
    expose_value=False,
    help="The platform.",
)


def check(what: str) -> Decorator:
    """Return the option --check, which changes nothing and says `what`."""
    return click.option("--check", envvar="CHECK", is_flag=True, help=what)

"""Options that several verbs share. Each is also a variable of the same name, as make hands them on."""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import click

from scripts.errors import WrongUse

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

variant: Decorator = click.option(
    "--variant", envvar="VARIANT", default="", metavar="NAME", help="One variant, by its name or branch, or `all`."
)
as_json: Decorator = click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print JSON, errors too.")

shard: Decorator = click.option(
    "--shard",
    envvar="SHARD",
    default="",
    metavar="K/N",
    help="The Kth of N equal shares of the variants.",
)

platform: Decorator = click.option(
    "--to",
    envvar="TO",
    type=click.Choice(["local", "heroku"]),
    default="local",
    show_default=True,
    help="The platform.",
)
app: Decorator = click.option(
    "--app", envvar="APP", default="", metavar="NAME", help="The app at Heroku, when it is not the variant's own."
)


def on(to: str, *, asks: bool = True) -> ModuleType:
    """Return the module with a platform's verbs, imported when asked for; whoever has no key learns that before.

    `asks`: the verb asks Heroku, so it needs a key.
    """
    if to == "heroku" and asks:
        importlib.import_module("scripts.platforms.heroku.key").find_account()
    return importlib.import_module(f"scripts.verbs.on_{to}")


def only_heroku(to: str, verb: str, instead: str) -> None:
    """Refuse a verb on another platform; `instead` is what to do there."""
    if to != "heroku":
        raise WrongUse(f"{verb} is for Heroku", do=f"{instead}. At Heroku: TO=heroku")


def check(what: str) -> Decorator:
    """Return the option --check, which changes nothing and says `what`."""
    return click.option("--check", envvar="CHECK", is_flag=True, help=what)

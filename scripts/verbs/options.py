"""Options that several verbs share. Each is also a variable of the same name, as make hands them on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from scripts.errors import WrongUse
from scripts.platforms.platform import NAMES, Platform, Settings, platform_called

if TYPE_CHECKING:
    from scripts.matrix import Matrix
    from scripts.platforms.heroku.heroku import HerokuPlatform

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

ONLY = {
    "port": "local",
    "segment": "local",
    "router": "local",
    "full": "local",
    "case": "local",
    "shard": "local",
    "into": "local",
    "app": "heroku",
    "prefix": "heroku",
    "confirm": "heroku",
}
"""Options that one platform alone knows, by the names of their parameters."""

variant: Decorator = click.option(
    "--variant", envvar="VARIANT", default="", metavar="NAME", help="One variant, by its name or branch, or `all`."
)
as_json: Decorator = click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print JSON, errors too.")

case: Decorator = click.option(
    "--case",
    envvar="CASE",
    default="",
    metavar="NAME",
    help="A case of common/cases.toml, several with commas, or `all`.",
)

shard: Decorator = click.option(
    "--shard",
    envvar="SHARD",
    default="",
    metavar="K/N",
    help="The Kth of N equal shares of the work.",
)

platform: Decorator = click.option(
    "--to", envvar="TO", type=click.Choice(NAMES), default="local", show_default=True, help="The platform."
)
app: Decorator = click.option(
    "--app", envvar="APP", default="", metavar="NAME", help="The app at Heroku, when it is not the variant's own."
)
prefix: Decorator = click.option(
    "--prefix", envvar="PREFIX", default="", metavar="WORD", help="How the names of the apps at Heroku begin."
)


def of_a_deployment(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which deployment is meant: of which variant, on which platform, of which app there."""
    return variant(platform(app(prefix(command))))


def on(matrix: "Matrix") -> Platform:
    """Return the platform that the running verb is for, with what its options say of it.

    WrongUse for an option that only another platform knows.
    """
    context = click.get_current_context()
    to = context.params["to"]
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) not in {ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP}
        if given and ONLY.get(name, to) != to:
            word = name.upper()
            raise WrongUse(f"{word} is for TO={ONLY[name]}, and this is TO={to}", do=f"Leave {word} out, or change TO")
    settings = Settings(
        port=context.params.get("port"),
        segment_bytes=context.params.get("segment"),
        router=context.params.get("router"),
        app=context.params.get("app", ""),
        prefix=context.params.get("prefix", ""),
    )
    return platform_called(to, matrix, settings)


def heroku(verb: str, matrix: "Matrix", instead: str) -> "HerokuPlatform":
    """Return Heroku for a verb that it alone has; WrongUse on another platform says what to do there `instead`."""
    found = on(matrix)
    if click.get_current_context().params["to"] != "heroku":
        raise WrongUse(f"{verb} is for Heroku", do=f"{instead}. At Heroku: TO=heroku")
    return cast("HerokuPlatform", found)


def check(what: str) -> Decorator:
    """Return the option --check, which changes nothing and says `what`."""
    return click.option("--check", envvar="CHECK", is_flag=True, help=what)

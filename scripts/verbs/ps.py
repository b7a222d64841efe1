"""`ps`: list what is deployed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts import screen
from scripts.platforms.platform import runs_nothing
from scripts.verbs import options

if TYPE_CHECKING:
    from scripts.platforms.platform import Deployment


@click.command("ps")
@options.of_a_deployment
@options.as_json
@click.pass_obj
def command(root: Path, /, *, variant: str, to: str, as_json: bool, **heroku: str) -> int:
    """List the deployments; of one variant at Heroku, let its CLI list the dynos."""
    if runs_nothing(to, root) and not any((variant, *heroku.values())):  # so that this is quick: nothing more is read
        _print([], to, as_json=as_json)
        return 0
    from scripts.matrix import load  # noqa: PLC0415

    matrix = load(root)
    chosen = [each.name for each in matrix.select(variant)]
    if to == "heroku" and len(chosen) == 1 and not as_json:
        return options.heroku("ps", matrix, "").ps(matrix.one(variant))
    _print([row for row in options.on(matrix).deployments() if row.variant in chosen], to, as_json=as_json)
    return 0


def _print(rows: "list[Deployment]", to: str, *, as_json: bool) -> None:
    """Print the deployments, or that there are none."""
    if as_json:
        import msgspec  # noqa: PLC0415 - only for what is to be encoded

        screen.print_json(msgspec.to_builtins(rows))
        return
    if not rows:
        more = " TO=heroku" if to == "heroku" else ""
        nothing = "nothing is deployed from this checkout" if to == "heroku" else "nothing is running"
        screen.out.print(f"{nothing}. Start something: make deploy VARIANT=v0.12.1{more}")
    for row in rows:
        screen.out.print(_line(row))


def _line(row: "Deployment") -> str:
    """Return what a person is told of a deployment."""
    words = [f"{row.variant:12} {row.state:9}", f"{row.address} " if row.address else "", row.version or "", row.branch]
    words += [row.commit[:10], f"since {row.since:%Y-%m-%d %H:%M:%S} UTC" if row.since else ""]
    words.append(f"restarted {row.restarts} times" if row.restarts > 1 else "restarted once" if row.restarts else "")
    words.append(f"itself at {row.dyno}" if row.dyno else "")
    words.append("" if row.segment_bytes is None else f"SEGMENT={row.segment_bytes}")
    return " ".join(word for word in words if word)

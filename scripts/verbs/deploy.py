"""`deploy`: run a variant's branch on a platform."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.branches.generate import BranchChange, regenerate
from scripts.errors import Failure, WrongUse
from scripts.matrix import load
from scripts.platforms.deploy_all import deploy_all
from scripts.platforms.platform import Deployed, Platform
from scripts.router.heads import PROFILES
from scripts.verbs import options


@click.command("deploy")
@options.variant
@options.platform
@click.option("--port", envvar="PORT", type=int, help="Port of the local router, 8344 by default; 0 = any free one.")
@click.option(
    "--segment", envvar="SEGMENT", type=int, help="Bytes of a segment, 1460 by default; 0 = requests go on whole."
)
@click.option(
    "--router",
    envvar="ROUTER",
    type=click.Choice(list(PROFILES)),
    help="Which of Heroku's routers: legacy by default; router-2 sends heads whole, over connections that it keeps.",
)
@options.app
@options.prefix
@options.as_json
@click.pass_obj
def command(root: Path, /, *, variant: str, app: str, as_json: bool, **_settings: object) -> None:
    """Run a variant, and print its address."""
    matrix = load(root)
    platform = options.on(matrix)
    if app and variant == "all":
        raise WrongUse("APP names one app", found="VARIANT=all needs one for each", do="Name them by PREFIX=")
    chosen = matrix.variants if variant == "all" else (matrix.one(variant),)
    changes = regenerate(matrix, chosen)
    for change in changes:
        screen.err.print(f"{change.branch} {change.commit[:10]}: {change.action}", style="dim")
    if len(changes) == 1:
        done = platform.deploy(changes[0], lambda line: screen.err.print(line, style="dim"))
        _print(changes[0], done, as_json=as_json)
        if as_json:
            screen.print_json([_facts(done)])
        _print_home([done])
        return
    with screen.lines([change.variant.name for change in changes]) as tell:
        up, failed = _deploy_several(platform, changes, tell, as_json=as_json)
    if as_json:
        screen.print_json([_facts(done) for done in up])
    screen.err.print(f"{len(changes) - len(failed)} of {len(changes)} variants are up", style="dim")
    _print_home(up)
    if failed:
        raise Failure(f"{len(failed)} of {len(changes)} variants did not come up", found=", ".join(failed))


def _deploy_several(
    platform: Platform, changes: Sequence[BranchChange], tell: Callable[[str, str], None], *, as_json: bool
) -> tuple[list[Deployed], list[str]]:
    """Deploy, print what became of each, and return what came up, and the names of those that failed."""
    up, failed = [], []
    for change, done in deploy_all(platform, changes, tell):
        name = change.variant.name
        tell(name, "")
        if isinstance(done, Deployed):
            _print(change, done, as_json=as_json)
            up.append(done)
            continue
        for line in done.lines:
            screen.err.print(f"  {line}", style="dim")
        screen.err.print(f"{name}: {done.message}", style="red")
        failed.append(name)
    return up, failed


def _print(change: BranchChange, done: Deployed, *, as_json: bool) -> None:
    """Print what was done, and the address, unless that is printed as JSON."""
    version = f" as {done.deployment.version}" if done.deployment.version else ""
    screen.err.print(f"{change.variant.name}: {done.note or f'up{version}'}", style="dim")
    if done.deployment.page != done.deployment.address:
        screen.err.print(f"its forms for that segment size: {done.deployment.page}", style="dim")
    if not as_json:
        screen.out.print(done.deployment.address)


def _print_home(up: Sequence[Deployed]) -> None:
    """Print where all that runs is to be seen, to where the address alone is not expected."""
    if home := next((done.home for done in up if done.home), ""):
        screen.err.print(f"all that runs here: {home}", style="dim")


def _facts(done: Deployed) -> dict[str, object]:
    """Return what programs are told of a deployment."""
    return {**msgspec.to_builtins(done.deployment), "note": done.note, "home": done.home}

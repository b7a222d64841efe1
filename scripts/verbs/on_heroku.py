"""The verbs for TO=heroku."""

import queue
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.branches.generate import BranchChange, regenerate
from scripts.errors import Failure, WrongUse
from scripts.matrix import Variant, load
from scripts.platforms.deployment import forget_deployment, read_deployment, write_deployment
from scripts.platforms.heroku import apps
from scripts.platforms.heroku.api import Api, connected
from scripts.platforms.heroku.deploy import Deployed, settle
from scripts.platforms.heroku.deploy import deploy as deploy_one
from scripts.platforms.heroku.key import find_account
from scripts.verdicts import heroku_network as measure

AT_ONCE = 4
"""How many variants are deployed at a time: more would wait for each other's builds at Heroku."""


def deploy(root: Path, *, variant: str, port: int | None, segment: int | None, app: str, force: bool) -> None:
    """Deploy a variant to Heroku, and print its address."""
    if port is not None or segment is not None:
        raise WrongUse("PORT and SEGMENT are for the local router", do="Leave them out, or TO=heroku")
    if app and variant == "all":
        raise WrongUse("APP names one app", found="VARIANT=all needs one for each", do="Leave APP out")
    matrix = load(root)
    chosen = matrix.variants if variant == "all" else (matrix.one(variant),)
    for each in chosen:
        apps.app_name(each, app)
    changes = regenerate(matrix, chosen)
    for change in changes:
        screen.err.print(f"{change.branch} {change.commit[:10]}: {change.action}", style="dim")
    with connected(find_account()) as api:
        if len(changes) > 1:
            _deploy_several(api, root, changes, force=force)
            return
        change = changes[0]
        name = change.variant.name
        done = deploy_one(
            api, root, change, app=app, force=force, say=screen.err.print, phase=lambda text: _phase(name, text)
        )
    _keep(change.variant, done)


def ps(root: Path, *, as_json: bool) -> None:
    """List the deployed apps."""
    with connected(find_account()) as api:
        rows = apps.rows(api, load(root).variants)
    if as_json:
        screen.print_json(msgspec.to_builtins(rows))
        return
    if not rows:
        screen.out.print("nothing is deployed. Deploy something: make deploy VARIANT=v0.12.1 TO=heroku")
    for row in rows:
        what = f"{row.branch} {row.commit[:10]}" if row.commit else f"{row.branch}, another release"
        screen.out.print(f"{row.variant:12} {row.state:9} {row.address}  {row.release} {what} since {row.since}")


def logs(root: Path, *, variant: str, lines: int, follow: bool, app: str) -> None:
    """Show the log of a variant's app, the router's lines among them."""
    name = apps.app_name(load(root).one(variant), app)
    with connected(find_account()) as api:
        for line in apps.log_lines(api, name, last=lines, follow=follow):
            screen.out.print(line)


def address(root: Path, *, variant: str) -> str:
    """Return where a variant is to be seen; Heroku is not asked."""
    chosen = load(root).one(variant)
    known = read_deployment(chosen)
    if not known:
        raise WrongUse(f"{chosen.name} is not deployed", do=f"Deploy it: make deploy VARIANT={chosen.name} TO=heroku")
    return known.web_url


def rollback(root: Path, *, variant: str, app: str) -> None:
    """Run the release before the present one again."""
    chosen = load(root).one(variant)
    name = apps.app_name(chosen, app)
    with connected(find_account()) as api:
        target, deployment = apps.roll_back(
            api,
            root,
            chosen,
            name,
            lambda there, release: settle(api, chosen, there, release, lambda text: _phase(chosen.name, text)),
        )
    write_deployment(chosen, deployment)
    screen.err.print(f"{name} runs {target.label} again, as {deployment.release}", style="dim")
    screen.out.print(deployment.web_url)


def destroy(root: Path, *, variant: str, app: str, confirm: str) -> None:
    """Destroy a variant's app, once its name was given again."""
    chosen = load(root).one(variant)
    name = apps.app_name(chosen, app)
    if not confirm and screen.err.is_terminal:
        confirm = click.prompt(f"This destroys the app {name} at Heroku. Type its name to go on", err=True)
    if confirm != name:
        found = f"{confirm!r} is not its name" if confirm else ""
        raise WrongUse(f"{name} is not destroyed without a word", found=found, do=f"Confirm it: CONFIRM={name}")
    with connected(find_account()) as api:
        was_there = apps.destroy(api, name)
    known = read_deployment(chosen)
    if known and known.app == name:
        forget_deployment(chosen)
    screen.out.print(f"{name} is destroyed" if was_there else f"there is no app {name}")


def verify(root: Path, *, variant: str, check: bool, as_json: bool) -> None:
    """Submit the form to the deployed variants, and record what Heroku's own network shows."""
    matrix = load(root)
    chosen = matrix.select(variant)
    if len(chosen) > 1:
        chosen = tuple(each for each in chosen if read_deployment(each))
    if not chosen:
        raise WrongUse("no variant is deployed", do="Deploy one: make deploy VARIANT=v0.12.1 TO=heroku")
    records: dict[str, measure.HerokuRecord] = {}
    different = []
    with connected(find_account()) as api:
        for each in chosen:
            record = records[each.name] = measure.measure(api, each)
            committed = measure.read_heroku(each) if check else None
            if not check:
                note = f"heroku.json {'written' if measure.write_heroku(each, record) else 'unchanged'}"
            elif committed and measure.same_evidence(committed, record):
                note = "as committed"
            else:
                note = "differs from heroku.json"
                different.append(each.name)
            if not as_json:
                screen.out.print(f"{each.name:12} {measure.in_short(record)} [{note}]")
    if as_json:
        screen.print_json({name: msgspec.to_builtins(record) for name, record in records.items()})
    if different:
        do = "make verify TO=heroku"
        raise Failure("what Heroku shows differs from what is committed", found=", ".join(different), do=do)


def _deploy_several(api: Api, root: Path, changes: Sequence[BranchChange], *, force: bool) -> None:
    """Deploy variants, AT_ONCE at a time; one that fails does not stop the others."""
    waiting: queue.SimpleQueue[BranchChange] = queue.SimpleQueue()
    results: queue.SimpleQueue[tuple[BranchChange, Deployed | Exception]] = queue.SimpleQueue()
    for change in changes:
        waiting.put(change)
    failed = []
    with screen.lines([change.variant.name for change in changes]) as tell:

        def work() -> None:
            while True:
                try:
                    change = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    done = deploy_one(
                        api, root, change, force=force, say=lambda _: None, phase=partial(tell, change.variant.name)
                    )
                except Exception as error:  # noqa: BLE001 - the main thread tells failures from bugs
                    results.put((change, error))
                else:
                    results.put((change, done))

        for _ in range(min(AT_ONCE, len(changes))):
            # Daemons: after Ctrl-C nobody waits for them, and they write nothing on this machine.
            threading.Thread(target=work, daemon=True).start()
        for _ in changes:
            change, done = results.get()
            name = change.variant.name
            tell(name, "")
            if isinstance(done, Failure):
                for line in done.lines:
                    screen.err.print(f"  {line}", style="dim")
                screen.err.print(f"{name}: {done.message}", style="red")
                failed.append(name)
            elif isinstance(done, Exception):
                raise done
            else:
                _keep(change.variant, done)
    up = len(changes) - len(failed)
    screen.err.print(f"{up} of {len(changes)} variants are up on Heroku", style="dim")
    if failed:
        raise Failure(f"{len(failed)} of {len(changes)} variants did not come up", found=", ".join(failed))


def _keep(variant: Variant, done: Deployed) -> None:
    """Write where a variant is deployed, and print its address."""
    if done.fresh:
        write_deployment(variant, done.deployment)
        screen.err.print(f"{variant.name}: up as {done.deployment.release}", style="dim")
    else:
        screen.err.print(f"{variant.name} is live already: nothing to do (FORCE=1 builds it again)", style="dim")
    screen.out.print(done.deployment.web_url)


def _phase(name: str, text: str) -> None:
    """Say what is done next."""
    screen.err.print(f"{name}: {text}", style="dim")

"""Heroku as a platform: find or make a variant's app, push its branch, and see that it answers."""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from scripts.branches.generate import BranchChange
from scripts.errors import Failure, WrongUse
from scripts.matrix import Matrix, Variant
from scripts.platforms.about import how_differs
from scripts.platforms.heroku import heroku_cli as cli
from scripts.platforms.heroku import names
from scripts.platforms.heroku.cli_answers import AppInfo, HerokuApp, HerokuVersion, deploy_of, running_deploy
from scripts.platforms.heroku.deployment_file import (
    DEPLOYMENT_FILE,
    DeploymentRecord,
    forget_deployment,
    read_deployment,
    web_address,
    write_deployment,
)
from scripts.platforms.heroku.push import main_commit, push, refuse_foreign
from scripts.platforms.platform import Deployed, Deployment, Say
from scripts.process import interrupt, pause

UP_SECONDS = 180.0
"""How long a pushed app may take until it answers; Heroku gives a web process 60 s to boot."""

POLL_SECONDS = 2.0

LOG_LINES = "20"

LIVE = "is live already: nothing to do"

IDLE = frozenset({"up", "idle"})
"""States of a web process that answers, or does so once it is asked (Platform API, dyno.state)."""


class HerokuPlatform:
    """The apps of a checkout's variants."""

    at_once = 4
    """More would wait for each other's builds at Heroku."""

    def __init__(self, matrix: Matrix, *, app: str = "", prefix: str = "") -> None:
        """`app` names the app in place of the variant's own, `prefix` the beginning of each; WrongUse for no name."""
        self._matrix = matrix
        self._app = names.checked(app, "APP") if app else ""
        self._prefix = prefix
        if prefix:
            names.prefixed(prefix, matrix.variants[0])

    def app_name(self, variant: Variant) -> str:
        """Return the name of a variant's app: as it was asked for, else where it was last deployed, else its own."""
        if self._app:
            return self._app
        if self._prefix:
            return names.prefixed(self._prefix, variant)
        known = read_deployment(variant)
        return names.checked(known.app, f"variants/{variant.name}/deployment.json: app") if known else variant.app

    def deploy(self, change: BranchChange, say: Say) -> Deployed:
        """Push the commit of `change` to its variant's app, unless it is live there; say the build's log.

        Failure when there is no CLI, nobody is logged in, the app is somebody else's or has another history, the build
        fails, or what was pushed does not come up. What fails before the end of the build leaves what ran as it was.
        """
        variant, root = change.variant, self._matrix.root
        name, stack = self.app_name(variant), variant.runtime.stack
        say(f"looking for the app {name}")
        info = _found(name) or _made(name, stack, say)
        web_url, git_url = web_address(info.app.web_url), info.app.git_url
        if info.app.build_stack.name != stack:
            say(f"setting the stack of {name} to {stack}")
            cli.ask("stack:set", stack, "--app", name)
        note = version = ""
        there = main_commit(root, git_url)
        if there == change.commit:
            versions = versions_of(name)
            note = _brought_back(name, info, versions, change.commit, say)
            if note == LIVE and not how_differs(web_url, variant):
                version = newest_label(versions)
        else:
            refuse_foreign(root, name, there, change.commit)
            say(f"pushing {change.branch} {change.commit[:10]} to {name}")
            push(root, name, git_url, change.commit, say)
        version = version or _await_up(name, variant, web_url, say)
        record = read_deployment(variant)
        if not record or (record.app, record.commit, record.version) != (name, change.commit, version):
            now = datetime.now(UTC).isoformat(timespec="seconds")
            record = DeploymentRecord(
                app=name, web_url=web_url, version=version, commit=change.commit, tree=change.tree, time=now
            )
            write_deployment(variant, record)
        return Deployed(_deployment(variant, record, "up"), note)

    def deployments(self) -> list[Deployment]:
        """Return how the apps of the deployed variants are, in the matrix's order.

        When this is interrupted, or one cannot be asked, what still asks is ended first.
        """
        with ThreadPoolExecutor(self.at_once) as pool:
            try:
                return list(pool.map(lambda pair: _looked_up(*pair), self._deployed()))
            except BaseException:
                interrupt()  # else leaving the pool would wait for what it still asks
                raise

    def logs(self, variant: Variant, *, lines: int, follow: bool, full: bool) -> int:  # noqa: ARG002 - it shows all
        """Let the CLI show the log of a variant's app."""
        return cli.show("logs", "--app", self.app_name(variant), "--num", str(lines), *(["--tail"] if follow else []))

    def address(self, variant: Variant) -> str:
        """Return where a variant was last deployed; Heroku is not asked."""
        known = read_deployment(variant)
        if not known:
            do = f"Deploy it: make deploy VARIANT={variant.name} TO=heroku"
            raise WrongUse(f"{variant.name} is not deployed", do=do)
        return known.web_url

    def ps(self, variant: Variant) -> int:
        """Let the CLI list the dynos of a variant's app."""
        return cli.show("ps", "--app", self.app_name(variant))

    def open(self, variant: Variant) -> int:
        """Let the CLI open a variant's app in the browser."""
        return cli.show("apps:open", "--app", self.app_name(variant))

    def rollback(self, variant: Variant) -> int:
        """Let the CLI run again what ran before."""
        return cli.show("releases:rollback", "--app", self.app_name(variant))

    def destroy(self, variant: Variant, confirm: str) -> int:
        """Let the CLI destroy a variant's app, which asks for its name where `confirm` does not give it."""
        name = self.app_name(variant)
        if not confirm and not sys.stdin.isatty():  # where the CLI's question ends in nothing, with exit code 0
            raise WrongUse(f"{name} is not destroyed without a word", do=f"Confirm it: CONFIRM={name}")
        code = cli.show("apps:destroy", "--app", name, *(["--confirm", confirm] if confirm else []))
        known = read_deployment(variant)
        if code == 0 and known and known.app == name and _found(name) is None:
            forget_deployment(variant)
        return code

    def down(self) -> bool:
        """Stop the apps of all deployed variants, which stay; a deploy starts them again. False: there is none.

        All are asked, also where one fails; then Failure names those that were not stopped.
        """
        deployed = self._deployed()
        asked = [(v.name, kept.app, cli.show("ps:scale", "web=0", "--app", kept.app)) for v, kept in deployed]
        failed = [(name, app, code) for name, app, code in asked if code]
        if failed:
            were = "was" if len(failed) == 1 else "were"
            found = ", ".join(f"{name} ({app}): heroku ended with code {code}" for name, app, code in failed)
            files = " ".join(f"variants/{name}/{DEPLOYMENT_FILE}" for name, _, _ in failed)
            do = f"Where an app is gone, remove what is known of it: rm {files}"
            raise Failure(f"{len(failed)} of {len(deployed)} apps {were} not stopped", found=found, do=do)
        return bool(deployed)

    def _deployed(self) -> list[tuple[Variant, DeploymentRecord]]:
        """Return the deployed variants with what is known of each."""
        pairs = ((variant, read_deployment(variant)) for variant in self._matrix.variants)
        return [(variant, record) for variant, record in pairs if record]


def versions_of(name: str) -> list[HerokuVersion]:
    """Return what an app ran last, the newest first."""
    found = cli.ask_for(list[HerokuVersion], "releases", "--app", name)
    return sorted(found, key=lambda each: each.version, reverse=True)


def newest_label(versions: Sequence[HerokuVersion]) -> str:
    """Return the label of the newest version that succeeded; empty where there is none."""
    return next((each.label for each in versions if each.status == "succeeded"), "")


def _found(name: str) -> AppInfo | None:
    """Return an app, or None where there is none; Failure where it is somebody else's."""
    try:
        return cli.ask_for(AppInfo, "apps:info", "--app", name)
    except cli.HerokuRefused as refused:
        if refused.id == "not_found":
            return None
        raise _taken(name) if refused.id == "forbidden" else refused from None


def _made(name: str, stack: str, say: Say) -> AppInfo:
    """Make an app; Failure where its name is somebody else's."""
    say(f"creating the app {name}")
    try:
        return AppInfo(cli.ask_for(HerokuApp, "apps:create", name, "--stack", stack, "--no-remote"), [])
    except cli.HerokuRefused as refused:
        raise _taken(name) if "already taken" in refused.found else refused from None  # Heroku's words


def _taken(name: str) -> Failure:
    """Return the error about a name that is somebody else's."""
    do = "Name the apps otherwise: PREFIX=my-own, or this one: APP=my-own-name"
    return Failure(f"the app name {name} is taken", found="the app is somebody else's", do=do)


def _brought_back(name: str, info: AppInfo, versions: Sequence[HerokuVersion], commit: str, say: Say) -> str:
    """See that an app whose main is `commit` runs it; return what had to be done for that, in words.

    git push would build nothing: what ran before a rollback is gone back to, what is stopped or has crashed is started.
    """
    runs = running_deploy(versions)
    if runs and not deploy_of(runs, commit):
        again = next((each for each in versions if deploy_of(each, commit)), None)
        if again is None:
            do = f"Look for it: heroku releases --app {name}"
            raise Failure(f"{name} has the commit {commit[:10]}, but was rolled back", found=runs.description, do=do)
        say(f"{name} was rolled back; going to {again.label} again")
        cli.ask("releases:rollback", again.label, "--app", name)
        return f"was built already: {again.label} runs again"
    if not info.web:
        say(f"{name} is stopped; starting it")
        cli.ask("ps:scale", "web=1", "--app", name)
        return "was deployed already, and stopped: it was started"
    if "crashed" in {dyno.state for dyno in info.web}:
        say(f"{name} has crashed; starting it again")
        cli.ask("ps:restart", "--app", name)
        return "was deployed already, and had crashed: it was started again"
    return LIVE


def _await_up(name: str, variant: Variant, web_url: str, say: Say) -> str:
    """Wait until an app's newest version runs and answers as its variant; return its label. Failure shows the log."""
    say(f"waiting for {web_url}")
    end = time.monotonic() + UP_SECONDS
    while True:
        newest = newest_label(versions_of(name))
        info = _found(name)
        if newest and info:
            found = ", ".join(f"{dyno.name} is {dyno.state}" for dyno in info.web) or "it has no web process"
            ours = [dyno.state for dyno in info.web if dyno.release.label == newest]
            if not info.web:
                cli.ask("ps:scale", "web=1", "--app", name)
            elif len(ours) == len(info.web) and IDLE.issuperset(ours):
                found = how_differs(web_url, variant)
                if not found:
                    return newest
            elif "crashed" in ours:
                break
        else:
            found = "nothing runs there"
        if time.monotonic() > end:
            break
        pause(POLL_SECONDS)
    do = f"Go back: make rollback VARIANT={variant.name} TO=heroku"
    raise Failure(f"{web_url} does not answer as {variant.name}", found=found, do=do, lines=_last_lines(name))


def _last_lines(name: str) -> list[str]:
    """Return the last lines of an app's log for an error; none where they cannot be had."""
    try:
        return cli.ask("logs", "--app", name, "--num", LOG_LINES).splitlines()
    except Failure:
        return []


def _looked_up(variant: Variant, record: DeploymentRecord) -> Deployment:
    """Return how a variant's app is now."""
    info = _found(record.app)
    if info is None:
        return _deployment(variant, record, "gone")
    running = {dyno.release.label for dyno in info.web}
    state = ", ".join(sorted({dyno.state for dyno in info.web})) or "stopped"
    if running <= {record.version}:
        return _deployment(variant, record, state)
    return _deployment(variant, record, state, version=", ".join(sorted(running)))


def _deployment(variant: Variant, record: DeploymentRecord, state: str, *, version: str = "") -> Deployment:
    """Return a record as `make ps` lists it; another `version` than the record's is of an unknown commit."""
    return Deployment(
        variant=variant.name,
        app=record.app,
        state=state,
        address=record.web_url,
        branch=variant.branch,
        commit="" if version else record.commit,
        tree="" if version else record.tree,
        since=record.since,
        version=version or record.version,
    )

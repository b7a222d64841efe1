"""Deploy a branch to Heroku: app, stack, archive, build, release, dynos, page. Nothing is written here but at Heroku.

Until the new release runs, Heroku keeps the one before running: what fails in between leaves it as it was.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from scripts.branches.generate import BranchChange
from scripts.errors import Failure
from scripts.matrix import Variant
from scripts.platforms.deployment import Deployment, read_deployment
from scripts.platforms.heroku import apps
from scripts.platforms.heroku.answers import App, Build, Formation, Release, Source
from scripts.platforms.heroku.api import Api
from scripts.platforms.heroku.limits import Deadline
from scripts.platforms.heroku.page import differs, facts
from scripts.platforms.heroku.source import archive
from scripts.platforms.heroku.stream import LAST_LINES, BuildLog, failed

log = logging.getLogger(__name__)

T = TypeVar("T")

Say = Callable[[str], None]

RUNS_ON = "What ran before runs on"
BACK = "Go back: make rollback VARIANT=… TO=heroku"


@dataclass(frozen=True)
class Deployed:
    """A deployment that is up."""

    deployment: Deployment
    fresh: bool
    """False: the branch's tree was live already, and nothing was done."""


def deploy(
    api: Api, root: Path, change: BranchChange, *, app: str = "", force: bool = False, say: Say, phase: Say
) -> Deployed:
    """Deploy the tree of `change` to its variant's app, or to the one called `app`, and wait until it answers.

    `say` gets each line of the build's log, `phase` what is done next. With `force` a tree that is live is built again.
    Failure, with the last lines of the log where there is one, when any step fails.
    """
    variant = change.variant
    name = apps.app_name(variant, app)
    phase(f"looking for the app {name}")
    there, as_wanted = _prepared(api, name, variant.runtime.stack, phase)
    before = apps.newest_release(api, name)
    known = read_deployment(variant)
    if not force and as_wanted and known and before and _is_live(known, name, change.tree, before):
        return Deployed(known, fresh=False)
    build = _build(api, root, name, change, say=say, phase=phase)
    release = _release_of(api, name, build, before)
    deployment = settle(api, variant, there, release, phase, commit=change.commit, tree=change.tree)
    return Deployed(deployment, fresh=True)


def settle(
    api: Api, variant: Variant, app: App, release: Release, phase: Say, *, commit: str = "", tree: str = ""
) -> Deployment:
    """Wait until a release runs and the app's own address answers as the variant; return the deployment.

    With `tree`, what answers must also be what the variant is now.
    """
    phase(f"waiting for release {release.label}")
    _await_release(api, app.name, release)
    phase(f"waiting for the dynos of {release.label}")
    _await_dynos(api, app.name, release)
    if not app.web_url:
        raise Failure(f"Heroku names no address for the app {app.name}")
    phase(f"waiting for {api.hide(app.web_url)}")
    _await_page(api, variant, app, whole=bool(tree))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Deployment(
        app=app.name, web_url=api.hide(app.web_url), release=release.label, commit=commit, tree=tree, time=now
    )


def _prepared(api: Api, name: str, stack: str, phase: Say) -> tuple[App, bool]:
    """Return the app, made where there is none, and whether it was there with the right stack."""
    app = apps.find(api, name)
    if app is None:
        phase(f"creating the app {name}")
        return apps.create(api, name, stack), False
    if app.wanted_stack == stack:
        return app, True
    phase(f"setting the stack of {name} to {stack}")
    return api.patch(f"/apps/{name}", {"build_stack": stack}, App), False


def _is_live(known: Deployment, name: str, tree: str, newest: Release) -> bool:
    """Say whether a tree is what an app runs: nothing was released since it was deployed."""
    return (known.app, known.tree, known.release, newest.status) == (name, tree, newest.label, "succeeded")


def _build(api: Api, root: Path, name: str, change: BranchChange, *, say: Say, phase: Say) -> Build:
    """Upload the branch's tree, build it, show the log, and return the build when it has succeeded."""
    content = archive(root, change.tree)
    phase(f"uploading {change.branch} {change.commit[:10]}, {len(content):,} bytes")
    # A place that is not used changes nothing: there is no need to look for one.
    source = api.post("/sources", {}, Source, look=lambda: None).source_blob
    api.upload(source.put_url, content)
    path = f"/apps/{name}/builds"

    def look() -> Build | None:
        made = (build for build in api.all_of(path, list[Build]) if build.source_blob.version == change.commit)
        # Each place is used once. Its address may come back with another signature.
        return next((build for build in made if _unsigned(build.source_blob.url) == _unsigned(source.get_url)), None)

    checksum = f"SHA256:{hashlib.sha256(content).hexdigest()}"
    blob = {"url": source.get_url, "version": change.commit, "checksum": checksum}
    phase(f"building {change.branch} {change.commit[:10]}")
    build = api.post(path, {"source_blob": blob}, Build, look)
    shown = BuildLog(api, build.output_stream_url or "", say)
    deadline = Deadline(api.limits, api.limits.build)
    while True:
        if build.output_stream_url:
            shown.read(deadline)
        build = api.get(f"{path}/{build.id}", Build)
        if build.status != "pending":
            break
        if not deadline.pause(api.limits.poll):
            limit = f"{api.limits.build / 60:.0f} minutes"
            raise failed(f"the build of {name} takes longer than {limit}", do=RUNS_ON, lines=shown.last_lines)
    shown.finish()
    if build.status == "failed":
        raise failed(
            f"the build of {name} failed", found="its log's last lines are above", do=RUNS_ON, lines=shown.last_lines
        )
    return build


def _release_of(api: Api, name: str, build: Build, before: Release | None) -> Release:
    """Return the release that a build became."""

    def look() -> Release | None:
        for release in apps.releases(api, name):
            if build.release and release.id == build.release.id:
                return release
            if not build.release and (before is None or release.version > before.version):
                return release
        return None

    release = _wait(api, api.limits.release, look)
    if release is None:
        raise Failure(f"the build of {name} became no release", do=RUNS_ON)
    return release


def _await_release(api: Api, name: str, release: Release) -> None:
    """Wait until a release's own command, if it has one, is through; Failure where the release failed."""

    def look() -> Release | None:
        now = next((each for each in apps.releases(api, name) if each.id == release.id), release)
        return now if now.status != "pending" else None

    done = release if release.status != "pending" else _wait(api, api.limits.release, look)
    if done and done.status == "succeeded":
        return
    lines: list[str] = []
    if done and done.output_stream_url:
        output = BuildLog(api, done.output_stream_url, lines.append)
        output.read(Deadline(api.limits, api.limits.request))
        output.finish()
    what = f"release {release.label} of {name} {done.status if done else 'is still pending'}"
    raise failed(what, do=RUNS_ON, lines=tuple(lines[-LAST_LINES:]))


def _await_dynos(api: Api, name: str, release: Release) -> None:
    """Wait until every dyno is up on a release; Failure, with the app's log, where one crashes or does not come up."""
    states = "none runs"

    def look() -> bool | None:
        nonlocal states
        running = apps.dynos(api, name)
        if not running:
            _scale_up(api, name)
        states = api.hide(", ".join(f"{dyno.name} {dyno.state} on v{dyno.release.version}" for dyno in running))
        of_release = [dyno for dyno in running if dyno.release.version == release.version]
        if any(dyno.state == "crashed" for dyno in of_release):
            return False
        return True if running and all(dyno.state == "up" for dyno in of_release) and of_release == running else None

    if not _wait(api, api.limits.boot, look):
        lines = apps.last_lines(api, name, LAST_LINES)
        found = states or "there is none"
        raise failed(f"the dynos of {name} did not come up on {release.label}", found=found, do=BACK, lines=lines)


def _scale_up(api: Api, name: str) -> None:
    """Give an app a web dyno when it shall have none: what is deployed shall run."""
    path = f"/apps/{name}/formation"
    if any(each.type == "web" and not each.quantity for each in api.all_of(path, list[Formation])):
        log.info("%s: scaling web to 1", name)
        api.patch(path, {"updates": [{"type": "web", "quantity": 1}]}, list[Formation])


def _await_page(api: Api, variant: Variant, app: App, *, whole: bool) -> None:
    """Wait until the app's own address answers as the variant."""
    web_url, found = app.web_url or "", ""

    def look() -> bool | None:
        nonlocal found
        try:
            found = differs(facts(api.outside, web_url), variant, whole=whole)
        except (Failure, httpx.RequestError, httpx.InvalidURL, msgspec.DecodeError) as error:
            found = str(error)
        return None if found else True

    if not _wait(api, api.limits.page, look):
        lines = apps.last_lines(api, app.name, LAST_LINES)
        what = f"{api.hide(web_url)} does not answer as {variant.name}"
        raise failed(what, found=api.hide(found), do=BACK, lines=lines)


def _unsigned(address: str) -> str:
    """Return an address without its query."""
    return address.partition("?")[0]


def _wait(api: Api, seconds: float, look: Callable[[], T | None]) -> T | None:
    """Look until something is there, no faster than Heroku asks for; None when the time is up."""
    deadline = Deadline(api.limits, seconds)
    while (found := look()) is None:
        if not deadline.pause(api.limits.poll):
            return None
    return found

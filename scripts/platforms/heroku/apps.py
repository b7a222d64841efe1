"""The apps of the variants at Heroku: find, make, list, read the log of, roll back, destroy."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec

from scripts.branches.git import git
from scripts.errors import Failure, WrongUse
from scripts.matrix import APP_NAME, Variant
from scripts.platforms.deployment import Deployment, read_deployment
from scripts.platforms.heroku.answers import App, Build, Dyno, LogSession, Release
from scripts.platforms.heroku.api import Api
from scripts.platforms.heroku.refusals import Refusal

log = logging.getLogger(__name__)

REGION = "us"

ONE_OFF = frozenset({"run", "release", "scheduler"})
"""Types of dynos that are none of an app's own processes."""

NEWEST_FIRST = {"Range": "version ..; order=desc, max=50"}
"""How releases are asked for (Platform API, "Ranges")."""

ROLLBACK = re.compile(r"Rollback to v(\d+)\Z")
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class AppRow(msgspec.Struct, frozen=True):
    """An app as `make ps` shows it."""

    variant: str
    app: str
    state: str
    """`up`, or what its dynos say else, or `gone`."""
    address: str
    release: str
    branch: str
    commit: str
    since: str


def app_name(variant: Variant, given: str = "") -> str:
    """Return the name of a variant's app: the given one, else where it was last deployed, else what the matrix says.

    WrongUse for a name that Heroku would refuse.
    """
    if given and not APP_NAME.match(given):
        raise WrongUse(f"APP={given!r} is no name of an app", found="it has 3 to 30 of a-z, 0-9, -")
    known = read_deployment(variant)
    name = given or (known.app if known else variant.app)
    if not APP_NAME.match(name):
        raise WrongUse(f"variants/{variant.name}/deployment.json is wrong", found=f"app = {name!r}", do="Remove it")
    return name


def find(api: Api, name: str) -> App | None:
    """Return an app, or None where there is none; Failure where it is somebody else's."""
    try:
        return api.get(f"/apps/{name}", App)
    except Refusal as refused:
        if refused.status == httpx.codes.NOT_FOUND:
            return None
        if refused.status == httpx.codes.FORBIDDEN and refused.id != "two_factor":
            raise _taken(name) from None
        raise


def create(api: Api, name: str, stack: str) -> App:
    """Make an app; Failure where the name is somebody else's."""
    body = {"name": name, "region": REGION, "stack": stack}
    try:
        return api.post("/apps", body, App, look=lambda: find(api, name))
    except Refusal as refused:
        if refused.status == httpx.codes.UNPROCESSABLE_ENTITY and re.search(r"\btaken\b", refused.said):
            raise _taken(name) from None
        raise


def releases(api: Api, name: str) -> list[Release]:
    """Return an app's latest releases, the newest first."""
    found = api.all_of(f"/apps/{name}/releases", list[Release], NEWEST_FIRST, pages=1)
    return sorted(found, key=lambda release: release.version, reverse=True)


def newest_release(api: Api, name: str) -> Release | None:
    """Return an app's newest release; None where it has none."""
    return next(iter(releases(api, name)), None)


def dynos(api: Api, name: str) -> list[Dyno]:
    """Return the dynos of an app's own processes."""
    return [dyno for dyno in api.all_of(f"/apps/{name}/dynos", list[Dyno]) if dyno.type not in ONE_OFF]


def rows(api: Api, variants: tuple[Variant, ...]) -> list[AppRow]:
    """Return how the apps of the deployed variants are."""
    found = []
    for variant in variants:
        known = read_deployment(variant)
        if not known:
            continue
        name = app_name(variant)
        try:
            newest = newest_release(api, name)
            states = {dyno.state for dyno in dynos(api, name)}
        except Refusal as refused:
            if refused.status != httpx.codes.NOT_FOUND:
                raise
            newest, states = None, {"gone"}
        found.append(
            AppRow(
                variant=variant.name,
                app=name,
                state=api.hide(", ".join(sorted(states))) or "no dynos",
                address=known.web_url,
                release=newest.label if newest else "",
                branch=variant.branch,
                commit=known.commit if newest and newest.label == known.release else "",
                since=known.time,
            )
        )
    return found


def log_lines(api: Api, name: str, *, last: int, follow: bool = False) -> Iterator[str]:
    """Yield the last lines of an app's log; with `follow`, also each that is added, until the caller stops.

    Failure where it is cut before its end; a log that is followed is taken up again.
    """
    limits = api.limits
    while True:
        body = {"lines": last, "tail": follow}
        # Another session changes nothing: there is no need to look for one.
        session = api.post(f"/apps/{name}/log-sessions", body, LogSession, look=lambda: None)
        timeout = httpx.Timeout(None if follow else limits.answer, connect=limits.connect)
        try:
            with api.outside.stream("GET", session.logplex_url, timeout=timeout) as response:
                if not response.is_success:
                    raise Failure(f"the log of {name} cannot be read", found=f"status {response.status_code}")
                for line in response.iter_lines():
                    yield api.hide(line.replace("\0", ""))
        except (httpx.RequestError, httpx.InvalidURL) as error:
            found = api.hide(f"{type(error).__name__}: {error}")
            if not follow:
                raise Failure(f"the log of {name} was cut", found=found, do="Ask again") from None
            log.warning("the log was cut (%s); going on with what is new", found)
        if not follow:
            return
        last = 1
        limits.sleep(limits.backoff)


def last_lines(api: Api, name: str, count: int) -> tuple[str, ...]:
    """Return the last lines of an app's log for an error; none where they cannot be had."""
    try:
        return tuple(log_lines(api, name, last=count))[-count:]
    except Failure as failure:
        log.debug("no log for the error: %s", failure.message)
        return ()


def roll_back(
    api: Api, root: Path, variant: Variant, name: str, settle: Callable[[App, Release], Deployment]
) -> tuple[Release, Deployment]:
    """Run the release before the one that runs again; return it, and where the variant is deployed then.

    `settle` waits for the new release. Failure where there is no app, or no release before.
    """
    app = find(api, name)
    if app is None:
        raise Failure(f"there is no app {name}", do=f"Deploy it: make deploy VARIANT={variant.name} TO=heroku")
    latest = releases(api, name)
    builds = {build.release.id: build for build in api.all_of(f"/apps/{name}/builds", list[Build]) if build.release}
    by_version = {release.version: release for release in latest}
    older = [release for release in latest if release.status == "succeeded"][1:]
    before = next(((each, build) for each in older if (build := _build_of(each, by_version, builds))), None)
    if before is None:
        raise Failure(f"{name} has no release to go back to", do="Deploy another state of the branch")
    target, build = before
    highest = latest[0].version

    def look() -> Release | None:
        newest = newest_release(api, name)
        return newest if newest and newest.version > highest else None

    release = api.post(f"/apps/{name}/releases", {"release": target.id}, Release, look)
    commit = build.source_blob.version or ""
    tree = _tree_of(root, commit)
    return target, msgspec.structs.replace(settle(app, release), commit=commit if tree else "", tree=tree)


def destroy(api: Api, name: str) -> bool:
    """Destroy an app; False: there was none."""
    try:
        api.delete(f"/apps/{name}")
    except Refusal as refused:
        if refused.status != httpx.codes.NOT_FOUND:
            raise
        return False
    return True


def _build_of(release: Release, latest: dict[int, Release], builds: dict[str, Build]) -> Build | None:
    """Return the build that a release runs, through rollbacks to earlier ones; None for what runs none."""
    while release.id not in builds:
        to = ROLLBACK.match(release.description or "")
        earlier = latest.get(int(to[1])) if to else None
        if earlier is None or earlier.version >= release.version:
            return None
        release = earlier
    return builds[release.id]


def _tree_of(root: Path, commit: str) -> str:
    """Return the tree of a commit, or nothing where this clone does not have it."""
    if not COMMIT.match(commit):
        return ""
    said = git(root, "rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}", codes=(0, 1, 128))
    return said.text if said.code == 0 else ""


def _taken(name: str) -> Failure:
    """Return the error about a name that is somebody else's."""
    return Failure(
        f"the app name {name} is taken", found="the app is somebody else's", do="Choose another name: APP=my-own-name"
    )

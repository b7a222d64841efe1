"""What is read of the CLI's answers in JSON: the parts of the Platform API's objects that deploying needs. Pure."""

import re
from collections.abc import Sequence

import msgspec

DEPLOY = re.compile(r"Deploy ([0-9a-f]{6,64})\b")
ROLLBACK = re.compile(r"Rollback to v(\d+)\Z")
"""How Heroku describes what it runs: no other field says which commit that is, or that it ran before."""


class Named(msgspec.Struct, frozen=True):
    """A stack."""

    name: str


class Numbered(msgspec.Struct, frozen=True):
    """The version that a dyno runs."""

    version: int

    @property
    def label(self) -> str:
        """Its number as Heroku writes it."""
        return f"v{self.version}"


class HerokuDyno(msgspec.Struct, frozen=True):
    """A process of an app."""

    name: str
    type: str
    state: str
    release: Numbered


class HerokuApp(msgspec.Struct, frozen=True):
    """An app."""

    name: str
    git_url: str
    web_url: str
    build_stack: Named


class AppInfo(msgspec.Struct, frozen=True):
    """What `heroku apps:info --json` answers."""

    app: HerokuApp
    dynos: list[HerokuDyno]

    @property
    def web(self) -> list[HerokuDyno]:
        """The web processes; none where the app is stopped."""
        return [dyno for dyno in self.dynos if dyno.type == "web"]


class HerokuVersion(Numbered, frozen=True):
    """One of the things that an app ran, in order (Heroku's own word is taken here by uvicorn)."""

    status: str
    description: str


def deploy_of(version: HerokuVersion, commit: str) -> bool:
    """Say whether a version is the deploy of a commit, of which Heroku gives the first digits."""
    match = DEPLOY.match(version.description)
    return match is not None and commit.startswith(match[1])


def running_deploy(versions: Sequence[HerokuVersion]) -> HerokuVersion | None:
    """Return the deploy that runs: the newest that succeeded, or the one that a rollback went to; None: nobody knows.

    `versions` are sorted, the newest first. What changes no code (a config variable that is set) is passed over.
    """
    by_number = {each.version: each for each in versions}
    for each in versions:
        at: HerokuVersion | None = each if each.status == "succeeded" else None
        while at and (back := ROLLBACK.match(at.description)):
            earlier = by_number.get(int(back[1]))
            if earlier is None or earlier.version >= at.version:
                return None
            at = earlier
        if at and DEPLOY.match(at.description):
            return at
    return None

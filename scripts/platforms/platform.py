"""The contract that every platform fulfils, and the one place that knows which platforms there are.

`make ps` imports this where nothing runs: it imports no more than it must.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from scripts.branches.generate import BranchChange
    from scripts.matrix import Matrix, Variant

NAMES = ("local", "heroku")

Say = Callable[[str], None]
"""Called with each line about what is being done, without its line break."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A branch's tree behind a name on a platform, as `make ps` lists it."""

    variant: str
    app: str
    state: str
    """`up`, `starting`, `crashed`, or what else the platform says of its web process; `missing`: a local platform that
    died ran it."""
    address: str
    """Where it is to be seen, as a URL; empty where it is not."""
    branch: str
    commit: str
    tree: str
    since: datetime | None
    """When it got into this state, in UTC, where that is known; at Heroku, when it was deployed."""
    version: str | None = None
    """Heroku's own number of what runs there (`v5`); None on a platform that has none."""
    pid: int | None = None
    """The web process on this machine; None where there is none."""
    dyno: str = ""
    """Where its web process listens itself, behind this machine's router, as a URL."""
    restarts: int = 0
    """How often this machine's platform has started its web process again after a crash."""
    segment_bytes: int | None = None
    """The segment size of this machine's router, in bytes; None where there is no such router."""

    @property
    def page(self) -> str:
        """The address at which its forms are for the segment size that holds; its own where that is no other one."""
        if not self.address or self.segment_bytes is None:
            return self.address
        from scripts.router.segments import form_of  # noqa: PLC0415

        return self.address.removesuffix("/") + form_of(self.segment_bytes)


@dataclass(frozen=True)
class Deployed:
    """What a deploy came to."""

    deployment: Deployment
    note: str = ""
    """What there is to say of it beyond that it is up: that it was before, say."""
    home: str = ""
    """The address of the platform's own page, where it has one."""


class Platform(Protocol):
    """Where branches' trees run."""

    at_once: int
    """How many deploys may be under way at a time."""

    def deploy(self, change: "BranchChange", say: Say) -> Deployed:
        """Run the tree of `change` and return when it answers as its variant; Failure leaves what ran before."""

    def deployments(self) -> list[Deployment]:
        """Return what is deployed, in the order of the variants' names or of the matrix."""

    def logs(self, variant: "Variant", *, lines: int, follow: bool, full: bool) -> int:
        """Show the last `lines` of a variant's log, with `follow` also what is added; return the exit code.

        Long paths are shortened unless `full`, where the log is this machine's.
        """

    def address(self, variant: "Variant") -> str:
        """Return where a variant is to be seen, as a URL; WrongUse where it is not deployed."""

    def down(self) -> bool:
        """End all that runs, and return when it has ended; False: nothing ran."""


@dataclass(frozen=True)
class Settings:
    """What the command line says about a platform; each platform knows its own."""

    port: int | None = None
    segment_bytes: int | None = None
    router: str | None = None
    app: str = ""
    prefix: str = ""


def platform_called(name: str, matrix: "Matrix", settings: Settings) -> Platform:
    """Return the platform with one of NAMES; only its own code is imported."""
    if name == "heroku":
        from scripts.platforms.heroku.heroku import HerokuPlatform  # noqa: PLC0415

        return HerokuPlatform(matrix, app=settings.app, prefix=settings.prefix)
    from scripts.platforms.local.local import LocalPlatform  # noqa: PLC0415

    return LocalPlatform(matrix.root, port=settings.port, segment_bytes=settings.segment_bytes, router=settings.router)


def runs_nothing(name: str, root: Path) -> bool:
    """Say whether a platform runs nothing of the checkout at `root`, as far as can be known without asking anybody."""
    from scripts.platforms.local.places import Places  # noqa: PLC0415

    return name == "local" and Places(root).are_idle

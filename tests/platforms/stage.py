"""A checkout for the tests of the platform, whose slugs are made by hand and run `fake_app.py`."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from scripts.branches.generate import BranchChange
from scripts.matrix import Variant
from scripts.platforms.local.local import LocalPlatform
from scripts.platforms.local.messages import State, read_state
from scripts.platforms.local.places import Places
from scripts.platforms.local.slug import Slug, seal
from scripts.platforms.platform import Deployed, Deployment

FAKE_APP = Path(__file__).with_name("fake_app.py")


def until(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Wait until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this did not come true in time"
        time.sleep(0.005)


def plant_slug(slugs: Path, tree: str, *, variant: str, options: str = "") -> Slug:
    """Make the slug of a tree as `build` would leave it; `options` are fake_app.py's."""
    slug = Slug(tree, slugs / tree)
    slug.python.parent.mkdir(parents=True)
    slug.python.symlink_to(sys.executable)
    shutil.copy(FAKE_APP, slug.folder / "app.py")
    (slug.folder / "variant").write_text(variant)
    (slug.folder / "Procfile").write_text(f"web: exec python app.py {options}\n")
    seal(slug.folder)
    return slug


def processes_below(folder: Path) -> list[int]:
    """Return the ids of the living processes whose working directory is `folder` or below it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                where = (entry / "cwd").readlink()
            except OSError:  # it ended meanwhile
                continue
            if where.is_relative_to(folder):
                found.append(int(entry.name))
    return found


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and that nobody asked about yet does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Stage:
    """A checkout with one variant to deploy."""

    root: Path
    variant: Variant

    def slug(self, letter: str, *, variant: str = "", options: str = "") -> BranchChange:
        """Plant a slug whose tree's id is 40 times `letter`, and return the branch that holds that tree."""
        plant_slug(self.slugs, letter * 40, variant=variant or self.variant.name, options=options)
        return BranchChange(self.variant, "created", commit="f" * 40, tree=letter * 40)

    @property
    def slugs(self) -> Path:
        """Where the slugs are."""
        return self.root / ".local/slugs"

    def folder(self, letter: str) -> Path:
        """Return the folder of a planted slug."""
        return self.slugs / (letter * 40)

    def deploy(
        self, change: BranchChange, *, port: int | None = 0, segment_bytes: int | None = None, router: str | None = None
    ) -> Deployed:
        """Deploy, at any free port."""
        platform = LocalPlatform(self.root, port=port, segment_bytes=segment_bytes, router=router)
        return platform.deploy(change, lambda _: None)

    def state(self) -> State:
        """Return what the supervisor says of itself."""
        state = read_state(Places(self.root))
        assert state
        return state

    @property
    def platform(self) -> LocalPlatform:
        """The checkout's platform."""
        return LocalPlatform(self.root)

    def row(self) -> Deployment:
        """Return the one deployment."""
        (row,) = self.platform.deployments()
        return row

    @property
    def base(self) -> str:
        """The router's address, which is that of all deployments."""
        return f"http://127.0.0.1:{httpx.URL(self.platform.deployments()[0].address).port}"

    def get(self, path: str = "/") -> httpx.Response:
        """Ask the variant's app, through the router."""
        return httpx.get(self.base + path, headers={"Host": self.variant.host}, trust_env=False, timeout=30)

    def log(self) -> str:
        """Return the app's log."""
        return "\n".join(self.platform.log_lines(self.variant, last=1000))

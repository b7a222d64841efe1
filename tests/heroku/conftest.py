"""A user with Heroku's own CLI, and a Heroku on loopback that it speaks to."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.platforms.heroku.deployment_file import DeploymentRecord, write_deployment
from tests.branches.checkouts import Checkout
from tests.heroku import install
from tests.heroku.platform_api import KEY, TIME, HostedApp, PlatformApi
from tests.heroku.remote import certificate, git
from tests.whole.conftest import Clone, clone_working_tree

VARIANTS = ("v0.11.8", "v0.12.0", "v0.12.1")

APP = "uvicorn-issue-344-v0-12-1"


@pytest.fixture(scope="session")
def cli() -> Path:
    """Return the real CLI; where it cannot be had, the test says so, and in CI it fails."""
    if missing := install.missing():
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return install.PROGRAM


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for the git remote."""
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Make a clone with three variants."""
    made = clone_working_tree(tmp_path_factory.mktemp("heroku"))
    for folder in (made.root / "variants").glob("*/"):
        if folder.name not in VARIANTS:
            shutil.rmtree(folder)
        for name in ("deployment.json", "heroku.json"):
            (folder / name).unlink(missing_ok=True)
    made.done("branches")
    return made


class User:
    """Someone at the command line, who is logged in by the variable that the CLI reads."""

    def __init__(self, clone: Clone, home: Path, api: PlatformApi, cli: Path, pem: Path) -> None:
        """Have a clone, a home, a Heroku and its CLI."""
        self.clone = clone
        self.home = home
        self.api = api
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEROKU_", "XDG_", "GIT_"))}
        self.environment = kept | {
            "HOME": str(home),
            "PATH": f"{cli.parent}{os.pathsep}{os.environ['PATH']}",
            "HEROKU_API_KEY": KEY,
            "HEROKU_HOST": api.address,
            "HEROKU_GIT_HOST": api.remote.host,
            "HEROKU_PARTICLEBOARD_URL": api.address,
            "HEROKU_SKIP_NEW_VERSION_CHECK": "true",
            "HEROKU_DISABLE_AUTOUPDATE": "true",
            "DISABLE_TELEMETRY": "true",
            "GIT_SSL_CAINFO": str(pem),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    @property
    def path(self) -> str:
        """Where the user's programs are."""
        return self.environment["PATH"]

    def command(self, *args: str) -> list[str]:
        """Return the command line of a verb at Heroku."""
        return [sys.executable, "-m", "scripts", *args, "--to", "heroku"]

    def verb(self, *args: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a verb at Heroku."""
        return subprocess.run(
            self.command(*args),
            cwd=self.clone.root,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def deploy(self, *args: str) -> str:
        """Deploy v0.12.1, which must succeed; return what was said."""
        done = self.verb("deploy", "--variant", "v0.12.1", *args)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def has_deployed(self, variant: str = "v0.12.1") -> HostedApp:
        """Be somebody who has deployed a variant, without the time that it takes."""
        (change,) = Checkout(self.clone.root).regenerate(variant)
        app = self.api.create(change.variant.app)
        # Past the hook: this is no build.
        git(
            "-C",
            str(self.api.remote.folder / f"{app.name}.git"),
            "fetch",
            "--quiet",
            str(self.clone.root),
            change.commit,
        )
        git("-C", str(self.api.remote.folder / f"{app.name}.git"), "update-ref", "refs/heads/main", change.commit)
        self.api.pushed(app.name, change.commit)
        record = DeploymentRecord(
            app=app.name, web_url=app.web_url, version="v1", commit=change.commit, tree=change.tree, time=TIME
        )
        write_deployment(change.variant, record)
        return app

    def tip(self) -> str:
        """Return the commit of the variant's branch."""
        return git("rev-parse", "quart-uvicorn-v0.12.1", cwd=self.clone.root)

    @property
    def app(self) -> HostedApp:
        """The app of v0.12.1."""
        return self.api.apps[APP]

    def change_app(self) -> None:
        """Make the branches' next tree another one."""
        path = self.clone.root / "common/app/app.py"
        path.write_text(path.read_text() + "\n# A change.\n")

    def file(self, name: str) -> Path:
        """Return a file of the variant."""
        return self.clone.root / "variants/v0.12.1" / name


@pytest.fixture
def api(tmp_path: Path, pem: Path) -> Iterator[PlatformApi]:
    """Serve a Heroku without apps."""
    folder = tmp_path / "repositories"
    folder.mkdir()
    server = PlatformApi(folder, pem)
    yield server
    server.close()


@pytest.fixture
def user(pristine: Clone, api: PlatformApi, cli: Path, pem: Path, tmp_path: Path) -> User:
    """Return a user with a clone and a home of their own, in folders with spaces in their names."""
    home = tmp_path / "a home"
    home.mkdir()
    root = tmp_path / "a clone"
    shutil.copytree(pristine.root, root)
    return User(Clone(root), home, api, cli, pem)

"""A checkout, and a fake Heroku in front of which nothing may be complained of."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.branches.generate import BranchChange
from scripts.matrix import Variant
from scripts.platforms.deployment import write_deployment
from scripts.platforms.heroku.api import Api, connected
from scripts.platforms.heroku.deploy import Deployed, deploy
from scripts.platforms.heroku.key import Account
from scripts.platforms.heroku.limits import Limits
from tests.branches.checkouts import Checkout, new_checkout
from tests.heroku.fake import Fake
from tests.heroku.state import KEY, App

QUICK = Limits(answer=5, request=5, tries=3, backoff=0, weather=5, poll=0, build=5, release=0.2, boot=0.2, page=0.2)
"""No pauses: what shall never come true is given up soon."""


@dataclass
class Desk:
    """Someone who deploys v0.12.1 from a checkout."""

    checkout: Checkout
    fake: Fake
    api: Api
    printed: list[str] = field(default_factory=list)
    _change: BranchChange | None = None

    @property
    def variant(self) -> Variant:
        """The variant."""
        return self.checkout.matrix.one("v0.12.1")

    @property
    def app(self) -> App:
        """Its app at Heroku."""
        return self.fake.apps[self.variant.app]

    def change(self) -> BranchChange:
        """Bring the branch up to date, where the inputs changed."""
        self._change = self._change or self.checkout.regenerate("v0.12.1")[0]
        return self._change

    def deploy(self, *, app: str = "", force: bool = False) -> Deployed:
        """Deploy, and keep where."""
        done = deploy(
            self.api,
            self.checkout.root,
            self.change(),
            app=app,
            force=force,
            say=self.printed.append,
            phase=lambda _: None,
        )
        if done.fresh:
            write_deployment(self.variant, done.deployment)
        return done

    def change_app(self) -> None:
        """Make the branch's next tree another one."""
        path = self.checkout.root / "common/app/app.py"
        self.checkout.change_app(path.read_text() + "\n# A change.\n")
        self._change = None


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Make a checkout with the variant's branch once."""
    checkout = new_checkout(tmp_path_factory.mktemp("heroku") / "it")
    checkout.regenerate("v0.12.1")
    return checkout


@pytest.fixture
def checkout(pristine: Checkout, tmp_path: Path) -> Checkout:
    """Return a checkout of the test's own."""
    copy = tmp_path / "a check out"
    shutil.copytree(pristine.root, copy)
    return Checkout(copy)


@pytest.fixture
def fake(checkout: Checkout) -> Iterator[Fake]:
    """Serve a Heroku which, in the end, has nothing to complain of."""
    server = Fake(checkout.root)
    try:
        yield server
        assert server.complaints == []
        assert server.faults == []
    finally:
        server.close()


@pytest.fixture
def desk(checkout: Checkout, fake: Fake) -> Iterator[Desk]:
    """Return someone who deploys without pauses."""
    with connected(Account(fake.address, KEY), QUICK) as api:
        yield Desk(checkout, fake, api)

"""Checkouts for the tests of the branches."""

import shutil
from pathlib import Path

import pytest

from tests.branches.checkouts import Checkout, new_checkout


@pytest.fixture(scope="session")
def prototype(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Make the checkout that each test gets a copy of; it has two variants, so that tests are fast."""
    return new_checkout(tmp_path_factory.mktemp("prototype") / "it", drop=("patched", "v0.12.0", "v0.12.2", "v0.12.3"))


@pytest.fixture
def checkout(prototype: Checkout, tmp_path: Path) -> Checkout:
    """Return a fresh checkout of v0.11.8 and v0.12.1, in a folder with a space in its name."""
    shutil.copytree(prototype.root, tmp_path / "a checkout", symlinks=True)
    return Checkout(tmp_path / "a checkout")


@pytest.fixture
def origin(checkout: Checkout, tmp_path: Path) -> Checkout:
    """Return a bare repository that `checkout` has as its origin, with the branches of its first commit."""
    checkout.regenerate()
    checkout.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    checkout.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    checkout.git("push", "--quiet", "origin", "--all")
    checkout.git("fetch", "--quiet", "origin")
    return Checkout(tmp_path / "origin.git")

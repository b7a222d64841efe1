"""Checkouts for the tests of the branches."""

import shutil
from pathlib import Path

import pytest

from tests.branches.checkouts import PROJECT, Checkout, new_checkout


@pytest.fixture(scope="session")
def prototype(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Make the checkout that each test gets a copy of; it has two variants, so that tests are fast."""
    others = {folder.name for folder in (PROJECT / "variants").iterdir() if folder.is_dir()} - {"v0.11.8", "v0.12.1"}
    return new_checkout(tmp_path_factory.mktemp("prototype") / "it", drop=tuple(others))


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

"""The inputs of a branch, read from a checkout."""

import shutil

import pytest

from scripts.branches.inputs import read_inputs, wanted_files
from scripts.branches.tree import tree_id
from scripts.errors import Failure, WrongUse
from tests.branches.checkouts import Checkout, new_checkout


def test_what_tools_leave_behind_is_no_part_of_the_app(checkout: Checkout) -> None:
    """Compiled files, editors' copies and hidden files do not reach the branch; a new file does."""
    before = read_inputs(checkout.matrix, checkout.matrix.one("v0.12.1")).app
    for path in ("__pycache__/app.cpython-38.pyc", "templates/.index.html.swp", "app.py~", ".DS_Store"):
        checkout.write(f"common/app/{path}", "")
    checkout.write("common/app/static/new.txt", "new")
    after = read_inputs(checkout.matrix, checkout.matrix.one("v0.12.1")).app
    assert after.keys() - before.keys() == {"static/new.txt"}


def test_modes_do_not_count(checkout: Checkout) -> None:
    """A file system that marks every file executable gives the same tree."""
    variant = checkout.matrix.one("v0.12.1")
    before = tree_id(wanted_files(checkout.matrix, variant))
    (checkout.root / "common/app/app.py").chmod(0o755)
    assert tree_id(wanted_files(checkout.matrix, variant)) == before


def test_a_link_in_the_app_is_refused(checkout: Checkout) -> None:
    """A link could lead out of the checkout."""
    (checkout.root / "common/app/hosts").symlink_to("/etc/hosts")
    with pytest.raises(WrongUse, match=r"common/app/hosts is a link"):
        checkout.regenerate()


def test_missing_pins_are_told_with_the_command_that_makes_them(checkout: Checkout) -> None:
    """A variant without requirements.txt has no branch."""
    (checkout.root / "variants/v0.12.1/requirements.txt").unlink()
    with pytest.raises(Failure, match=r"requirements\.txt is missing.*make pin VARIANT=v0\.12\.1$"):
        checkout.regenerate("v0.12.1")


@pytest.mark.parametrize("path", ["common/app", "LICENSE"])
def test_a_missing_input_is_told_with_the_command_that_restores_it(checkout: Checkout, path: str) -> None:
    """What every branch needs is named when it is gone."""
    target = checkout.root / path
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    with pytest.raises(WrongUse, match=f"git checkout -- {path}$"):
        checkout.regenerate()


def test_a_template_in_another_encoding_is_refused(checkout: Checkout) -> None:
    """The error names the template."""
    (checkout.root / "common/branch/README.md.j2").write_bytes(b"\xff")
    with pytest.raises(WrongUse, match=r"common/branch/README\.md\.j2 is no UTF-8"):
        checkout.regenerate()


def test_a_wheel_that_is_not_pinned_is_refused(prototype: Checkout, checkout: Checkout) -> None:
    """Pins of another patch are stale, and the line says how to mend them."""
    project = new_checkout(checkout.root / "with patched", drop=())
    pins = project.root / "variants/patched/requirements.txt"
    pins.write_bytes((prototype.root / "variants/v0.11.8/requirements.txt").read_bytes())
    with pytest.raises(Failure, match=r"requirements\.txt is stale: .*make pin VARIANT=patched$"):
        read_inputs(project.matrix, project.matrix.one("patched"))

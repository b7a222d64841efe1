"""What is read with git: a branch's tree, and its files."""

from pathlib import Path

import pytest

from scripts.branches.git import export, git, open_repository, read_tips
from scripts.branches.inputs import wanted_files
from scripts.branches.plan import Tip
from scripts.branches.tree import tree_id
from scripts.errors import Failure
from tests.branches.checkouts import Checkout


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_branchs_tip_and_tree_are_found(checkout: Checkout) -> None:
    """The ids are those that regenerating told."""
    change = checkout.regenerate("v0.12.1")[0]
    ref = f"refs/heads/{change.branch}"
    assert read_tips(open_repository(checkout.root), [ref]) == {ref: Tip(change.commit, change.tree)}
    assert change.tree == tree_id(wanted_files(checkout.matrix, change.variant))


def test_nothing_is_taken_for_a_branch_that_is_not_there(checkout: Checkout) -> None:
    """Not a tag, not a longer name."""
    checkout.git("tag", "quart")
    checkout.git("branch", "quart-else")
    assert read_tips(open_repository(checkout.root), ["refs/heads/quart"]) == {}


def test_an_exported_tree_is_the_wanted_files(checkout: Checkout, tmp_path: Path) -> None:
    """All files of the branch, byte for byte, in a folder that was not there."""
    change = checkout.regenerate("v0.12.1")[0]
    export(checkout.root, change.tree, tmp_path / "some where" / "out")
    wanted = wanted_files(checkout.matrix, change.variant)
    assert files_of(tmp_path / "some where" / "out") == {path: file.content for path, file in wanted.items()}


def test_a_tree_is_exported_into_an_empty_folder(checkout: Checkout, tmp_path: Path) -> None:
    """A folder that a build has made already is filled."""
    change = checkout.regenerate("v0.12.1")[0]
    (tmp_path / "out").mkdir()
    export(checkout.root, change.tree, tmp_path / "out")
    assert (tmp_path / "out/Procfile").is_file()


def test_no_line_ending_is_changed_by_an_export(checkout: Checkout, tmp_path: Path) -> None:
    """Attributes and settings that change files in a checkout do not count."""
    (checkout.root / "common/app/app.py").write_bytes(b"1\r\n2\n")
    tree = checkout.regenerate("v0.12.1")[0].tree
    checkout.git("config", "core.autocrlf", "true")
    checkout.write(".git/info/attributes", "* text eol=crlf\nREADME.md export-ignore\n")
    export(checkout.root, tree, tmp_path / "out")
    assert (tmp_path / "out/app.py").read_bytes() == b"1\r\n2\n"
    assert (tmp_path / "out/Procfile").read_bytes().endswith(b'PORT"\n')
    assert (tmp_path / "out/README.md").is_file()


def test_an_executable_file_stays_executable(checkout: Checkout, tmp_path: Path) -> None:
    """The tree's modes are the folder's."""
    blob = checkout.git("hash-object", "-w", "--stdin", stdin="#!/bin/sh\n")
    tree = checkout.git("mktree", stdin=f"100755 blob {blob}\trun\n100644 blob {blob}\tread\n")
    export(checkout.root, tree, tmp_path / "out")
    assert (tmp_path / "out/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out/read").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("mode", "name"), [("120000", "link"), ("100644", "..")])
def test_a_tree_that_could_write_elsewhere_is_not_exported(
    checkout: Checkout, tmp_path: Path, mode: str, name: str
) -> None:
    """A link, or a path out of the folder, is refused before a file is written."""
    blob = checkout.git("hash-object", "-w", "--stdin", stdin="/etc")
    inner = checkout.git("mktree", stdin=f"{mode} blob {blob}\t{name}\n")
    tree = checkout.git("mktree", stdin=f"040000 tree {inner}\tfolder\n")
    with pytest.raises(Failure, match=f"folder/{name} in the tree .* is no file"):
        export(checkout.root, tree, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_tree_is_not_exported(checkout: Checkout, tmp_path: Path) -> None:
    """Git's own word about it is the error, and no folder is left."""
    with pytest.raises(Failure, match="git ls-tree ended with code 128"):
        export(checkout.root, "1" * 40, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_variables_of_a_hook_do_not_point_git_elsewhere(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which repository is meant follows from the folder alone."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "else"))
    assert git(checkout.root, "rev-parse", "--show-toplevel").text == str(checkout.root)


def test_a_folder_that_is_no_checkout_is_told_so(tmp_path: Path) -> None:
    """A downloaded archive has no branches to make."""
    with pytest.raises(Failure, match=r"is no git checkout.*git clone"):
        open_repository(tmp_path)


def test_a_folder_inside_another_checkout_is_told_so(checkout: Checkout) -> None:
    """An archive that was unpacked inside some repository must not get its branches there."""
    with pytest.raises(Failure, match="is no git checkout: it lies inside another one"):
        open_repository(checkout.root / "common")


def test_a_checkout_may_have_a_line_feed_in_its_path(checkout: Checkout, tmp_path: Path) -> None:
    """A folder's name may hold anything but a slash; git prints it as it is."""
    odd = checkout.root.rename(tmp_path / "two\nlines")
    assert open_repository(odd).common == odd / ".git"


@pytest.mark.parametrize("version", ["git version 2.30.9", "git version 1.99.0 (Apple Git-1)", "something else"])
def test_a_git_that_is_too_old_is_told_so(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """The line names the version that is needed."""
    (tmp_path / "git").write_text(f"#!/bin/sh\necho '{version}'\n", encoding="utf-8")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match=r"^git is too old: it is .*2\.31 or later$"):
        open_repository(checkout.root)


def test_a_machine_without_git_is_told_so(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match=r"^git cannot be run: .*Install it$"):
        open_repository(checkout.root)

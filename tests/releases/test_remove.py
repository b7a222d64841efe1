"""`remove` as its user runs it, in a clone: what it takes out, what it refuses, and that a failure changes nothing."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.errors import Failure, WrongUse
from scripts.matrix import load
from scripts.releases.remove import remove, without
from tests.releases.test_update import failure, state
from tests.whole.conftest import Clone, clone_working_tree

NAME, BRANCH = "v0.12.0", "quart-uvicorn-v0.12.0"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Give the module a clone with its branches, which origin has too."""
    made = clone_working_tree(tmp_path_factory.mktemp("remove"))
    made.done("branches")
    assert made.run("git", "push", "--quiet", "origin", BRANCH).returncode == 0
    return made


@pytest.fixture
def clone(source: Clone) -> Iterator[Clone]:
    """Give each test the clone as it was."""
    tip = source.run("git", "rev-parse", BRANCH).stdout.strip()
    yield source
    source.run("git", "reset", "--quiet", "--hard", "origin/main")
    source.run("git", "update-ref", f"refs/heads/{BRANCH}", tip)


def test_folder_row_and_local_branch_go_and_origins_branch_stays(clone: Clone) -> None:
    """The output names all of it, and the checkout is as if the variant had never been there."""
    told = clone.done("remove", VARIANT=NAME)
    assert f"variants/{NAME}/: removed" in told
    assert "README.md: written" in told
    assert f"{BRANCH} stays on origin" in told
    assert not (clone.root / "variants" / NAME).exists()
    assert BRANCH not in (clone.root / "README.md").read_text()
    assert clone.run("git", "rev-parse", "--verify", "--quiet", f"refs/heads/{BRANCH}").returncode == 1
    assert clone.run("git", "ls-remote", "--heads", "origin", BRANCH).stdout
    assert clone.done("readme").count(": unchanged") == 3
    assert NAME not in [row["variant"] for row in json.loads(clone.done("matrix", JSON="1"))]
    assert not list((clone.root / ".local").glob("removed.*"))


def test_the_branchs_name_does_as_well_and_json_tells_the_commit(clone: Clone) -> None:
    """The command that is printed brings the branch back; programs get its commit."""
    tip = clone.run("git", "rev-parse", BRANCH).stdout.strip()
    told = json.loads(clone.done("remove", VARIANT=BRANCH, JSON="1"))
    assert (told["variant"], told["commit"], told["on_origin"]) == (NAME, tip, True)


def test_uncommitted_work_is_lost_only_by_force(clone: Clone) -> None:
    """A file that no commit has stops the removal, with its name; FORCE=1 does not mind."""
    (clone.root / "variants" / NAME / "notes.txt").write_text("mine\n")
    before = state(clone.root)
    said = failure(clone.verb("remove", VARIANT=NAME), 1)
    assert said.startswith(f"variants/{NAME}/ holds work that is not committed: variants/{NAME}/notes.txt. ")
    assert said.endswith("FORCE=1")
    assert state(clone.root) == before
    clone.done("remove", VARIANT=NAME, FORCE="1")
    assert not (clone.root / "variants" / NAME).exists()


def test_a_branch_that_is_checked_out_is_not_taken_away(clone: Clone, tmp_path: Path) -> None:
    """Not even by force; the line names the worktree."""
    clone.run("git", "worktree", "add", "--quiet", str(tmp_path / "there"), BRANCH)
    before = state(clone.root)
    said = failure(clone.verb("remove", VARIANT=NAME, FORCE="1"), 1)
    assert said == f"branch {BRANCH} is checked out: {tmp_path / 'there'}. Check out another one there"
    assert state(clone.root) == before
    clone.run("git", "worktree", "remove", str(tmp_path / "there"))


def test_a_commit_by_hand_is_lost_only_by_force(clone: Clone) -> None:
    """It may be nowhere else; the line says how to keep it."""
    identity = ("-c", "user.name=Keeper", "-c", "user.email=keeper@example.invalid")
    hand = clone.run(
        "git", *identity, "commit-tree", f"{BRANCH}^{{tree}}", "-p", BRANCH, "-m", "By hand"
    ).stdout.strip()
    clone.run("git", "update-ref", f"refs/heads/{BRANCH}", hand)
    said = failure(clone.verb("remove", VARIANT=NAME), 1)
    assert said.startswith(f"branch {BRANCH} has 1 commit(s) that this tool did not make: {hand}. ")
    clone.done("remove", VARIANT=NAME, FORCE="1")


def test_a_removal_that_fails_halfway_changes_nothing(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last step fails, when the README is written and the branch is gone: all of it is put back."""
    before, matrix = state(clone.root), load(clone.root)

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(f"{self} does not go to {target}")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        remove(matrix, matrix.one(NAME), {Path("README.md"): "without a table\n"})
    monkeypatch.undo()
    assert state(clone.root) == before


def test_a_variant_without_a_branch_is_taken_out_too(clone: Clone) -> None:
    """As in a fresh clone, where no branch was generated."""
    clone.run("git", "update-ref", "-d", f"refs/heads/{BRANCH}")
    told = clone.done("remove", VARIANT=NAME)
    assert "removed here" not in told


def test_the_last_release_as_it_is_stays(clone: Clone) -> None:
    """Without one there is no newest uvicorn to speak of."""
    matrix = load(clone.root)
    for variant in [each for each in matrix.variants if not each.patch][1:]:
        matrix = without(matrix, variant)
    last = next(each for each in matrix.variants if not each.patch)
    with pytest.raises(WrongUse, match=r"is the last variant of a release as it is\. Add another one first$"):
        without(matrix, last)


def test_outside_git_nothing_is_taken_out(clone: Clone, tmp_path: Path) -> None:
    """What git does not keep could not be brought back."""
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", clone.root, copy], check=True)
    subprocess.run(["rm", "-rf", copy / ".git"], check=True)
    matrix = load(copy)
    with pytest.raises(Failure, match="is no git checkout"):
        remove(matrix, matrix.one(NAME), {})
    assert (copy / "variants" / NAME).is_dir()

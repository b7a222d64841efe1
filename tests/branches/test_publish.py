"""Publishing, from real checkouts to real bare repositories."""

import os
import re
import shutil
from pathlib import Path

import pytest

from scripts.branches import publish as push
from scripts.errors import Failure
from tests.branches.checkouts import Checkout, wrap_git

QUART = "refs/heads/quart"
NEXT = "refs/heads/quart-uvicorn-v0.12.1"


@pytest.fixture
def bare(checkout: Checkout, tmp_path: Path) -> Checkout:
    """Return an empty bare repository that `checkout` has as its origin."""
    checkout.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "a bare one.git"))
    checkout.git("remote", "add", "origin", str(tmp_path / "a bare one.git"))
    return Checkout(tmp_path / "a bare one.git")


def publish(checkout: Checkout, *, dry_run: bool = False) -> dict[str, push.State]:
    """Push main, whatever origin's was, then publish all variants, and return what became of each."""
    checkout.git("push", "--quiet", "--no-follow-tags", "--force", "origin", "main")
    return {each.variant.name: each.state for each in push.publish(checkout.matrix, dry_run=dry_run)}


def another(checkout: Checkout, bare: Checkout, folder: Path) -> Checkout:
    """Return a checkout of the same commit on another machine, with the same origin."""
    clone = checkout.clone(folder)
    clone.git("remote", "set-url", "origin", str(bare.root))
    return clone


def commit_by_hand(bare: Checkout, tip: str) -> str:
    """Put somebody's own commit on a branch of origin's, and return its id."""
    commit = bare.git("commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "By hand")
    bare.git("update-ref", tip, commit)
    return commit


def hook(bare: Checkout, name: str, script: str) -> None:
    """Give origin a hook."""
    path = bare.root / "hooks" / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def test_an_empty_origin_gets_all_branches_and_then_there_is_nothing_to_push(
    checkout: Checkout, bare: Checkout
) -> None:
    """The second run finds all of them as they should be."""
    assert publish(checkout) == {"v0.11.8": "new", "v0.12.1": "new"}
    assert bare.refs() == checkout.branches()
    assert publish(checkout) == {"v0.11.8": "unchanged", "v0.12.1": "unchanged"}


def test_a_change_of_main_is_pushed_on_top(checkout: Checkout, bare: Checkout) -> None:
    """Only the branch whose inputs changed moves, and nothing is lost."""
    publish(checkout)
    before = bare.refs()
    checkout.write("variants/v0.12.1/requirements.txt", "# none\n")
    checkout.commit()
    assert publish(checkout) == {"v0.11.8": "unchanged", "v0.12.1": "updated"}
    assert bare.git("rev-parse", f"{NEXT}^") == before[NEXT]
    assert bare.refs()[QUART] == before[QUART]


def test_two_machines_publish_the_same_commits(checkout: Checkout, bare: Checkout, tmp_path: Path) -> None:
    """What is pushed does not depend on what a machine generated before, not even from a dirty tree."""
    there = checkout.clone(tmp_path / "there")
    there.regenerate()
    checkout.write("common/app/app.py", "# an experiment")
    checkout.regenerate()
    checkout.git("checkout", "--quiet", "--", "common")
    publish(checkout)
    assert bare.refs() == there.branches()


def test_an_origin_that_moved_on_is_built_upon(checkout: Checkout, bare: Checkout, tmp_path: Path) -> None:
    """Another machine's newer branches are fetched and gone on from, also where this one generated its own."""
    publish(checkout)
    other = another(checkout, bare, tmp_path / "other")
    other.change_app("# theirs")
    publish(other)
    theirs = bare.refs()
    checkout.change_app("# mine")
    checkout.regenerate()
    assert set(publish(checkout).values()) == {"updated"}
    assert {ref: bare.git("rev-parse", f"{ref}^") for ref in theirs} == theirs
    assert bare.git("show", f"{QUART}:app.py") == "# mine"


def test_an_origin_that_moves_between_fetch_and_push_moves_no_other_branch(
    checkout: Checkout, bare: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One branch is refused, so all are; the line says so, and running again mends it."""
    publish(checkout)
    other = another(checkout, bare, tmp_path / "other")
    other.change_app("# theirs")
    checkout.change_app("# mine")
    other.git("fetch", "--quiet")
    other.regenerate("v0.11.8")
    before = bare.refs()
    checkout.git("push", "--quiet", "--no-follow-tags", "--force", "origin", "main")
    wrap_git(tmp_path / "meanwhile", monkeypatch, "push", f'$git -C "{other.root}" push --quiet origin quart')
    with pytest.raises(Failure, match=r"no branch moved on origin\. Run again, .*: make publish\.") as failure:
        push.publish(checkout.matrix)
    assert re.fullmatch(r"\[.*rejected\] \(.*\): quart", failure.value.lines[0])
    assert bare.refs()[NEXT] == before[NEXT]
    assert bare.refs()[QUART] == other.branches()[QUART]
    assert set(publish(checkout).values()) == {"updated"}


@pytest.mark.parametrize("below", [False, True], ids=["on top", "below a generated one"])
def test_a_foreign_commit_on_one_branch_stops_all(checkout: Checkout, bare: Checkout, below: bool) -> None:
    """The line names the branch and the commit; origin stays as it is, and so do the local branches."""
    publish(checkout)
    foreign = commit_by_hand(bare, QUART)
    if below:
        checkout.git("fetch", "--quiet", "origin", f"{QUART}:{QUART}")
        checkout.change_app("# new")
        checkout.regenerate("v0.11.8")
        checkout.git("push", "--quiet", "origin", "quart")
    checkout.change_app("# newer")
    before = bare.refs(), checkout.branches()
    with pytest.raises(Failure, match=rf"^branch quart on origin has 1 commit.* did not make: {foreign}\. "):
        publish(checkout)
    assert (bare.refs(), checkout.branches()) == before


def test_a_foreign_branch_that_was_taken_away_is_no_obstacle(checkout: Checkout, bare: Checkout) -> None:
    """What the error advises helps: what this clone still knows of it is forgotten."""
    publish(checkout)
    commit_by_hand(bare, QUART)
    with pytest.raises(Failure, match="did not make"):
        publish(checkout)
    checkout.git("push", "--quiet", "origin", ":quart")
    checkout.git("update-ref", "refs/remotes/origin/quart", "main")
    assert publish(checkout) == {"v0.11.8": "new", "v0.12.1": "unchanged"}


def test_a_commit_by_hand_on_a_local_branch_is_neither_published_nor_lost(checkout: Checkout, bare: Checkout) -> None:
    """The line says how to keep it."""
    publish(checkout)
    hand = checkout.git("commit-tree", "quart^{tree}", "-p", "quart", "-m", "By hand")
    checkout.git("update-ref", QUART, hand)
    before = bare.refs()
    with pytest.raises(Failure, match=rf"{hand[:10]}\. .*git branch -m quart quart-by-hand$"):
        publish(checkout)
    assert (bare.refs(), checkout.branches()[QUART]) == (before, hand)


def test_a_push_that_is_refused_halfway_moves_no_branch(checkout: Checkout, bare: Checkout) -> None:
    """Not here either. The hook's own words are in the line, and the branch that it refused."""
    publish(checkout)
    hook(bare, "update", f'[ "$1" != {NEXT} ] || {{ echo this one is frozen; exit 1; }}')
    checkout.change_app("# new")
    before = bare.refs(), checkout.branches()
    with pytest.raises(Failure, match=r"no branch moved on origin") as failure:
        publish(checkout)
    assert "[remote rejected] (hook declined): quart-uvicorn-v0.12.1" in failure.value.lines
    assert "remote: this one is frozen" in failure.value.lines
    assert (bare.refs(), checkout.branches()) == before


@pytest.mark.parametrize(
    "path", ["notes.txt", "common/app/app.py", "common/app/ignored.log", "variants/v0.12.1/verdict.json"]
)
def test_a_tree_that_is_not_clean_is_refused(checkout: Checkout, bare: Checkout, path: str) -> None:
    """What is dirty is named, also an input that git ignores; nothing is generated or pushed."""
    (checkout.root / ".git/info/exclude").write_text("*.log\n", encoding="utf-8")
    checkout.write(path, "changed")
    with pytest.raises(Failure, match=rf"^the working tree is not clean.*: {path}\. "):
        push.publish(checkout.matrix)
    assert bare.refs() == checkout.branches() == {}


def test_what_tools_leave_behind_does_not_count_as_dirty(checkout: Checkout, bare: Checkout) -> None:
    """Compiled files are ignored by git and by the branches."""
    (checkout.root / ".git/info/exclude").write_text("__pycache__/\n", encoding="utf-8")
    checkout.write("common/app/__pycache__/app.cpython-311.pyc", "")
    assert publish(checkout).keys() == {"v0.11.8", "v0.12.1"}
    assert bare.refs()


def test_another_branch_than_main_is_refused(checkout: Checkout, bare: Checkout) -> None:
    """Also at main's own commit; nothing is generated or pushed."""
    checkout.git("push", "--quiet", "origin", "main")
    checkout.git("switch", "--quiet", "--create", "a-trial")
    with pytest.raises(Failure, match=r"^a-trial is checked out, .*git switch main$"):
        push.publish(checkout.matrix)
    assert bare.refs() == {}


def test_a_checkout_without_a_branch_is_refused(checkout: Checkout, bare: Checkout) -> None:
    """Nobody could tell later which main its commit belongs to."""
    checkout.git("push", "--quiet", "origin", "main")
    checkout.git("checkout", "--quiet", "--detach", "main")
    with pytest.raises(Failure, match=r"^no branch is checked out, .*git switch main$"):
        push.publish(checkout.matrix)
    assert bare.refs() == {}


@pytest.mark.parametrize("there", [True, False], ids=["older main", "no main"])
def test_a_commit_that_origins_main_has_not_is_refused(checkout: Checkout, bare: Checkout, there: bool) -> None:
    """A branch that is made of it would name a commit that nobody else has; no branch moves, here or there."""
    if there:
        publish(checkout)
        checkout.change_app("# not pushed")
    before = bare.refs(), checkout.branches()
    with pytest.raises(Failure, match=r"^origin's main has not this commit: .*git push origin main$"):
        push.publish(checkout.matrix)
    assert (bare.refs(), checkout.branches()) == before


def test_a_main_that_lacks_some_of_origins_is_refused(checkout: Checkout, bare: Checkout, tmp_path: Path) -> None:
    """Branches of an older main would undo what the newer one has published."""
    other = another(checkout, bare, tmp_path / "other")
    newer = other.change_app("# newer")
    other.git("push", "--quiet", "origin", "main")
    with pytest.raises(Failure, match=rf"^this is not the newest main: .*{newer[:10]}.*git pull origin main$"):
        push.publish(checkout.matrix)
    checkout.git("pull", "--quiet", "--ff-only", "origin", "main")
    assert set(publish(checkout).values()) == {"new"}


def test_a_dry_run_changes_nothing_here_or_on_origin(checkout: Checkout, bare: Checkout) -> None:
    """It tells what a run would push, and that run pushes it."""
    publish(checkout)
    checkout.change_app("# new")
    checkout.git("push", "--quiet", "origin", "main")
    before = bare.refs(), checkout.refs()
    told = push.publish(checkout.matrix, dry_run=True)
    assert (bare.refs(), checkout.refs()) == before
    assert push.publish(checkout.matrix) == told
    assert bare.refs() == {f"refs/heads/{each.variant.branch}": each.new for each in told}


def test_a_shallow_clone_publishes_what_a_whole_one_does(checkout: Checkout, bare: Checkout, tmp_path: Path) -> None:
    """Automation fetches one commit of main; the branches it needs are fetched by themselves."""
    publish(checkout)
    checkout.change_app("# new")
    checkout.git("push", "--quiet", "origin", "main")
    whole, shallow = bare.clone(tmp_path / "whole"), bare.clone(tmp_path / "shallow", "--depth=1")
    publish(shallow)
    assert set(publish(whole).values()) == {"unchanged"}
    assert bare.git("rev-list", "--count", QUART) == "2"


def test_a_history_that_is_cut_is_not_trusted(checkout: Checkout, bare: Checkout, tmp_path: Path) -> None:
    """A foreign commit could lie below the shallow end; the line has the command that shows it."""
    checkout.git("push", "--quiet", "origin", "main")
    publish(checkout)
    checkout.change_app("# new")
    publish(checkout)
    checkout.git("push", "--quiet", "origin", "main")
    shallow = bare.clone(tmp_path / "shallow", "--depth=1", "--no-single-branch")
    with pytest.raises(Failure, match=r"history is shallow\. .*git fetch --unshallow origin$"):
        publish(shallow)
    shallow.git("fetch", "--quiet", "--unshallow", "origin")
    assert set(publish(shallow).values()) == {"unchanged"}


def test_without_an_origin_that_is_said(checkout: Checkout) -> None:
    """One line, with the command that adds one."""
    with pytest.raises(Failure, match=r"^there is no remote called origin\. Add it: git remote add origin ADDRESS$"):
        push.publish(checkout.matrix)
    assert checkout.branches() == {}


def test_an_origin_that_is_not_there_is_one_clear_line(checkout: Checkout, bare: Checkout) -> None:
    """The line has git's own reason; nothing was generated."""
    shutil.rmtree(bare.root)
    with pytest.raises(Failure, match=r"^git ls-remote could not be done with origin") as failure:
        push.publish(checkout.matrix)
    assert any("not appear to be a git repository" in line for line in failure.value.lines)
    assert checkout.branches() == {}


def test_the_users_own_way_to_origin_is_used_and_gets_its_token(
    checkout: Checkout, bare: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transport that the environment names is run, with the token; hooks of this clone are not."""
    transport = tmp_path / "ssh"
    transport.write_text(
        f'#!/bin/sh\necho "$GH_TOKEN $GIT_TERMINAL_PROMPT" >> "{tmp_path}/told"\nshift\neval exec "$@"\n',
        encoding="utf-8",
    )
    transport.chmod(0o755)
    checkout.git("push", "--quiet", "origin", "main")
    checkout.git("remote", "set-url", "origin", f"host.invalid:{bare.root}")
    hook(Checkout(checkout.root / ".git"), "pre-push", "exit 1")
    monkeypatch.setenv("GIT_SSH_COMMAND", f"'{transport}'")
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    monkeypatch.setenv("GH_TOKEN", "a-token")
    monkeypatch.setenv("GIT_DIR", os.devnull)
    assert {each.state for each in push.publish(checkout.matrix)} == {"new"}
    assert bare.refs() == checkout.branches()
    assert set((tmp_path / "told").read_text("utf-8").splitlines()) == {"a-token 0"}


def test_a_push_follows_no_tag_and_needs_no_setting(checkout: Checkout, bare: Checkout) -> None:
    """Settings for a person's own pushes do not count."""
    for key, value in {"push.followTags": "true", "push.default": "matching", "remote.origin.push": "main"}.items():
        checkout.git("config", key, value)
    checkout.git("tag", "--annotate", "--message=one", "v1")
    publish(checkout)
    assert bare.refs().keys() == {QUART, NEXT}

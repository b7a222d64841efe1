"""Bringing the branches up to date, with real git in temporary repositories."""

import logging
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.branches.generate import main_commit, regenerate
from scripts.errors import Failure, WrongUse
from tests.branches.checkouts import PROJECT, Checkout, actions_of, commits_of, new_checkout, wrap_git

QUART = "refs/heads/quart"
NEXT = "refs/heads/quart-uvicorn-v0.12.1"


def test_two_clones_get_the_same_commits(checkout: Checkout, tmp_path: Path) -> None:
    """The same commit of main gives the same commit ids in another folder, on what could be another machine."""
    here = checkout.clone(tmp_path / "here")
    there = checkout.clone(tmp_path / "over there")
    assert commits_of(here.regenerate()) == commits_of(there.regenerate())
    assert here.branches() == there.branches()
    assert here.branches().keys() == {QUART, NEXT}


def test_a_second_run_changes_nothing(checkout: Checkout) -> None:
    """All branches are told unchanged, with the commits that they have."""
    first = checkout.regenerate()
    refs = checkout.refs()
    second = checkout.regenerate()
    assert actions_of(first) == {"v0.11.8": "created", "v0.12.1": "created"}
    assert actions_of(second) == {"v0.11.8": "unchanged", "v0.12.1": "unchanged"}
    assert commits_of(second) == commits_of(first)
    assert checkout.refs() == refs


def test_another_commit_of_main_with_the_same_inputs_changes_nothing(checkout: Checkout) -> None:
    """A branch gets no commit for a verdict, a deployment or a file that it is not made from."""
    before = commits_of(checkout.regenerate())
    checkout.write("variants/v0.11.8/verdict.json", "{}")
    checkout.write("README.md", "Another")
    checkout.commit()
    assert commits_of(checkout.regenerate()) == before


def test_a_changed_input_adds_a_commit_on_top(checkout: Checkout) -> None:
    """An updated branch goes on from its tip, and its size is told."""
    before = commits_of(checkout.regenerate())
    checkout.write("common/app/new.txt", "one\ntwo\n")
    source = checkout.commit()
    change = checkout.regenerate()[1]
    assert (change.action, change.size) == ("updated", "1 file changed, 2 insertions(+)")
    assert checkout.git("rev-parse", f"{change.commit}^") == before[change.branch]
    assert checkout.git("log", "-1", "--format=%s", change.commit) == "v0.12.1: change new.txt"
    trailers = checkout.git("log", "-1", "--format=%(trailers)", change.commit).splitlines()
    assert trailers == [f"Source-Commit: {source}", "Variant: v0.12.1"]


def test_only_a_branch_whose_inputs_changed_is_updated(checkout: Checkout) -> None:
    """Other pins for one variant leave the other's branch alone."""
    before = commits_of(checkout.regenerate())
    checkout.write("variants/v0.12.1/requirements.txt", "# none\n")
    checkout.commit()
    changes = checkout.regenerate()
    assert actions_of(changes) == {"v0.11.8": "unchanged", "v0.12.1": "updated"}
    assert commits_of(changes)["quart"] == before["quart"]


def test_one_variant_alone_can_be_regenerated(checkout: Checkout) -> None:
    """The other branches are not made."""
    assert commits_of(checkout.regenerate("v0.12.1")).keys() == {"quart-uvicorn-v0.12.1"}
    assert checkout.branches().keys() == {NEXT}


def test_people_and_dates_do_not_come_from_the_machine(checkout: Checkout) -> None:
    """Author and committer are the project's, both dates are those of main's commit, in UTC."""
    change = checkout.regenerate()[0]
    told = checkout.git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%ad|%cd", "--date=raw", change.commit)
    who = checkout.matrix.project.committer
    assert told == f"{who}|{who}|1700000000 +0000|1700000000 +0000"


def test_no_checkout_is_touched(checkout: Checkout) -> None:
    """HEAD, index and working tree stay as they are, also with changes that are not committed."""
    checkout.write("common/app/app.py", "# staged")
    checkout.git("add", "--all")
    checkout.write("common/app/app.py", "# not staged")
    before = checkout.git("status", "--porcelain"), checkout.git("rev-parse", "HEAD"), checkout.git("diff", "HEAD")
    checkout.regenerate()
    assert before == (
        checkout.git("status", "--porcelain"),
        checkout.git("rev-parse", "HEAD"),
        checkout.git("diff", "HEAD"),
    )


@pytest.mark.parametrize("path", ["common/app/untracked.txt", "variants/v0.12.1/requirements.txt", "LICENSE"])
def test_inputs_that_are_not_committed_are_told_in_the_trailer(checkout: Checkout, path: str) -> None:
    """A branch that no commit of main gives says so."""
    checkout.write(path, "changed")
    commit = checkout.regenerate("v0.12.1")[0].commit
    head = checkout.git("rev-parse", "HEAD")
    assert f"\nSource-Commit: {head}-dirty\n" in checkout.git("cat-file", "commit", commit)


def test_what_a_command_has_just_written_makes_no_branch_dirty(checkout: Checkout) -> None:
    """Where the commit to name was asked for before, it counts as it was then."""
    source = main_commit(checkout.root)
    checkout.write("variants/v0.12.1/requirements.txt", "# none\n")
    matrix = checkout.matrix
    (change,) = regenerate(matrix, [matrix.one("v0.12.1")], source=source)
    assert f"\nSource-Commit: {source.commit}\n" in checkout.git("cat-file", "commit", change.commit)


@pytest.mark.parametrize(
    "path",
    ["variants/v0.12.1/verdict.json", "variants/v0.12.1/deployment.json", "variants/v0.12.1/heroku.json", "README.md"],
)
def test_what_is_no_input_may_be_uncommitted(checkout: Checkout, path: str) -> None:
    """A verdict that was measured just now makes no branch dirty."""
    checkout.write(path, "changed")
    commit = checkout.regenerate("v0.12.1")[0].commit
    head = checkout.git("rev-parse", "HEAD")
    assert f"\nSource-Commit: {head}\n" in checkout.git("cat-file", "commit", commit)


def test_a_branch_that_only_origin_has_is_gone_on_from(origin: Checkout, checkout: Checkout, tmp_path: Path) -> None:
    """A fresh clone's new commit stands on origin's tip, so that it can be pushed without force."""
    clone = origin.clone(tmp_path / "clone")
    clone.change_app("# new")
    change = clone.regenerate("v0.11.8")[0]
    assert change.action == "created"
    assert clone.git("rev-parse", f"{change.commit}^") == origin.branches()[QUART]
    clone.git("push", "--quiet", "origin", "quart")
    assert origin.branches()[QUART] == change.commit
    assert checkout.branches()[QUART] != change.commit


def test_a_fresh_clone_takes_origins_branches_as_they_are(origin: Checkout, tmp_path: Path) -> None:
    """Where origin holds the wanted trees, branches are created without new commits."""
    clone = origin.clone(tmp_path / "clone")
    assert set(actions_of(clone.regenerate()).values()) == {"created"}
    assert clone.branches() == {ref: commit for ref, commit in origin.branches().items() if ref != "refs/heads/main"}


def test_a_branch_behind_origins_is_moved_forward(origin: Checkout, checkout: Checkout, tmp_path: Path) -> None:
    """What another machine has pushed is taken over, not made again."""
    other = origin.clone(tmp_path / "other")
    other.change_app("# new")
    pushed = commits_of(other.regenerate())
    other.git("push", "--quiet", "origin", "main", "quart", "quart-uvicorn-v0.12.1")
    checkout.git("pull", "--quiet", "--ff-only", "origin", "main")
    changes = checkout.regenerate()
    assert commits_of(changes) == pushed
    assert {change.action for change in changes} == {"updated"}
    assert all(change.size.startswith("1 file changed") for change in changes)


def diverge(origin: Checkout, checkout: Checkout, elsewhere: Path) -> dict[str, str]:
    """Let another machine push new branches, and this checkout generate and fetch; return what was pushed."""
    other = origin.clone(elsewhere)
    other.change_app("# theirs")
    pushed = commits_of(other.regenerate())
    other.git("push", "--quiet", "origin", *pushed)
    checkout.change_app("# mine")
    checkout.regenerate()
    checkout.git("fetch", "--quiet")
    return pushed


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_generated_commits_that_were_not_pushed_give_way_to_origins(
    origin: Checkout, checkout: Checkout, tmp_path: Path, encoding: str
) -> None:
    """Two machines generated different commits; the second one goes on from the first one's, however git prints."""
    pushed = diverge(origin, checkout, tmp_path / "other")
    checkout.git("config", "i18n.logOutputEncoding", encoding)
    change = checkout.regenerate()[0]
    assert change.action == "updated"
    assert checkout.git("rev-parse", f"{change.commit}^") == pushed["quart"]
    assert checkout.git("show", f"{change.commit}:app.py") == "# mine"


@pytest.mark.parametrize("amended", [False, True], ids=["added", "amended"])
def test_a_commit_by_hand_that_origin_lacks_is_never_dropped(
    origin: Checkout, checkout: Checkout, tmp_path: Path, amended: bool
) -> None:
    """A branch that somebody worked on, beside a newer one at origin, is refused, and no other branch moves."""
    diverge(origin, checkout, tmp_path / "other")
    message = checkout.git("log", "-1", "--format=%B", "quart") if amended else "By hand"
    parent = "quart^" if amended else "quart"
    hand = checkout.git("commit-tree", "quart^{tree}", "-p", parent, "-m", message)
    checkout.git("update-ref", QUART, hand)
    before = checkout.refs()
    with pytest.raises(Failure, match=rf"^branch quart has 1 commit.*{hand[:10]}.*git branch -m"):
        checkout.regenerate()
    assert checkout.refs() == before


def test_a_commit_by_hand_on_top_is_gone_on_from(origin: Checkout, checkout: Checkout) -> None:
    """What was committed on a branch stays in its history, below the generated tree."""
    assert origin.branches()[QUART] == checkout.branches()[QUART]
    hand = checkout.git("commit-tree", "main^{tree}", "-p", "quart", "-m", "By hand")
    checkout.git("update-ref", QUART, hand)
    change = checkout.regenerate("v0.11.8")[0]
    assert change.action == "updated"
    assert checkout.git("rev-parse", f"{change.commit}^") == hand


def test_a_branch_that_is_checked_out_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    """The line names the worktree; nothing at all is written."""
    checkout.regenerate()
    checkout.git("worktree", "add", "--quiet", str(tmp_path / "a worktree"), "quart")
    checkout.change_app("# new")
    before = checkout.refs(), checkout.git("count-objects")
    with pytest.raises(Failure, match=rf"^branch quart is checked out: in {tmp_path}/a worktree\. "):
        checkout.regenerate()
    assert (checkout.refs(), checkout.git("count-objects")) == before


def test_an_unborn_branch_that_is_checked_out_is_refused(checkout: Checkout) -> None:
    """The main working tree counts too, also before its branch has a commit."""
    checkout.git("checkout", "--quiet", "--detach")
    checkout.git("worktree", "add", "--quiet", "--detach", str(checkout.root.parent / "on quart"))
    on_quart = Checkout(checkout.root.parent / "on quart")
    on_quart.git("symbolic-ref", "HEAD", QUART)
    with pytest.raises(Failure, match=r"^branch quart is checked out"):
        checkout.regenerate()


def test_a_checked_out_branch_that_need_not_move_is_no_obstacle(checkout: Checkout, tmp_path: Path) -> None:
    """Looking at a branch does not stop a run that leaves it as it is."""
    checkout.regenerate()
    checkout.git("worktree", "add", "--quiet", str(tmp_path / "worktree"), "quart")
    assert set(actions_of(checkout.regenerate()).values()) == {"unchanged"}


def test_a_worktree_whose_folder_is_gone_is_no_obstacle(checkout: Checkout, tmp_path: Path) -> None:
    """There are no files that the branch could move away from."""
    checkout.regenerate()
    checkout.git("worktree", "add", "--quiet", str(tmp_path / "worktree"), "quart")
    shutil.rmtree(tmp_path / "worktree")
    checkout.change_app("# new")
    assert set(actions_of(checkout.regenerate()).values()) == {"updated"}


def test_a_linked_worktree_gives_the_same_commits(checkout: Checkout, tmp_path: Path) -> None:
    """Branches can be made from any worktree of a repository, and are the repository's."""
    expected = commits_of(checkout.clone(tmp_path / "clone").regenerate())
    checkout.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "a worktree"))
    assert commits_of(Checkout(tmp_path / "a worktree").regenerate()) == expected
    assert checkout.branches().keys() == {QUART, NEXT}


def test_a_shallow_clone_gives_the_same_commits(checkout: Checkout, tmp_path: Path) -> None:
    """One commit of main is enough."""
    checkout.change_app("# second commit")
    expected = commits_of(checkout.clone(tmp_path / "whole").regenerate())
    assert commits_of(checkout.clone(tmp_path / "shallow", "--depth=1").regenerate()) == expected


@pytest.mark.parametrize(
    ("option", "fetched"), [("--single-branch", "main"), ("--depth=1", "main"), ("--depth=1", "*")]
)
def test_a_clone_that_lacks_origins_branches_is_told_so(
    origin: Checkout, tmp_path: Path, caplog: pytest.LogCaptureFixture, option: str, fetched: str
) -> None:
    """A clone of main alone cannot see what its new branches should go on from; the warning has what helps."""
    clone = origin.clone(tmp_path / "clone", option)
    clone.git("remote", "set-branches", "origin", fetched)
    with caplog.at_level(logging.WARNING):
        clone.regenerate()
    (record,) = caplog.records
    said, _, command = record.getMessage().partition(": git ")
    assert "Before you push" in said
    clone.git(*shlex.split(command))
    again = commits_of(clone.regenerate())
    assert again == {branch: origin.branches()[f"refs/heads/{branch}"] for branch in again}


def test_a_whole_clone_is_not_warned(origin: Checkout, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """New branches in a clone that sees all of origin's are no reason to warn."""
    clone = origin.clone(tmp_path / "clone")
    origin.git("branch", "-D", "quart")
    clone.git("fetch", "--quiet", "--prune")
    with caplog.at_level(logging.WARNING):
        assert actions_of(clone.regenerate())["v0.11.8"] == "created"
    assert not caplog.records


def test_a_history_that_is_cut_is_told_with_the_command_that_completes_it(
    origin: Checkout, checkout: Checkout, tmp_path: Path
) -> None:
    """A commit by hand that origin has too cannot be known as such in a shallow clone."""
    hand = checkout.git("commit-tree", "quart^{tree}", "-p", "quart", "-m", "By hand")
    checkout.git("push", "--quiet", "origin", f"{hand}:{QUART}")
    shallow = origin.clone(tmp_path / "shallow", "--depth=1", "--no-single-branch")
    shallow.git("branch", "quart", "origin/quart")
    for text in ("# one", "# two"):
        checkout.change_app(text)
        checkout.git("fetch", "--quiet")
        checkout.regenerate()
        checkout.git("push", "--quiet", "origin", "quart")
    shallow.git("fetch", "--quiet", "--depth=1")
    with pytest.raises(Failure, match=r"^branch quart has .*history is shallow.*git fetch --unshallow$"):
        shallow.regenerate()
    shallow.git("fetch", "--quiet", "--unshallow")
    assert actions_of(shallow.regenerate())["v0.11.8"] == "updated"


def test_the_users_configuration_does_not_count(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing, line endings, encodings, colours, hooks and a hook's variables change no commit id."""
    expected = commits_of(checkout.clone(tmp_path / "plain").regenerate())
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "pre-commit", "post-commit"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    settings = {
        "user.name": "Somebody",
        "user.email": "somebody@example.invalid",
        "commit.gpgsign": "true",
        "gpg.program": "/bin/false",
        "core.autocrlf": "true",
        "core.hooksPath": str(hooks),
        "core.quotePath": "true",
        "core.abbrev": "4",
        "color.ui": "always",
        "diff.noprefix": "true",
        "diff.external": "/bin/false",
        "i18n.commitEncoding": "ISO-8859-1",
        "i18n.logOutputEncoding": "UTF-16",
        "init.defaultBranch": "quart",
        "log.showSignature": "true",
        "fastimport.unpackLimit": "1",
        "status.showUntrackedFiles": "no",
    }
    clone = checkout.clone(tmp_path / "odd")
    for key, value in settings.items():
        clone.git("config", "--file", str(tmp_path / "gitconfig"), key, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_NAMESPACE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, str(tmp_path / "else"))
    assert commits_of(clone.regenerate()) == expected
    clone.write("common/app/untracked.txt", "")
    change = clone.regenerate()[0]
    assert change.size == "1 file changed, 0 insertions(+), 0 deletions(-)"
    assert "-dirty\n" in clone.git("cat-file", "commit", change.commit)


def test_a_repository_of_the_other_object_format_works(tmp_path: Path) -> None:
    """In a SHA-256 repository a run makes the branches, and the next one finds them unchanged."""
    checkout = new_checkout(tmp_path / "sha256", object_format="sha256")
    created = checkout.regenerate("v0.12.1")
    assert len(created[0].tree) == 64
    assert commits_of(checkout.regenerate("v0.12.1")) == commits_of(created)
    checkout.git("fsck", "--strict")


def test_the_whole_matrix_becomes_branches(tmp_path: Path) -> None:
    """All variants, the patched one with its wheel: git finds every object whole, and the branches where they are."""
    checkout = new_checkout(tmp_path / "it", drop=())
    if (PROJECT / ".local/wheels").is_dir():
        shutil.copytree(PROJECT / ".local/wheels", checkout.root / ".local/wheels")
    changes = checkout.regenerate()
    assert [change.variant for change in changes] == list(checkout.matrix.variants)
    checkout.git("fsck", "--strict")
    for change in changes:
        assert checkout.git("rev-parse", change.branch, f"{change.branch}^{{tree}}").split() == [
            change.commit,
            change.tree,
        ]
    files = checkout.git("ls-tree", "-r", "--name-only", "quart-patched-uvicorn").splitlines()
    assert [path for path in files if path.startswith("vendor/")] == [
        "vendor/uvicorn-0.11.8+issue344.1-py3-none-any.whl"
    ]


@pytest.mark.parametrize("length", [0, 20000])
def test_a_stream_that_is_cut_leaves_every_ref(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """What reaches git fast-import only in part moves nothing and leaves nothing; the next run does it all."""
    checkout.regenerate()
    checkout.change_app("# new")
    before = checkout.refs()
    with monkeypatch.context() as patch:
        wrap_git(tmp_path / "early", patch, "fast-import", f'head -c {length} | $git "$@"; exit $?')
        with pytest.raises(Failure, match=r"^git fast-import ended with code 128"):
            checkout.regenerate()
    assert checkout.refs() == before
    assert set(actions_of(checkout.regenerate()).values()) == {"updated"}


def test_a_branch_that_moves_meanwhile_stops_all_of_them(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When one branch is not where it was when the run began, no branch moves."""
    checkout.regenerate()
    checkout.change_app("# new")
    before = checkout.refs()
    with monkeypatch.context() as patch:
        wrap_git(tmp_path / "move", patch, "update-ref", f'[ "$2" = -m ] && $git update-ref {NEXT} main')
        with pytest.raises(Failure, match=r"^git update-ref ended with code 128.*quart-uvicorn.*make branches$"):
            checkout.regenerate()
    assert checkout.refs() == before | {NEXT: checkout.git("rev-parse", "main")}


def test_an_interrupt_leaves_every_ref(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while git imports ends git, too, and the branches are as they were."""
    checkout.regenerate()
    checkout.change_app("# new")
    before = checkout.refs()
    # The import does not end by itself: only the interrupt can end it.
    wrap_git(tmp_path / "slow", monkeypatch, "fast-import", 'kill -INT "$PPID"; exec sleep 600')
    program = (
        "import sys, pathlib; from scripts.matrix import load; from scripts.branches.generate import regenerate; "
        "matrix = load(pathlib.Path(sys.argv[1])); regenerate(matrix, matrix.variants)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, checkout.root], cwd=PROJECT, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGINT, done.stderr
    assert checkout.refs() == before


def test_what_a_killed_run_left_is_dropped(checkout: Checkout) -> None:
    """Refs of an import that never ended do not stop the next run, and do not stay."""
    checkout.git("update-ref", "refs/branches-import/quart", "main")
    checkout.git("update-ref", "refs/branches-import/gone", "main")
    checkout.regenerate()
    assert checkout.refs("refs/branches-import/") == {}


def test_the_number_of_git_processes_does_not_grow_with_the_branches(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that makes eight branches, or finds them unchanged, starts as many processes as one for two branches."""
    log = tmp_path / "log"
    wrap_git(tmp_path / "count", monkeypatch, '"$1"', f'echo "$1" >> {log}')

    def processes() -> list[str]:
        log.write_text("", encoding="utf-8")
        checkout.regenerate()
        return log.read_text(encoding="utf-8").splitlines()

    created, unchanged = processes(), processes()
    assert created.count("fast-import") == 1
    for number in range(6):
        folder = checkout.root / f"variants/v9.0.{number}"
        shutil.copytree(checkout.root / "variants/v0.12.1", folder)
        text = (folder / "variant.toml").read_text(encoding="utf-8")
        (folder / "variant.toml").write_text(text.replace("0.12.1", f"9.0.{number}"), encoding="utf-8")
    for ref in checkout.branches():
        checkout.git("update-ref", "-d", ref)
    assert processes() == created
    assert len(checkout.branches()) == 8
    assert processes() == unchanged


def test_a_checkout_without_a_commit_is_told_so(checkout: Checkout) -> None:
    """There is no source to name and no date to take."""
    shutil.rmtree(checkout.root / ".git")
    checkout.git("init", "--quiet")
    with pytest.raises(Failure, match=r"^there is no commit .*git commit$"):
        checkout.regenerate()


def test_a_wrong_input_of_one_variant_stops_all_branches(checkout: Checkout) -> None:
    """Nothing is written when one of several branches cannot be made."""
    checkout.write("common/branch/app.json.j2", '{"name": 1}')
    with pytest.raises(WrongUse, match=r"wrong app\.json"):
        checkout.regenerate()
    assert checkout.branches() == {}

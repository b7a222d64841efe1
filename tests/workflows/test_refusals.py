"""The job that may write takes nothing but a new variant from the one that ran a new release's code."""

from pathlib import Path

import pytest

from tests.workflows.watched import BRANCH, NEW, GitHub


@pytest.fixture(scope="module")
def good(before: Path, tmp_path_factory: pytest.TempPathFactory) -> GitHub:
    """Return a GitHub with a commit that would be taken; tests that have it refused for its branch's name share it."""
    github = GitHub(tmp_path_factory.mktemp("good"), before)
    github.commit()
    return github


def refused(github: GitHub, why: str, branch: str = BRANCH) -> None:
    """Require that the artifact is refused for that reason, and that nothing else came of it."""
    refs = github.refs()
    done = github.take(branch)
    assert done.returncode == 1, done.stdout
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("refused: "))
    assert why in line
    assert github.refs() == refs
    assert github.propose.read("gh.txt") == ""


@pytest.mark.parametrize(
    "branch",
    [
        *("", "main", NEW, "update/", "update/v", "update/vx", "update/v1..2", "update/v1.2.3.lock", "update/v１"),
        *("update/v1.2.3/../../main", "update/v1;id", "update/$(id)", "update/v1 --all", f"+{BRANCH}"),
        *(f"{BRANCH}\n", f"{BRANCH}\nmain", f"{BRANCH}:main", f"refs/heads/{BRANCH}"),
    ],
)
def test_a_branch_of_another_name_is_refused(good: GitHub, branch: str) -> None:
    """Whatever the commit is, it goes to no branch but that of a version."""
    refused(good, "no branch of a release", branch)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("echo '# x' >>.github/workflows/checks.yml", "no part of a new variant"),
        ("echo 'on: push' >.github/workflows/new.yml", "no part of a new variant"),
        ("echo '# x' >>scripts/cli.py", "no part of a new variant"),
        ("echo '# x' >>Makefile", "no part of a new variant"),
        ("echo x >>variants/v0.12.1/requirements.in", "no part of a new variant"),
        ("cp -r $NEW variants/v0.1", "no part of a new variant"),
        ("echo x >$NEW/conftest.py", "no part of a new variant"),
        ("mkdir $NEW/patches; echo x >$NEW/patches/variant.toml", "no part of a new variant"),
        ("echo x >$NEW/$'a\\nb'", "no part of a new variant"),
        ("echo x >$NEW/\\\"\\'", "no part of a new variant"),
        ("ln -s /etc/passwd $NEW/link", "no part of a new variant"),
        ("ln -sf /etc/passwd $NEW/requirements.in", "no part of a new variant"),
        ("chmod +x $NEW/requirements.in", "no part of a new variant"),
        ("chmod +x README.md", "no part of a new variant"),
        ("git rm --quiet -f README.md", "no part of a new variant"),
        ("ln -sf /etc/passwd .github/outcome-by-offset.svg", "no part of a new variant"),
        ("echo x >>common/runtimes/python3.13-tools.txt", "no part of a new variant"),
        ("echo x >common/runtimes/new.toml", "no part of a new variant"),
        ("echo x >>README.md", "more is changed"),
        ("sed -i 's/^# uvicorn/# Uvicorn/' README.md", "more is changed"),
        ("sed -i '/<!-- .table -->/d' README.md", "more is changed"),
        ("printf '<!-- table: -->\\nx\\n<!-- /table -->\\n' >>README.md", "more is changed"),
        ("echo 'tools = [\"x\"]' >>common/runtimes/python3.13.toml", "more is changed"),
        ("sed -i 's/^\\(resolved_as_of = \\).*/\\1\"never\"/' common/runtimes/python3.13.toml", "more is changed"),
    ],
)
def test_a_change_that_an_update_does_not_make_is_refused(github: GitHub, change: str, why: str) -> None:
    """The line says what it is, the repository stays as it was, and GitHub is not asked for anything."""
    github.commit(change)
    refused(github, why)


@pytest.mark.parametrize(
    ("then", "why"),
    [
        ("git commit --quiet --allow-empty -m 'Add uvicorn '${NEW#*/}", "not one commit on main's"),
        (
            "git checkout --quiet -b side origin/main; git commit --quiet --allow-empty -m x;"
            "git merge --quiet --no-ff -m 'Add uvicorn '${NEW#*/} main",
            "not one commit on main's",
        ),
        (
            "git checkout --quiet --orphan other; git commit --quiet -m 'Add uvicorn '${NEW#*/}",
            "not one commit on main's",
        ),
        ("git commit --quiet --amend -m 'Closes #1'", "a message of its own"),
        ("git commit --quiet --amend -m 'Add uvicorn '${NEW#*/} -m '[skip ci]'", "a message of its own"),
        ("git rm -r --quiet $NEW; git commit --quiet --amend -m 'Add uvicorn '${NEW#*/}", "no new variant"),
        (
            "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),$NEW/requirements.in;"
            "git commit --quiet --amend --no-edit",
            "no part of a new variant",
        ),
        (
            "tree=$({ git ls-tree HEAD; git ls-tree HEAD README.md; } | git mktree);"
            "git reset --quiet --soft $(git commit-tree -p HEAD^ -m 'Add uvicorn '${NEW#*/} $tree)",
            "broken objects",
        ),
    ],
    ids=["two", "merge", "root", "message", "skip", "empty", "submodule", "twice"],
)
def test_a_commit_of_another_kind_is_refused(github: GitHub, then: str, why: str) -> None:
    """One sound commit on main's, with the message of an update, that adds a variant."""
    github.commit(then=then)
    refused(github, why)


def test_a_variant_that_is_there_already_is_refused(github: GitHub) -> None:
    """What is committed of it was reviewed: an update changes none."""
    github.commit("echo x >>variants/v0.12.1/requirements.in")
    refused(github, "this variant is there already", "update/v0.12.1")


@pytest.mark.parametrize("kind", ["folder", "link", "gitfile", "nothing in it"])
def test_what_is_no_bundle_is_not_asked_as_a_repository(github: GitHub, kind: str) -> None:
    """Git would run what a repository's own settings say."""
    github.commit()
    bundle = github.artifact / "commit.bundle"
    bundle.unlink()
    if kind == "folder":
        github.update.git("clone", "--quiet", "--bare", ".", str(bundle))
    elif kind == "link":
        bundle.symlink_to("body.txt")
    else:
        bundle.write_text(f"gitdir: {github.update.root}/.git\n" if kind == "gitfile" else "")
    refused(github, "no regular file" if kind in ("folder", "link") else "no bundle on main")


def test_a_text_that_is_a_link_is_refused(github: GitHub) -> None:
    """It could lead to anything on the machine that may write."""
    github.commit()
    (github.artifact / "body.txt").unlink()
    (github.artifact / "body.txt").symlink_to("/proc/self/environ")
    refused(github, "no regular file")

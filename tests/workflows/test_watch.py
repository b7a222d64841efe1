"""The watch's commands: a new release is proposed once, as one commit in one pull request."""

from pathlib import Path

import pytest

from tests.workflows.watched import BRANCH, FOLDER, NEW, GitHub
from tests.workflows.workflows import TOKEN, jobs, new_machine

RUN_HERE = {"watch:update", "watch:propose"}


def test_with_no_new_release_nothing_is_proposed(source: Path, tmp_path: Path) -> None:
    """The newest is there already: no commit, no branch, and the job that may write is not started."""
    machine = new_machine(tmp_path, source)
    assert "nothing to do" in machine.done("watch:update", "Update")
    assert "nothing new" in machine.done("watch:update", "Commit what is new")
    assert machine.read("output") == ""
    assert jobs()["watch:propose"].raw["if"] == "needs.update.outputs.branch != ''"


def test_a_new_release_is_proposed(github: GitHub) -> None:
    """Its files come as one commit on main's, in a pull request that is checked."""
    assert github.commit() == f"branch={BRANCH}\n"
    main = github.propose.git("rev-parse", "origin/main")
    done = github.take()
    assert done.returncode == 0, done.stdout
    github.propose.git("fetch", "--quiet", str(github.origin), BRANCH)
    assert github.propose.git("rev-list", "--parents", "-1", "FETCH_HEAD").split()[1:] == [main]
    changed = set(github.propose.git("diff", "--name-only", main, "FETCH_HEAD").splitlines())
    assert {f"{FOLDER}/variant.toml", "README.md", "common/runtimes/python3.13.toml"} <= changed
    body = github.propose.temp / "body.md"
    assert github.propose.read("gh.txt").replace(f"{TOKEN}: ", "").splitlines() == [
        "auth setup-git",
        f"pr list --head {BRANCH} --state open --json number --jq .[].number",
        f"pr create --base main --head {BRANCH} --title Add uvicorn {NEW} --body-file {body}",
        f"workflow run checks.yml --ref {BRANCH}",
        f"workflow run matrix.yml --ref {BRANCH}",
    ]


def test_the_next_days_run_tells_the_open_pull_request(github: GitHub) -> None:
    """The branch is made anew, and no second pull request is opened."""
    github.commit()
    github.propose.git("push", "--quiet", str(github.origin), f"HEAD:refs/heads/{BRANCH}")
    (github.propose.temp / "open.txt").write_text("7\n")
    assert github.take().returncode == 0
    asked = github.propose.read("gh.txt")
    assert f": pr edit 7 --body-file {github.propose.temp / 'body.md'}\n" in asked
    assert "pr create" not in asked


def test_the_text_of_the_pull_request_is_shown_and_not_read(github: GitHub) -> None:
    """It is a block of code without control characters, and no longer than a person reads."""
    github.commit()
    (github.artifact / "body.txt").write_bytes(b"closes #1\r@all\x1b[2J\x00 \xff\n$(id)\n" + 9999 * b"many lines\n")
    assert github.take().returncode == 0
    body = (github.propose.temp / "body.md").read_bytes()
    assert body.startswith(b"    closes #1@all[2J \xff\n    $(id)\n    many lines\n")
    assert all(line.startswith(b"    ") for line in body.splitlines())
    assert len(body) < 30_000


@pytest.mark.parametrize("version", ["v99.0", "v99.0.1rc2", "v99.1.0.post3.dev4"])
def test_every_kind_of_version_can_be_proposed(github: GitHub, version: str) -> None:
    """As PEP 440 writes them, without an epoch."""
    rename = f"git mv $NEW variants/{version}; git commit --quiet --amend -m 'Add uvicorn {version}'"
    github.commit(then=rename)
    done = github.take(f"update/{version}")
    assert done.returncode == 0, done.stdout

"""Every command of the workflows is run as it is written, on a repository that stands for GitHub's."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.matrix import load
from scripts.verbs.check import TOOLS
from tests.whole.conftest import clone_working_tree
from tests.workflows.runner import TOKEN, Done, GitHub, new_github
from tests.workflows.workflows import PROJECT, all_jobs, workflows

MEASURED = "patched"

NOT_RUN_HERE = {
    "checks:test": "it runs these tests",
    "checks:green": "it has no command of its own",
}
"""The jobs that are not run below, and why."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with the working tree as its one commit."""
    return clone_working_tree(tmp_path_factory.mktemp("workflows")).root


@pytest.fixture
def github(source: Path, tmp_path: Path) -> GitHub:
    """Return a GitHub of the test's own, in a folder with a space in its name."""
    folder = tmp_path / "git hub"
    folder.mkdir()
    return new_github(folder, source)


def passed(done: Done) -> Done:
    """Return what a job left behind, which must have passed and kept the token to itself."""
    assert not done.failed, done.printed
    assert TOKEN not in done.printed + done.summary
    return done


def commit(github: GitHub, path: Path, message: str) -> None:
    """Commit all that was changed in a clone, and push it to main."""
    identity = ("-c", "user.name=Keeper", "-c", "user.email=keeper@example.invalid")
    github.git("add", "--all", cwd=path)
    github.git(*identity, "commit", "--quiet", "--message", message, cwd=path)
    github.git("push", "--quiet", str(github.origin), "HEAD:main", cwd=path)


def test_every_job_is_run_by_a_test_of_this_file() -> None:
    """So that none is added untried."""
    ran = {"checks:check", "doctor:doctor", "matrix:list", "matrix:measure", "matrix:gather", "publish:publish"}
    ran |= {"watch:update", "watch:propose"}
    assert {str(job) for job in all_jobs()} == ran | NOT_RUN_HERE.keys()


def test_the_tests_are_run_as_ci_runs_them() -> None:
    """The one command that cannot run itself is .ci/run's part for the tests, and that is `make test`."""
    (command,) = (step.run for step in workflows()["checks"].jobs["test"].steps if step.run)
    assert command == ".ci/run test"
    script = (PROJECT / ".ci/run").read_text("utf-8")
    assert "set -- check test" in script
    assert 'make "$target"' in script
    assert subprocess.run(["make", "--dry-run", "test"], cwd=PROJECT, capture_output=True, check=False).returncode == 0


def test_the_checks_are_green_only_when_all_are(github: GitHub) -> None:
    """The last job waits for all others, runs whatever became of them, and is given what that was."""
    jobs = workflows()["checks"].jobs
    assert set(jobs["green"].raw["needs"]) == jobs.keys() - {"green"}
    assert jobs["green"].raw["if"] == "always()"
    (step,) = jobs["green"].steps
    assert step.inputs == {"jobs": "${{ toJSON(needs) }}"}
    done = passed(github.run("checks", "check"))
    assert all(name in done.printed for name in TOOLS)


def test_the_matrix_is_listed_measured_and_compared(github: GitHub) -> None:
    """A job a variant; what it measured goes to the comparison, whose table is the run's summary."""
    listed = passed(github.run("matrix", "list")).outputs["matrix"]
    variants = [each["variant"] for each in json.loads(listed)]
    assert variants == [variant.name for variant in load(PROJECT).variants]
    measured = passed(github.run("matrix", "measure", {"matrix.variant": MEASURED}))
    assert "intact" in measured.printed
    for name in set(variants) - {MEASURED}:  # as if their jobs had measured what is committed
        artifact = github.artifact(f"verdict-{name}") / name
        artifact.mkdir(parents=True)
        shutil.copy(PROJECT / "variants" / name / "verdict.json", artifact)
    condition = {"needs.list.result": "success"}
    done = passed(github.run("matrix", "gather", condition))
    assert all(f"| {name} |" in done.summary for name in variants)
    verdict = github.artifact(f"verdict-{MEASURED}") / MEASURED / "verdict.json"
    assert not json.loads(verdict.read_text("utf-8"))["has_issue"]
    verdict.write_text(verdict.read_text("utf-8").replace('"has_issue": false', '"has_issue": true'))
    assert github.run("matrix", "gather", condition).failed == "Compare"


def test_the_branches_are_published_and_then_there_is_nothing_to_push(github: GitHub) -> None:
    """The token reaches git by gh; the second run moves nothing."""
    passed(github.run("publish", "publish"))
    heads = github.heads()
    assert heads.keys() == {"main", *(variant.branch for variant in load(PROJECT).variants)}
    again = passed(github.run("publish", "publish"))
    assert "nothing to push" in again.summary
    assert github.heads() == heads
    assert (github.state / "asked.txt").read_text("utf-8").split("\n") == ["auth setup-git", "auth setup-git", ""]


def test_a_refused_push_fails_the_run(github: GitHub, tmp_path: Path) -> None:
    """A branch on GitHub with a commit of somebody else's stays, and all others with it."""
    other = tmp_path / "other"
    github.git("clone", "--quiet", str(github.origin), str(other))
    (other / "by hand").write_text("x")
    identity = ("-c", "user.name=Keeper", "-c", "user.email=keeper@example.invalid")
    github.git("add", "--all", cwd=other)
    github.git(*identity, "commit", "--quiet", "--message", "By hand", cwd=other)
    github.git("push", "--quiet", "origin", "HEAD:quart", cwd=other)
    heads = github.heads()
    assert github.run("publish", "publish").failed == "Publish"
    assert github.heads() == heads


def test_with_no_new_release_nothing_is_proposed(github: GitHub) -> None:
    """No commit, no branch, no pull request."""
    heads = github.heads()
    done = passed(github.run("watch", "update"))
    assert done.outputs == {}
    assert "Hand on the commit" not in done.ran
    assert workflows()["watch"].jobs["propose"].raw["if"] == "needs.update.outputs.branch != ''"
    assert github.heads() == heads


def test_a_new_release_is_proposed_once(github: GitHub, tmp_path: Path) -> None:
    """Its variant comes as one commit in a pull request, checked there; the next day's run updates that one."""
    newest = load(PROJECT).latest
    clone = tmp_path / "clone"
    github.git("clone", "--quiet", str(github.origin), str(clone))
    shutil.rmtree(clone / "variants" / newest.name)
    commit(github, clone, "Forget the newest")
    main = github.heads()["main"]

    update = passed(github.run("watch", "update"))
    branch = update.outputs["branch"]
    assert branch == f"update/{newest.name}"
    assert github.heads().keys() == {"main"}  # the job that ran what is new pushed nothing

    known = {"needs.update.outputs.branch": branch}
    for _ in range(2):
        passed(github.run("watch", "propose", known))
    (pull,) = json.loads((github.state / "pulls.json").read_text("utf-8"))
    assert (pull["base"], pull["head"], pull["title"]) == ("main", branch, f"Add uvicorn {newest.name}")
    assert f"variants/{newest.name}/" in pull["body"]
    assert pull["edited"]
    started = (github.state / "started.txt").read_text("utf-8").splitlines()
    assert started == 2 * [f"checks.yml {branch}", f"matrix.yml {branch}"]

    assert github.heads()["main"] == main
    assert github.git("rev-parse", f"{branch}^") == main
    changed = set(github.git("diff", "--name-only", main, branch).splitlines())
    files = {f"variants/{newest.name}/{name}" for name in ("variant.toml", "requirements.txt", "verdict.json")}
    assert files < changed
    assert all(name.startswith(("variants/", "common/runtimes/", "README.md", ".github/")) for name in changed)


def test_the_doctor_reports_in_the_summary(github: GitHub) -> None:
    """What will rot is read where the run is looked at."""
    done = passed(github.run("doctor", "doctor"))
    assert "Python 3.8 gets no fixes since 2024-10-07" in done.summary
    assert "pinned releases can be had" in done.summary

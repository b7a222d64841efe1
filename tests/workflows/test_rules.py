"""What holds for every workflow, read from the files."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.verbs.check import TOOLS
from tests.workflows.workflows import EXPRESSION, FOLDER, PROJECT, Job, Workflow, all_jobs, workflows

PINNED = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "re-actors/alls-green": ("05ac9388f0aebcb5727afa17fcccfecd6f8ec5fe", "v1.2.2"),
}
"""The actions that may be used: the commit of a release, read from that release, and its version."""

MAY_WRITE = {
    "watch:propose": {"actions", "contents", "pull-requests"},
    "publish:publish": {"contents"},
}
"""The jobs that may change something on GitHub, and what."""

FILES = list(workflows().values())
JOBS = list(all_jobs())

by_file = pytest.mark.parametrize("workflow", FILES, ids=lambda workflow: workflow.path.name)
by_job = pytest.mark.parametrize("job", JOBS, ids=str)


def test_the_workflows_are_there() -> None:
    """Each thing that the project keeps itself current with has its own."""
    assert {workflow.path.name for workflow in FILES} == {
        f"{name}.yml" for name in ("checks", "doctor", "matrix", "publish", "watch")
    }


@by_file
def test_every_action_is_pinned_to_a_known_commit(workflow: Workflow) -> None:
    """By the commit of a release, whose version stands behind it; an action that is not on the list is refused."""
    lines = re.findall(r"uses: (\S+?)@(\S+) # (\S+)\n", workflow.text)
    assert len(lines) == workflow.text.count("uses:") > 0
    assert all((commit, version) == PINNED[action] for action, commit, version in lines)


@by_file
def test_nothing_is_permitted_but_to_a_job(workflow: Workflow) -> None:
    """The workflow as a whole may do nothing."""
    assert workflow.raw["permissions"] == {}


@by_job
def test_a_job_may_do_only_what_it_needs(job: Job) -> None:
    """All but a few read the sources at most; each permission says why."""
    permissions = job.raw["permissions"]
    writes = {name for name, access in permissions.items() if access == "write"}
    assert writes == MAY_WRITE.get(str(job), set())
    assert permissions.keys() - writes <= {"contents"}
    text = (FOLDER / f"{job.workflow}.yml").read_text("utf-8")
    assert all(" # to " in line for line in re.findall(r"^      [a-z-]+: (?:read|write)\b.*$", text, re.MULTILINE))


@by_file
def test_runs_of_one_workflow_do_not_race(workflow: Workflow) -> None:
    """What is under way is waited for, or ended where a newer commit of a pull request makes it pointless."""
    concurrency = workflow.raw["concurrency"]
    assert "github.workflow" in concurrency["group"]
    assert concurrency["cancel-in-progress"] in (False, "${{ github.event_name == 'pull_request' }}")


@by_job
def test_a_job_ends_by_itself_on_a_named_image(job: Job) -> None:
    """Its time is limited, and its image does not change from one day to the next."""
    assert 0 < job.raw["timeout-minutes"] <= 45
    assert job.raw["runs-on"] == "ubuntu-24.04"


@by_job
def test_no_checkout_keeps_a_credential(job: Job) -> None:
    """The token is given to the step that needs it, and is in no file."""
    for step in job.steps:
        if step.action == "actions/checkout":
            assert step.inputs["persist-credentials"] is False


@by_job
def test_the_token_is_given_to_no_step_that_has_no_need_of_it(job: Job) -> None:
    """Only steps that speak to GitHub have it, in jobs that may write."""
    for step in job.steps:
        if any("github.token" in str(value) or "secrets." in str(value) for value in step.env.values()):
            assert str(job) in MAY_WRITE
            assert re.search(r"\bgh (?:auth|pr|workflow) ", step.run)
    assert "github.token" not in str(job.raw.get("env", {}))


@by_job
def test_no_command_holds_an_expression(job: Job) -> None:
    """Values reach commands as variables, so that none of them can be run as a command."""
    assert not [step.name for step in job.steps if EXPRESSION.search(step.run)]


@by_file
def test_commands_stop_at_the_first_failure(workflow: Workflow) -> None:
    """Also in a pipe: GitHub's own default would let `make update | tee` pass."""
    assert workflow.raw["defaults"] == {"run": {"shell": "bash"}}


@by_job
def test_what_make_is_asked_for_is_there(job: Job) -> None:
    """Every target stands in the Makefile, and every variable that is given is one that it hands on."""
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    knobs = set(re.findall(r"^KNOBS := (.*)$", makefile, re.MULTILINE)[0].split())
    for step in job.steps:
        for target, rest in re.findall(r"^\s*make ([a-z-]+)(.*)$", step.run, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
            assert set(re.findall(r"\b([A-Z_]+)=", rest)) <= knobs


def test_what_the_watch_proposes_can_be_checked() -> None:
    """What a workflow pushes starts none; those that it starts by name must allow it."""
    text = (FOLDER / "watch.yml").read_text("utf-8")
    started = re.findall(r"gh workflow run (\w+)\.yml", text)
    assert started == ["checks", "matrix"]
    assert all("workflow_dispatch" in workflows()[name].triggers for name in started)


def test_the_branches_are_published_when_what_they_are_made_of_changes() -> None:
    """Every place that a branch's files come from starts it."""
    paths = workflows()["publish"].triggers["push"]["paths"]
    assert {"LICENSE", "common/**", "scripts/**", "variants/**"} <= set(paths)


@pytest.mark.parametrize(
    ("tool", "good", "bad"),
    [
        ("zizmor", "persist-credentials: false", "fetch-depth: 1"),
        ("zizmor", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7"),
        ("actionlint", "runs-on: ubuntu-24.04", "runs-on: ubuntu-24.40"),
        ("actionlint", "timeout-minutes:", "timeout:"),
    ],
)
def test_a_planted_fault_is_found_by_the_check(tmp_path: Path, tool: str, good: str, bad: str) -> None:
    """The tools pass what is there, and fail with one fault in it; both without a network."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    shutil.copytree(FOLDER, tmp_path / ".github/workflows")
    blocked = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    passed = subprocess.run(TOOLS[tool], cwd=tmp_path, env=blocked, capture_output=True, check=False)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    file = tmp_path / ".github/workflows/checks.yml"
    text = file.read_text("utf-8")
    assert good in text
    file.write_text(text.replace(good, bad, 1))
    assert subprocess.run(TOOLS[tool], cwd=tmp_path, env=blocked, capture_output=True, check=False).returncode != 0

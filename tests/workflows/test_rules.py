"""What holds for every workflow and neither actionlint nor zizmor looks for, read from the files."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.verbs.check import TOOLS
from tests.workflows.workflows import FOLDER, Job, jobs, workflows

PINNED = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/upload-pages-artifact": ("56afc609e74202658d3ffba0e8f6dda462b719fa", "v3.0.1"),
    "actions/deploy-pages": ("d6db90164ac5ed86f2b6aed7e0febac5b3c0c03e", "v4.0.5"),
    "re-actors/alls-green": ("05ac9388f0aebcb5727afa17fcccfecd6f8ec5fe", "v1.2.2"),
}
"""The actions that may be used: the commit of a release, read from that release, and its version."""

MAY_WRITE = {
    "watch:propose": {"actions", "contents", "pull-requests"},
    "history:propose": {"actions", "contents", "pull-requests"},
    "publish:publish": {"contents"},
    "pages:publish": {"pages", "id-token"},
}
"""The jobs that may change something on GitHub, and what."""

by_file = pytest.mark.parametrize("name", workflows())
by_job = pytest.mark.parametrize("job", jobs().values(), ids=str)


@by_file
def test_every_action_is_pinned_to_a_known_commit(name: str) -> None:
    """By the commit of a release, whose version stands behind it; an action that is not on the list is refused."""
    text = (FOLDER / f"{name}.yml").read_text("utf-8")
    lines = re.findall(r"uses: (\S+?)@(\S+) # (\S+)\n", text)
    assert len(lines) == text.count("uses:") > 0
    assert all((commit, version) == PINNED[action] for action, commit, version in lines)


@by_job
def test_a_job_may_do_only_what_it_needs(job: Job) -> None:
    """The workflow as a whole may do nothing, all jobs but a few read the sources at most."""
    assert workflows()[job.workflow]["permissions"] == {}
    writes = {name for name, access in job.raw["permissions"].items() if access == "write"}
    assert writes == MAY_WRITE.get(str(job), set())
    assert job.raw["permissions"].keys() - writes <= {"contents"}


@by_job
def test_only_what_is_made_of_main_may_write(job: Job) -> None:
    """Started by hand on another branch, a job that may write, or one that it needs, is not run."""
    if str(job) in MAY_WRITE:
        needed = [job, *(jobs()[f"{job.workflow}:{name}"] for name in job.raw.get("needs", []))]
        assert any(each.raw.get("if") == "github.ref == 'refs/heads/main'" for each in needed)


@by_job
def test_a_job_ends_by_itself_on_a_named_image(job: Job) -> None:
    """Its time is limited, and its image does not change from one day to the next."""
    assert 0 < job.raw["timeout-minutes"] <= 45
    assert job.raw["runs-on"] == "ubuntu-24.04"


@by_job
def test_the_token_is_given_to_no_step_that_has_no_need_of_it(job: Job) -> None:
    """Only commands that speak to GitHub have it, in jobs that may write."""
    holders = [step for step in job.steps if re.search(r"github\.token|secrets\.", str(step))]
    assert not holders or str(job) in MAY_WRITE
    assert all(re.search(r"\bgh (?:auth|pr|workflow) ", step["run"]) for step in holders)
    assert not re.search(r"github\.token|secrets\.", str(job.raw.get("env", {})))


@by_file
def test_commands_stop_at_the_first_failure(name: str) -> None:
    """Also in a pipe: GitHub's own default would let `make update | tee` pass."""
    assert workflows()[name]["defaults"] == {"run": {"shell": "bash"}}


@pytest.mark.parametrize(("name", "wanted"), [("watch", ["checks", "matrix"]), ("history", ["checks"])])
def test_what_a_workflow_proposes_can_be_checked(name: str, wanted: list[str]) -> None:
    """What a workflow pushes starts none; those that it starts by name must allow it."""
    started = re.findall(r"gh workflow run (\w+)\.yml", (FOLDER / f"{name}.yml").read_text("utf-8"))
    assert started == wanted
    assert all("workflow_dispatch" in workflows()[name][True] for name in started)


def test_the_branches_are_published_when_what_they_are_made_of_changes() -> None:
    """Every place that a branch's files come from starts it."""
    paths = workflows()["publish"][True]["push"]["paths"]
    assert {"LICENSE", "common/**", "scripts/**", "variants/**"} <= set(paths)


@pytest.mark.parametrize(
    ("tool", "good", "bad"),
    [
        ("zizmor", "persist-credentials: false", "fetch-depth: 1"),
        ("zizmor", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7"),
        ("zizmor", "permissions: {}\n\nconc", "conc"),
        ("zizmor", " # to start the checks on the branch", ""),
        ("zizmor", "concurrency:\n  group: ${{ github.workflow }}\n  cancel-in-progress: false\n", ""),
        ("zizmor", '"$BRANCH" --state', '"${{ needs.update.outputs.branch }}" --state'),
        ("actionlint", "runs-on: ubuntu-24.04", "runs-on: ubuntu-24.40"),
        ("actionlint", "timeout-minutes:", "timeout:"),
    ],
    ids=["credentials", "pin", "permissions", "reason", "concurrency", "expression", "image", "key"],
)
def test_a_planted_fault_is_found_by_the_check(tmp_path: Path, tool: str, good: str, bad: str) -> None:
    """The tools pass what is there, and fail with one fault in it; both without a network."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    shutil.copytree(FOLDER, tmp_path / ".github/workflows")
    blocked = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    passed = subprocess.run(TOOLS[tool], cwd=tmp_path, env=blocked, capture_output=True, check=False)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    files = sorted((tmp_path / ".github/workflows").iterdir())
    file = next(file for file in files if good in file.read_text("utf-8"))
    file.write_text(file.read_text("utf-8").replace(good, bad, 1))
    assert subprocess.run(TOOLS[tool], cwd=tmp_path, env=blocked, capture_output=True, check=False).returncode != 0

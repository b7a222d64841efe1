"""The commands of the workflows are run as they are written; the watch's and the history's have a file each."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.matrix import load
from tests.workflows import test_history_workflow, test_watch
from tests.workflows.workflows import PROJECT, TOKEN, Machine, jobs, new_machine

MATRIX = load(PROJECT)

RUN_HERE = {"checks:check", "checks:test", "doctor:doctor", "matrix:list", "matrix:measure", "matrix:gather"}
RUN_HERE |= {"publish:publish"}


@pytest.fixture
def machine(source: Path, tmp_path: Path) -> Machine:
    """Return a machine with a clone of the project."""
    return new_machine(tmp_path / "a machine", source)


def test_every_command_is_run_by_a_test() -> None:
    """So that none is added untried."""
    assert {
        name for name, job in jobs().items() if job.commands
    } == RUN_HERE | test_watch.RUN_HERE | test_history_workflow.RUN_HERE


@pytest.mark.parametrize(("job", "step"), [("checks:check", "Check"), ("checks:test", "Test")])
def test_the_checks_run_the_makefiles_targets(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, job: str, step: str
) -> None:
    """Through .ci/run, up to the target's own command, which make prints here in the place of running it."""
    monkeypatch.setenv("GNUMAKEFLAGS", "--dry-run")
    assert {"Check": "-m scripts check", "Test": "-m pytest"}[step] in machine.done(job, step)


def test_the_checks_are_green_only_when_all_are() -> None:
    """The last job waits for all others, runs whatever became of them, and is given what that was."""
    found = {name: job for name, job in jobs().items() if job.workflow == "checks"}
    green = found.pop("checks:green")
    assert {f"checks:{name}" for name in green.raw["needs"]} == found.keys()
    assert green.raw["if"] == "always()"
    assert green.steps[0]["with"] == {"jobs": "${{ toJSON(needs) }}"}


def test_the_doctor_reports_in_the_summary(machine: Machine) -> None:
    """What will rot is read where the run is looked at."""
    machine.done("doctor:doctor", "Ask the doctor")
    assert "Python 3.8 gets no fixes since 2024-10-07" in machine.read("summary")


def test_the_matrix_is_listed_as_json(machine: Machine) -> None:
    """A job a variant; the list is one output."""
    machine.done("matrix:list", "List")
    first, *listed, last = machine.read("output").splitlines()
    assert (first, last) == ("matrix<<END", "END")
    assert [each["variant"] for each in json.loads("".join(listed))] == [each.name for each in MATRIX.variants]


def test_a_measured_verdict_is_held_against_the_committed_one(machine: Machine) -> None:
    """All others as committed: the comparison passes, its table is the summary; another answer fails it."""
    verdicts = machine.temp / "verdicts"
    shutil.copytree(machine.root / "variants", verdicts, ignore=shutil.ignore_patterns("requirements*", "patches"))
    measured = verdicts / MATRIX.latest.name / "verdict.json"
    measured.unlink()
    assert "intact" in machine.done("matrix:measure", "Measure", VARIANT=MATRIX.latest.name)
    machine.done("matrix:gather", "Compare")
    assert all(f"| {each.name} |" in machine.read("summary") for each in MATRIX.variants)
    measured.write_text(measured.read_text("utf-8").replace('"has_issue": false', '"has_issue": true'))
    assert machine.run("matrix:gather", "Compare").returncode != 0


def test_the_branches_are_published_with_gh_as_gits_helper(machine: Machine, source: Path) -> None:
    """What was pushed stands in the summary."""
    machine.done("publish:publish", "Set up")
    machine.done("publish:publish", "Publish")
    published = machine.git("ls-remote", "--heads", str(source)).split("\n")
    assert {line.partition("refs/heads/")[2] for line in published} >= {each.branch for each in MATRIX.variants}
    assert all(each.branch in machine.read("summary") for each in MATRIX.variants)
    assert machine.read("gh.txt") == f"{TOKEN}: auth setup-git\n"

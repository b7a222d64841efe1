"""The commands that measure the history on eight machines: shares, rows gathered, and what is proposed of them."""

import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from scripts.history.kept import write_rows
from scripts.history.rows import HISTORY_FILE, INTACT, HistoryRow, read_history
from tests.workflows.workflows import PROJECT, TOKEN, Machine, new_machine

RUN_HERE = {"history:measure", "history:gather", "history:propose", "pages:build"}

RELEASE = "0.54.0"


@pytest.fixture
def machine(source: Path, tmp_path: Path) -> Machine:
    """Return a machine with a clone of the project."""
    return new_machine(tmp_path / "a machine", source)


def hand_in(machine: Machine, change: Callable[[HistoryRow], HistoryRow] = lambda row: row) -> None:
    """Put the committed rows where the eight jobs' rows come in, each as `change` has it."""
    history = read_history(PROJECT)
    assert history
    for _, rows in groupby(history.rows, key=lambda row: row.release):
        write_rows(machine.temp / "rows/history", history.cases, [change(row) for row in rows])


def one_case_less(row: HistoryRow) -> HistoryRow:
    """Let the newest release have dropped what it did not."""
    if row.release != RELEASE or row.parser != "httptools":
        return row
    history = read_history(PROJECT)
    assert history
    old = next(each for each in history.rows if (each.release, each.parser) == ("0.17.4", "httptools"))
    assert row.cases["form"] == INTACT
    return msgspec.structs.replace(row, cases={**row.cases, "form": old.cases["form"]})


@pytest.fixture
def proposing(machine: Machine, source: Path, tmp_path: Path) -> Machine:
    """Return the machine of the job that may write, with the files that the one before it has handed on."""
    hand_in(machine, one_case_less)
    machine.done("history:gather", "Gather")
    assert machine.read("output") == "changed=yes\n"
    made = new_machine(tmp_path / "propose", source)
    shutil.copytree(machine.temp / "new", made.temp / "new")
    return made


def test_a_job_measures_its_share(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the target's own command, which make prints here in the place of running it."""
    monkeypatch.setenv("GNUMAKEFLAGS", "--dry-run")
    assert 'GIVEN="SHARD INTO" .venv/bin/python -m scripts history' in machine.done(
        "history:measure", "Measure", SHARE="3"
    )


def test_the_same_rows_are_nothing_new(machine: Machine) -> None:
    """Then the job that may write is not started."""
    hand_in(machine)
    assert "nothing new" in machine.done("history:gather", "Gather")
    assert machine.read("output") == ""


def test_a_row_that_differs_is_proposed(proposing: Machine, source: Path) -> None:
    """With the README and the picture that show it, as one commit on main's."""
    proposing.done("history:propose", "Commit what is new")
    changed = proposing.git("diff", "--name-only", "origin/main", "HEAD").splitlines()
    assert set(changed) == {HISTORY_FILE, "README.md", ".github/history.svg"}
    proposing.done("history:propose", "Push the branch, and open the pull request")
    assert proposing.git("ls-remote", str(source), "refs/heads/update/history").startswith(
        proposing.git("rev-parse", "HEAD")
    )
    asked = proposing.read("gh.txt").replace(f"{TOKEN}: ", "").splitlines()
    assert [line.split(" --")[0] for line in asked] == ["auth setup-git", "pr list", "pr create"]


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("README.md", "mine\n", "more is changed than a history changes"),
        (HISTORY_FILE, '{"format": 2}\n', "no history"),
        (HISTORY_FILE, "nonsense", "no history"),
        (".github/history.svg", "<svg><script>alert(1)</script></svg>", "more than a picture"),
        (".github/history.svg", '<svg onload="alert(1)"/>', "more than a picture"),
        (HISTORY_FILE, " " * 5_000_000, "too large"),
    ],
    ids=["readme", "format", "nonsense", "script", "handler", "large"],
)
def test_what_is_no_history_is_refused(proposing: Machine, path: str, text: str, said: str) -> None:
    """The jobs before this one ran releases' code: what they hand on may be anything."""
    (proposing.temp / "new" / path).write_text(text)
    refused = proposing.run("history:propose", "Commit what is new")
    assert refused.returncode
    assert said in refused.stdout
    assert proposing.git("rev-parse", "HEAD") == proposing.git("rev-parse", "origin/main")


def test_a_link_is_refused(proposing: Machine) -> None:
    """It may lead anywhere."""
    (proposing.temp / "new/README.md").unlink()
    (proposing.temp / "new/README.md").symlink_to("/etc/passwd")
    assert "no regular file" in proposing.run("history:propose", "Commit what is new").stdout


def test_the_site_is_built_where_it_is_published_from(machine: Machine) -> None:
    """In the folder that the workflow hands on."""
    machine.done("pages:build", "Build")
    assert (machine.root / ".local/site/index.html").is_file()

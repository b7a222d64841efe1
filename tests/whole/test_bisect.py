"""`bisect` as its users call it: a small uvicorn's commits are installed, served and measured."""

import json
from pathlib import Path

import pytest

from scripts.history.rows import HISTORY_FILE, encode, parse
from tests.history.repositories import Repository, small_uvicorn
from tests.history.samples import story
from tests.whole.conftest import Clone


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, str]:
    """Make the repository, and the id of the commit that is to be found."""
    return small_uvicorn(tmp_path_factory.mktemp("small") / "a uvicorn")


def test_the_commit_is_found_reported_and_kept(clone: Clone, small: tuple[Repository, str]) -> None:
    """The report names it, its pull request, and the counts before and after; the history gets a line."""
    theirs, joins = small
    (clone.root / HISTORY_FILE).write_text(encode(story()), "utf-8")
    done = clone.verb(
        "bisect", CASE="misroute", FROM="0.1.0", TO="0.2.0", PARSER="h11", REPO=str(theirs.folder), KEEP="1"
    )
    assert done.returncode == 0, done.stderr
    assert "### `misroute` with h11, from 0.1.0 to 0.2.0" in done.stdout
    assert f"- {joins} of 2022-02-05: Join what is split (#5), pull request 5" in done.stdout
    before, after = (line.split(" | ") for line in done.stdout.splitlines() if line.startswith(("| before", "| after")))
    assert before[1].endswith("Mend the build (#4)")
    assert before[2] == "73 dropped"
    assert after[1].endswith("Join what is split (#5)")
    assert after[2] == "all 73 intact"
    (kept,) = parse((clone.root / HISTORY_FILE).read_bytes()).commits
    assert (kept.commit, kept.pull_request, kept.case, kept.parser) == (joins, 5, "misroute", "h11")
    assert (kept.start, kept.end, str(kept.date)) == ("0.1.0", "0.2.0", "2022-02-05")


def test_a_commit_that_cannot_be_installed_is_skipped(clone: Clone, small: tuple[Repository, str]) -> None:
    """It is said to be, with the reason."""
    theirs, _ = small
    done = clone.verb(
        "bisect", CASE="misroute", FROM="0.1.0~0", TO="0.2.0~1", PARSER="h11", REPO=str(theirs.folder), JSON="1"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [each["subject"] for each in told["first"]] == ["Join what is split (#5)"]
    assert [each["subject"] for each in told["skipped"]] == ["Break the build (#3)"]
    assert "cannot be installed" in told["skipped"][0]["why"]
    assert told["before"]["measured_with"]["h11"].startswith("0.")


def test_ends_without_a_difference_are_said_to_have_none(clone: Clone, small: tuple[Repository, str]) -> None:
    """Both are measured, and nothing more."""
    theirs, _ = small
    done = clone.verb("bisect", CASE="misroute", FROM="0.1.0", TO="0.2.0~2", PARSER="h11", REPO=str(theirs.folder))
    assert (done.returncode, done.stdout) == (1, "")
    *measured, error = done.stderr.splitlines()
    assert error.startswith("error: 0.1.0 and 0.2.0~2 do not differ: both: 73 dropped. Name two releases")
    assert len(measured) == 2


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "error: no case named. Name one: CASE=form"),
        ({"CASE": "from", "FROM": "a", "TO": "b"}, "error: unknown case 'from'. Did you mean form?"),
        ({"CASE": "form"}, "error: two commits must be named. Name them: FROM=0.17.4 TO=0.17.5"),
        ({"CASE": "form", "FROM": "a", "TO": "b", "PARSER": "h12"}, "error: unknown parser 'h12'. Did you mean h11?"),
        ({"CASE": "form", "FROM": "0.1.0", "TO": "0.2"}, " has no commit '0.2'. Did you mean 0.2.0?"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_what_cannot_be_looked_for_is_wrong_use(
    clone: Clone, small: tuple[Repository, str], variables: dict[str, str], says: str
) -> None:
    """One line, and nothing is measured."""
    done = clone.verb("bisect", **variables, REPO=str(Path(small[0].folder)))
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr

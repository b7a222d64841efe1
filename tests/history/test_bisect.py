"""The search for a commit: git chooses, in a real repository; what a commit comes to stands in one of its files."""

from pathlib import Path

import pytest

from scripts.errors import Failure, WrongUse
from scripts.history.bisect import CommitSearch, MeasuredCommit, NoDifference, SkippedCommit, difference, search
from scripts.history.clones import UvicornClone, UvicornCommit, opened
from scripts.history.rows import INTACT, CaseCell, Cell
from scripts.probe.answers import Outcome
from tests.history.repositories import Repository, git
from tests.history.samples import DROPPED

REJECTED = CaseCell(rejected=((5, 3905),))
CELLS: dict[str, Cell] = {"dropped": DROPPED, "rejected": REJECTED, "intact": INTACT}


def repository(folder: Path, *outcomes: str) -> Repository:
    """Make a repository whose commits, tagged c1, c2 and so on, come to these outcomes or cannot be installed."""
    made = Repository(folder / "theirs")
    for number, outcome in enumerate(outcomes, 1):
        made.commit(f"Change {number} (#{100 + number})", {"outcome": outcome, "n": str(number)}, tag=f"c{number}")
    return made


def measure(clone: UvicornClone, commit: UvicornCommit) -> MeasuredCommit | SkippedCommit:
    """Look at the file that says what a commit comes to."""
    with clone.tree(commit) as folder:
        said = (folder / "outcome").read_text("utf-8")
    return MeasuredCommit(commit, CELLS[said]) if said in CELLS else SkippedCommit(commit, "it cannot be installed")


def look(root: Path, theirs: Repository, start: str, end: str) -> CommitSearch:
    """Search between two names."""
    with opened(root, str(theirs.folder), (start, end)) as clone:
        ends = clone.find(start), clone.find(end)
        return search(clone, *ends, lambda commit: measure(clone, commit), (start, end))


@pytest.mark.parametrize("left", ["half made", "half removed"])
def test_what_a_killed_git_left_of_a_commit_is_in_nobodys_way(tmp_path: Path, left: str) -> None:
    """The next search holds the same commit's files."""
    theirs = repository(tmp_path, "dropped")
    with opened(tmp_path, str(theirs.folder), ("c1", "c1")) as clone:
        commit = clone.find("c1")
        with clone.tree(commit) as place:
            if left == "half made":  # git locks what it has begun to make
                git(clone.folder, "worktree", "lock", "--reason", "initializing", str(place))
            else:
                (place / ".git").unlink()
            with clone.tree(commit) as again:
                assert (again / "outcome").read_text("utf-8") == "dropped"


@pytest.mark.parametrize("change", [2, 4, 9])
def test_the_first_commit_with_the_other_outcome_is_found(tmp_path: Path, change: int) -> None:
    """Wherever it is, with at most one measurement for each halving beside the two ends."""
    theirs = repository(tmp_path, *["dropped"] * (change - 1), *["intact"] * (10 - change))
    found = look(tmp_path, theirs, "c1", "c9")
    assert [each.subject for each in found.candidates] == [f"Change {change} (#{100 + change})"]
    assert found.after.commit == found.candidates[0]
    assert (found.before.cell, found.after.cell) == (DROPPED, INTACT)
    assert found.before.commit.subject == f"Change {change - 1} (#{100 + change - 1})"
    assert found.candidates[0].pull_request == 100 + change
    assert len(found.measured) <= 2 + 3
    assert f"git bisect after {found.candidates[0].commit}" in found.log


def test_an_outcome_on_the_way_is_not_taken_for_the_change(tmp_path: Path) -> None:
    """Dropped, then rejected, then intact: between dropped and intact it is the last step that counts."""
    theirs = repository(tmp_path, *["dropped"] * 3, *["rejected"] * 3, *["intact"] * 3)
    assert look(tmp_path, theirs, "c1", "c9").after.commit.subject.startswith("Change 7 ")
    assert look(tmp_path, theirs, "c1", "c6").after.commit.subject.startswith("Change 4 ")


def test_a_change_for_the_worse_is_found_too(tmp_path: Path) -> None:
    """As where a failure came in."""
    theirs = repository(tmp_path, "intact", "intact", "dropped", "dropped")
    assert look(tmp_path, theirs, "c1", "c4").after.commit.subject.startswith("Change 3 ")


def test_commits_that_cannot_be_measured_are_skipped(tmp_path: Path) -> None:
    """Where they are not at the change itself, it is found nevertheless."""
    theirs = repository(tmp_path, "dropped", "dropped", "broken", "broken", "dropped", "intact", "intact")
    found = look(tmp_path, theirs, "c1", "c7")
    assert [each.subject for each in found.candidates] == ["Change 6 (#106)"]
    assert all(each.why == "it cannot be installed" for each in found.skipped)


def test_where_the_change_lies_among_skipped_ones_all_of_them_are_named(tmp_path: Path) -> None:
    """One of them it is, and nobody knows which."""
    theirs = repository(tmp_path, "dropped", "dropped", "broken", "broken", "intact", "intact")
    found = look(tmp_path, theirs, "c1", "c6")
    assert {each.subject for each in found.candidates} == {f"Change {number} (#10{number})" for number in (3, 4, 5)}
    assert found.before.commit.subject.startswith("Change 2 ")
    assert found.after.commit.subject.startswith("Change 5 ")


def test_ends_that_come_to_the_same_are_said_to_and_nothing_more_is_measured(tmp_path: Path) -> None:
    """There is nothing to find."""
    theirs = repository(tmp_path, "dropped", "intact", "intact", "dropped")
    tried: list[UvicornCommit] = []
    with opened(tmp_path, str(theirs.folder), ("c1", "c4")) as clone:

        def count(commit: UvicornCommit) -> MeasuredCommit | SkippedCommit:
            tried.append(commit)
            return measure(clone, commit)

        with pytest.raises(NoDifference, match=r"c1 and c4 do not differ: both: 3,901 dropped"):
            search(clone, clone.find("c1"), clone.find("c4"), count, ("c1", "c4"))
    assert len(tried) == 2


def test_an_end_that_cannot_be_measured_is_a_failure(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(Failure, match=r"c2 cannot be measured: it cannot be installed"):
        look(tmp_path, repository(tmp_path, "dropped", "broken"), "c1", "c2")


def test_ends_the_wrong_way_round_are_wrong_use(tmp_path: Path) -> None:
    """Nothing is measured."""
    with pytest.raises(WrongUse, match="Name the older one in FROM"):
        look(tmp_path, repository(tmp_path, "dropped", "intact"), "c2", "c1")


def test_a_release_beside_the_branch_of_the_next_one_is_no_obstacle(tmp_path: Path) -> None:
    """As uvicorn's 0.10.9 was: git asks for the commit at which they part."""
    theirs = repository(tmp_path, "dropped", "dropped", "dropped", "intact")
    git(theirs.folder, "checkout", "--quiet", "-b", "beside", "c2")
    theirs.commit("Release", {"outcome": "dropped", "version": "1"}, tag="beside")
    found = look(tmp_path, theirs, "refs/tags/beside", "c4")
    assert [each.subject for each in found.candidates] == ["Change 4 (#104)"]
    assert found.before.commit.subject == "Change 3 (#103)"


def test_a_change_before_the_ends_part_is_not_between_them(tmp_path: Path) -> None:
    """One of them undid it, which git says, and so does this."""
    theirs = repository(tmp_path, "dropped", "intact", "intact")
    git(theirs.folder, "checkout", "--quiet", "-b", "beside", "c2")
    theirs.commit("Undo", {"outcome": "dropped"}, tag="undone")
    with pytest.raises(Failure, match=r"came before they parted: [0-9a-f]{10} is as TO is. Name that in TO"):
        look(tmp_path, theirs, "undone", "c3")


def test_ends_that_share_nothing_are_wrong_use(tmp_path: Path) -> None:
    """Nothing leads from one to the other."""
    theirs = repository(tmp_path, "dropped", "intact")
    git(theirs.folder, "checkout", "--quiet", "--orphan", "other")
    theirs.commit("Another", {"outcome": "intact"}, tag="another")
    with pytest.raises(WrongUse, match="share no history"):
        look(tmp_path, theirs, "c1", "another")


def test_a_name_that_the_repository_does_not_know_is_wrong_use(tmp_path: Path) -> None:
    """The nearest tag is named; a word that git would take for an option names nothing."""
    theirs = repository(tmp_path, "dropped", "intact")
    with pytest.raises(WrongUse, match=r"has no commit 'c22'. Did you mean c2\?"):
        look(tmp_path, theirs, "c1", "c22")
    with pytest.raises(WrongUse, match="has no commit '--all'"):
        look(tmp_path, theirs, "c1", "--all")


def test_a_repository_that_is_none_is_one_line(tmp_path: Path) -> None:
    """It says what REPO= may be."""
    with pytest.raises(Failure, match=r"cannot be read: .*REPO="), opened(tmp_path, str(tmp_path / "none"), ()):
        pass


def test_a_clone_is_brought_up_to_date_where_a_name_may_have_moved(tmp_path: Path) -> None:
    """A branch does; a tag that the clone has does not."""
    theirs = repository(tmp_path, "dropped", "intact")
    look(tmp_path, theirs, "c1", "c2")
    newest = theirs.commit("Later", {"outcome": "rejected"}, tag="c3")
    with opened(tmp_path, str(theirs.folder), ("c1", "main")) as clone:
        assert clone.find("main").commit == newest
        assert clone.find("c3").commit == newest
    git(theirs.folder, "tag", "--delete", "c3")
    with opened(tmp_path, str(theirs.folder), ("c1", "c3")) as clone:
        assert clone.find("c3").commit == newest


def test_a_search_that_was_killed_does_not_stand_in_the_way_of_the_next(tmp_path: Path) -> None:
    """Neither what git remembers of it, nor the files of a commit that it had laid out."""
    theirs = repository(tmp_path, *["dropped"] * 4, *["intact"] * 4)
    with opened(tmp_path, str(theirs.folder), ("c1", "c8")) as clone:
        clone.begin(clone.find("c1"), clone.find("c8"))
        held = clone.tree(clone.next())
        held.__enter__()  # and nobody leaves
    assert look(tmp_path, theirs, "c1", "c8").after.commit.subject.startswith("Change 5 ")


def test_two_searches_at_once_in_one_repository_are_refused(tmp_path: Path) -> None:
    """There is room for one in what git remembers."""
    theirs = repository(tmp_path, "dropped", "intact")
    with (
        opened(tmp_path, str(theirs.folder), ("c1",)),
        pytest.raises(Failure, match="another search is under way"),
        opened(tmp_path, str(theirs.folder), ("c1",)),
    ):
        pass


def test_cells_are_told_apart_by_the_plainest_thing_that_does() -> None:
    """Intact or not, then which outcomes, then which offsets; equal ones by nothing."""
    joined = CaseCell(dropped=((5, 3905),), joined=Outcome.HUNG)
    nearer = CaseCell(dropped=((5, 3904),))
    assert difference(DROPPED, DROPPED) is None
    for other in (INTACT, REJECTED, joined, nearer):
        assert difference(DROPPED, other) is not None
    by_intact, by_outcomes = difference(DROPPED, INTACT), difference(DROPPED, joined)
    assert by_intact
    assert by_outcomes
    assert by_intact(REJECTED) == by_intact(DROPPED)
    assert by_outcomes(nearer) == by_outcomes(DROPPED)

"""Which commit a branch goes on from, and what its next one says."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scripts.branches.plan import NAMES_IN_SUBJECT, MainCommit, Past, Plan, Tip, ancestry, message, parent_of
from scripts.errors import Failure
from scripts.matrix import load
from tests.branches.checkouts import PROJECT

VARIANT = replace(load(PROJECT).one("v0.12.1"), name="v1")

ONE, TWO = Tip("1", "tree 1"), Tip("2", "tree 2")

# Commits are numbers in these histories; a commit's parents have lower numbers.
histories = st.integers(2, 12).flatmap(
    lambda size: st.fixed_dictionaries(
        {
            str(number): st.builds(
                Past,
                st.lists(st.sampled_from([str(n) for n in range(number)] or [""]), max_size=2, unique=True).map(
                    lambda parents: tuple(p for p in parents if p)
                ),
                st.booleans(),
            )
            for number in range(size)
        }
    )
)


@given(history=histories, data=st.data())
def test_no_commit_by_hand_is_ever_left_behind(history: dict[str, Past], data: st.DataObject) -> None:
    """What a branch goes on from holds origin's tip and every commit of the branch that was not generated."""
    local, origin = (Tip(data.draw(st.sampled_from(sorted(history))), "") for _ in range(2))
    try:
        parent = parent_of("b", local, origin, history, shallow=False)
    except Failure:
        assume(False)
    assert parent
    kept = ancestry(parent.commit, history)
    assert origin.commit in kept
    assert not [commit for commit in ancestry(local.commit, history) - kept if not history[commit].generated]


@pytest.mark.parametrize(("local", "origin", "parent"), [(None, None, None), (ONE, None, ONE), (None, ONE, ONE)])
def test_a_branch_that_is_in_one_place_goes_on_from_there(
    local: Tip | None, origin: Tip | None, parent: Tip | None
) -> None:
    """Without a branch here, or at origin, there is nothing to choose from."""
    assert parent_of("b", local, origin, {}, shallow=False) == parent


def test_a_branch_ahead_of_origins_goes_on_from_itself() -> None:
    """Commits that are not pushed yet stay, by hand or not."""
    history = {"1": Past((), generated=True), "2": Past(("1",), generated=False)}
    assert parent_of("b", TWO, ONE, history, shallow=False) == TWO


def test_a_branch_behind_origins_goes_on_from_origins() -> None:
    """What was fetched is the base."""
    history = {"1": Past((), generated=False), "2": Past(("1",), generated=False)}
    assert parent_of("b", ONE, TWO, history, shallow=False) == TWO


def test_generated_commits_give_way_to_origins() -> None:
    """A commit that can be generated again is no loss."""
    history = {"1": Past((), generated=True), "2": Past((), generated=False)}
    assert parent_of("b", ONE, TWO, history, shallow=False) == TWO


@pytest.mark.parametrize(("shallow", "mend"), [(False, "git branch -m b b-by-hand"), (True, "git fetch --unshallow")])
def test_a_commit_by_hand_beside_origins_is_refused(shallow: bool, mend: str) -> None:
    """The line names the branch, the commit, and the command that keeps it or shows that origin has it."""
    history = {"1": Past((), generated=False), "2": Past((), generated=True)}
    with pytest.raises(Failure, match=rf"^branch b has 1 commit.*: 1\b.*{mend}$"):
        parent_of("b", ONE, TWO, history, shallow=shallow)


@pytest.mark.parametrize(
    ("local", "parent", "action", "needs_commit"),
    [
        (None, None, "created", True),
        (None, TWO, "created", True),
        (None, ONE, "created", False),
        (ONE, ONE, "unchanged", False),
        (TWO, TWO, "updated", True),
        (TWO, ONE, "updated", False),
    ],
)
def test_a_commit_is_made_only_where_the_tree_differs(
    local: Tip | None, parent: Tip | None, action: str, needs_commit: bool
) -> None:
    """The branch itself may still be made, or moved to origin's tip."""
    plan = Plan(VARIANT, {}, ONE.tree, local, parent)
    assert (plan.action, plan.needs_commit) == (action, needs_commit)
    assert plan.moves == (action != "unchanged")


def test_a_message_names_variant_source_and_what_changed() -> None:
    """The subject has the changed files, the trailers the commit of main and the variant."""
    lines = message(VARIANT, ["README.md", "app.py"], MainCommit("c" * 40, 0, dirty=False)).splitlines()
    assert lines[0] == "v1: change README.md, app.py"
    assert lines[1] == ""
    assert lines[-3:] == ["", f"Source-Commit: {'c' * 40}", "Variant: v1"]


def test_a_message_says_that_the_inputs_were_not_committed() -> None:
    """The trailer of a dirty working tree is no commit's id."""
    assert f"\nSource-Commit: {'c' * 40}-dirty\n" in message(VARIANT, None, MainCommit("c" * 40, 0, dirty=True))


@given(changed=st.lists(st.text("abc./", min_size=1), min_size=1))
def test_a_subject_is_short(changed: list[str]) -> None:
    """Many or long names give way to their number."""
    subject = message(VARIANT, changed, MainCommit("c" * 40, 0, dirty=False)).splitlines()[0]
    assert len(subject) <= NAMES_IN_SUBJECT
    assert subject in (f"v1: change {', '.join(changed)}", f"v1: change {len(changed)} files")

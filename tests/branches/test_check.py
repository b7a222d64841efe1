"""Finding branches that cannot be made, or are out of date."""

import shutil

from scripts.branches.check import check_branches
from tests.branches.checkouts import Checkout


def test_a_fresh_clone_has_no_problem(checkout: Checkout) -> None:
    """Branches that are not here are not out of date."""
    assert check_branches(checkout.matrix).problems == []


def test_generated_branches_have_no_problem(checkout: Checkout) -> None:
    """What was generated just now is up to date."""
    checkout.regenerate()
    assert check_branches(checkout.matrix).problems == []


def test_a_branch_that_is_out_of_date_is_told_with_the_command_that_mends_it(checkout: Checkout) -> None:
    """Only the branch whose inputs changed is named, and running the command leaves no problem."""
    checkout.regenerate()
    checkout.write("variants/v0.12.1/requirements.txt", "# other pins\n")
    (line,) = check_branches(checkout.matrix).problems
    assert line.startswith("branch quart-uvicorn-v0.12.1 is out of date")
    assert line.endswith("make branches VARIANT=v0.12.1")
    checkout.regenerate("v0.12.1")
    assert check_branches(checkout.matrix).problems == []


def test_a_branch_that_cannot_be_made_is_told(checkout: Checkout) -> None:
    """A template's mistake is named once for each variant that it concerns."""
    checkout.write("common/branch/container/heroku.yml.j2", "{{ unheard_of }}")
    lines = check_branches(checkout.matrix).problems
    assert [line.partition(": ")[0] for line in lines] == ["v0.11.8", "v0.12.1"]
    assert all("common/branch/container/heroku.yml.j2 cannot be rendered" in line for line in lines)


def test_nothing_is_written(checkout: Checkout) -> None:
    """Checking makes no ref and no object."""
    before = checkout.refs(), checkout.git("count-objects", "-v")
    check_branches(checkout.matrix)
    assert (checkout.refs(), checkout.git("count-objects", "-v")) == before


def test_what_is_no_checkout_is_still_checked(checkout: Checkout) -> None:
    """A downloaded archive has no branches, but its templates must be right."""
    shutil.rmtree(checkout.root / ".git")
    assert check_branches(checkout.matrix).problems == []
    checkout.write("common/branch/Procfile.j2", "web: something else\n")
    assert len(check_branches(checkout.matrix).problems) == 2

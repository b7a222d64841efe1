"""What the process of the platform's own page starts from."""

from pathlib import Path

from scripts.platforms.local.live_page import slug
from scripts.platforms.local.places import Places
from tests.whole.conftest import clone_working_tree


def test_the_page_of_a_checkout_that_was_moved_has_an_environment(tmp_path: Path) -> None:
    """Its own: not the one at the old place, where there may be none, or another checkout's."""
    before = clone_working_tree(tmp_path).root
    assert slug(Places(before)).python.exists()
    after = before.rename(tmp_path / "another place")
    made = slug(Places(after))
    assert made.python.exists()
    assert (made.folder / ".venv").resolve().is_relative_to(after)

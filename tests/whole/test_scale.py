"""A hundred variants are no different from six: no step grows faster than the matrix."""

from pathlib import Path

import pytest

from tests.branches.checkouts import wrap_git
from tests.scale import STEPS, cost, tidy_checkout


def test_sixty_variants_are_generated_rendered_and_found_current(tmp_path: Path) -> None:
    """Each step does all of them in one run; rendering and checking change no file."""
    checkout = tidy_checkout(tmp_path / "many", 60)
    for step in STEPS:
        cost(checkout.root, step)
    assert len(checkout.branches()) == 60
    assert checkout.git("status", "--porcelain") == ""


@pytest.mark.parametrize("step", sorted(STEPS))
def test_no_step_starts_more_processes_of_git_for_more_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Also when every branch gets a commit on top of what it had."""
    log = tmp_path / "log"
    checkouts = [tidy_checkout(tmp_path / str(count), count) for count in (2, 12)]
    for checkout in checkouts:
        checkout.regenerate()
        if step == "branches":
            checkout.change_app("# new")
    wrap_git(tmp_path / "count", monkeypatch, '"$1"', f'echo "$1" >> {log}')
    started = []
    for checkout in checkouts:
        log.write_text("", "utf-8")
        cost(checkout.root, step)
        started.append(log.read_text("utf-8").splitlines())
    assert started[0] == started[1]

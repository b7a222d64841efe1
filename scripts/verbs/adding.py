"""What `update` and `variant` share: add one release, all or nothing, and print what changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import screen
from scripts.errors import Failure
from scripts.files import write_whole
from scripts.matrix import Matrix
from scripts.pins.jobs import in_utc
from scripts.releases.add import Addition, add, runtime_path
from scripts.releases.undo import all_or_nothing
from scripts.report.rendered import PICTURE, README, rendered
from scripts.verdicts.verdict import evidence_in_short

BUSY = "another update runs in this checkout"


def lock(root: Path) -> Path:
    """Return the file that one update at a time holds."""
    return root / ".local/update.lock"


def add_release(matrix: Matrix, addition: Addition) -> None:
    """Add a release to the checkout and print what changed; when that fails, files and branches are as they were."""
    root = matrix.root
    files = [*addition.files(root), root / README, root / PICTURE]
    branch = addition.variant.branch
    with _naming(addition), all_or_nothing(root, files=files, folder=addition.folder(root), branch=branch):
        added = add(root, addition, screen.progress)
        written = {path: write_whole(root / path, text) for path, text in rendered(added.matrix).items()}
    moment = added.variant.runtime.resolved_as_of
    if moment and moment != addition.runtime.resolved_as_of:
        screen.out.print(f"{runtime_path(addition.runtime)}: resolved as of {in_utc(moment)}")
    screen.out.print(f"variants/{added.variant.name}/: written, on {addition.runtime.name}")
    for pinned in added.pinned:
        screen.out.print(f"{pinned.path}: {pinned.action} ({pinned.packages} packages)")
    screen.out.print(f"{added.change.branch}: {added.change.action}, {added.change.commit}")
    for path, changed in written.items():
        screen.out.print(f"{path}: {'written' if changed else 'unchanged'}")
    screen.out.print(f"{added.variant.name}: {evidence_in_short(added.verdict)}")
    if added.news:
        screen.out.print(f"That is news: {added.news}", style="bold yellow")


@contextmanager
def _naming(addition: Addition) -> Iterator[None]:
    """Say in a failure which release it stopped."""
    try:
        yield
    except Failure as failure:
        what = f"{addition.release.name} is not added, all is as it was"
        raise Failure(what, found=failure.message, lines=failure.lines, exit_code=failure.exit_code) from failure

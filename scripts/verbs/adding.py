"""What `update` and `variant` share: add one release, all or nothing, and print what changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import msgspec

from scripts import screen
from scripts.branches.git import open_repository, read_tips
from scripts.branches.undo import UPDATE, Before, all_or_nothing, contents
from scripts.errors import Failure
from scripts.files import write_all
from scripts.matrix import Matrix
from scripts.pins.jobs import in_utc
from scripts.releases.add import Added, Addition, add, runtime_path
from scripts.report.rendered import PICTURE, README, rendered
from scripts.verdicts.verdict import evidence_in_short


def unchanged(name: str, why: str, *, as_json: bool) -> None:
    """Say that the variant `name` makes adding one needless, and `why`."""
    if as_json:
        screen.print_json({"variant": name, "action": "unchanged", "why": why})
    else:
        screen.out.print(f"nothing to do: {name} {why}")


def add_release(matrix: Matrix, addition: Addition, *, as_json: bool = False) -> None:
    """Add a release to the checkout and print what changed; when that fails, files and branches are as they were.

    The caller holds the lock of the note UPDATE.
    """
    root = matrix.root
    ref = f"refs/heads/{addition.variant.branch}"
    tip = read_tips(open_repository(root), [ref]).get(ref)
    before = Before(
        f"adding {addition.release.name}",
        files=contents(root, [*addition.files(root), root / README, root / PICTURE]),
        folder=addition.folder(root).relative_to(root).as_posix(),
        refs={ref: (tip.commit if tip else "", None)},
    )
    with _naming(addition), all_or_nothing(root / UPDATE, root, before):
        added = add(root, addition, screen.progress)
        texts = rendered(added.matrix)
        written = write_all({root / path: text for path, text in texts.items()})
    if as_json:
        screen.print_json(_facts(added))
        return
    moment = added.variant.runtime.resolved_as_of
    if moment and moment != addition.runtime.resolved_as_of:
        screen.out.print(f"{runtime_path(addition.runtime)}: resolved as of {in_utc(moment)}")
    screen.out.print(f"variants/{added.variant.name}/: written, on {addition.runtime.name}")
    for pinned in added.pinned:
        screen.out.print(f"{pinned.path}: {pinned.action} ({pinned.packages} packages)")
    screen.out.print(f"{added.change.branch}: {added.change.action}, {added.change.commit}")
    for path in texts:
        screen.out.print(f"{path}: {'written' if root / path in written else 'unchanged'}")
    screen.out.print(f"{added.variant.name}: {evidence_in_short(added.verdict)}")
    if added.news:
        screen.out.print(f"That is news: {added.news}", style="bold yellow")
    screen.out.print(f"Next: {_next(added)}")


def _next(added: Added) -> str:
    """Return the commands that bring an added variant to origin."""
    return f"git add --all && git commit -m 'Add uvicorn {added.variant.name}' && git push origin main && make publish"


def _facts(added: Added) -> dict[str, object]:
    """Return what programs are told of a release that was added."""
    return {
        "variant": added.variant.name,
        "action": "added",
        "runtime": added.variant.runtime.name,
        "pinned": [asdict(pinned) for pinned in added.pinned],
        "branch": added.change.branch,
        "commit": added.change.commit,
        "verdict": msgspec.to_builtins(added.verdict),
        "news": added.news,
        "next": _next(added),
    }


@contextmanager
def _naming(addition: Addition) -> Iterator[None]:
    """Say in a failure which release it stopped."""
    try:
        yield
    except Failure as failure:
        what = f"{addition.release.name} is not added, all is as it was"
        raise Failure(what, found=failure.message, lines=failure.lines, exit_code=failure.exit_code) from failure

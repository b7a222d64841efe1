"""What shall happen to a branch: which commit comes below its tree, whether one is needed, what its message says.

Nothing is read here but the arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scripts.branches.tree import Files
from scripts.errors import Failure
from scripts.matrix import Variant

Action: TypeAlias = Literal["created", "updated", "unchanged"]

NAMES_IN_SUBJECT = 72
"""A subject that would be longer than this (git's own advice) gives the number of files, not their names."""


@dataclass(frozen=True)
class Tip:
    """The commit that a ref holds, and that commit's tree."""

    commit: str
    tree: str


@dataclass(frozen=True)
class MainCommit:
    """The commit of main that branches are generated from."""

    commit: str
    seconds: int
    """Its committer's date, in seconds since 1970."""
    dirty: bool
    """Whether the inputs in the working tree differ from it."""


@dataclass(frozen=True)
class Past:
    """A commit of a branch's history."""

    parents: tuple[str, ...]
    generated: bool
    """Whether this tool made it."""


@dataclass(frozen=True)
class Plan:
    """What a variant's branch shall hold, and what it stands on."""

    variant: Variant
    files: Files
    tree: str
    """The id of the tree of `files`."""
    local: Tip | None
    """The local branch."""
    parent: Tip | None
    """The commit to go on from; None starts a history."""

    @property
    def branch(self) -> str:
        """The branch's name."""
        return self.variant.branch

    @property
    def needs_commit(self) -> bool:
        """Whether the parent does not hold the wanted tree already."""
        return self.parent is None or self.parent.tree != self.tree

    @property
    def moves(self) -> bool:
        """Whether the local branch changes."""
        return self.needs_commit or self.local != self.parent

    @property
    def action(self) -> Action:
        """What the user is told."""
        if not self.local:
            return "created"
        return "updated" if self.moves else "unchanged"


def parent_of(
    branch: str,
    local: Tip | None,
    origin: Tip | None,
    history: Mapping[str, Past],
    *,
    shallow: bool,
    on_origin: bool = False,
) -> Tip | None:
    """Return the commit that a branch goes on from: its own tip where that holds origin's, else origin's.

    With `on_origin` it is origin's in any case, None where origin has no such branch. `history` has every commit below
    the two tips that the repository has; `shallow` says that it may not have all. Failure when going on from origin's
    tip would lose a commit that this tool did not make.
    """
    if not local:
        return origin
    mine = ancestry(local.commit, history)
    if not on_origin and (not origin or origin.commit in mine):
        return local
    theirs = ancestry(origin.commit, history) if origin else set()
    by_hand = sorted(commit for commit in mine - theirs if not history[commit].generated)
    if not by_hand:
        return origin
    what = f"branch {branch} has {len(by_hand)} commit(s) that are not on origin's and were not generated"
    if shallow:
        raise Failure(
            what,
            found=f"{by_hand[0][:10]}, but this clone's history is shallow",
            do="Fetch it all: git fetch --unshallow",
        )
    raise Failure(what, found=by_hand[0][:10], do=f"Keep them elsewhere: git branch -m {branch} {branch}-by-hand")


def ancestry(commit: str, history: Mapping[str, Past]) -> set[str]:
    """Return a commit and all commits below it."""
    found, ahead = set(), [commit]
    while ahead:
        commit = ahead.pop()
        if commit not in found and commit in history:
            found.add(commit)
            ahead.extend(history[commit].parents)
    return found


def message(variant: Variant, changed: list[str] | None, source: MainCommit) -> str:
    """Return a commit's message; `changed` has the paths that differ from its parent, None where it has no parent."""
    if changed is None:
        subject = f"{variant.name}: begin the branch"
    else:
        subject = f"{variant.name}: change {', '.join(changed)}"
        if len(subject) > NAMES_IN_SUBJECT:
            subject = f"{variant.name}: change {len(changed)} files"
    body = "Every file is generated on the main branch by `make branches`: change its inputs there."
    commit = f"{source.commit}{'-dirty' if source.dirty else ''}"
    return f"{subject}\n\n{body}\n\nSource-Commit: {commit}\nVariant: {variant.name}\n"

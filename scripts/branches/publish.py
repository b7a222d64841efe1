"""Publish the branches: bring origin's up to date with main's commit, all of them in one atomic push, or none.

Nothing is forced. What origin has is fetched first and built upon, so git refuses the push when origin moved meanwhile.
A branch on origin is this tool's own, whole: one commit in its history that this tool did not make stops everything.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scripts.branches.generate import HEADS, ORIGIN, SOURCES, BranchChange, regenerate
from scripts.branches.git import Repository, git, open_repository, read_history, read_tips
from scripts.branches.inputs import is_left_behind
from scripts.branches.plan import ancestry
from scripts.errors import Failure
from scripts.matrix import Matrix, Variant
from scripts.process import Completed, last_lines

MAIN = "main"

NAMED = 5
"""How many of several things a message names."""

State: TypeAlias = Literal["new", "updated", "unchanged"]

REFUSED = re.compile(r"^!\t[^\t]*:refs/heads/(?P<branch>[^\t]+)\t(?P<why>.*)$", re.MULTILINE)
"""A ref that was not pushed, as `git push --porcelain` documents it: flag, from:to, summary with the reason."""


@dataclass(frozen=True)
class Publication:
    """What became of a branch on origin."""

    variant: Variant
    old: str | None
    """The commit that origin had."""
    new: str
    """The commit that origin has now; in a dry run, would have."""

    @property
    def state(self) -> State:
        """What the user is told."""
        if not self.old:
            return "new"
        return "unchanged" if self.old == self.new else "updated"


def publish(matrix: Matrix, *, dry_run: bool = False) -> list[Publication]:
    """Bring origin's branches up to date and return what became of each, in the matrix's order.

    The local branches move once origin's have: not in a dry run, and not where something is refused. Failure, with all
    branches as they were, when the tree is not clean, its commit is not the one that origin's main has, a branch holds
    a commit that this tool did not make, or git or origin refuses the push.
    """
    repository = open_repository(matrix.root)
    _refuse_other_branch(repository)
    _refuse_dirty(repository)
    _require_origin(repository)
    heads = _heads_on_origin(repository)
    _fetch(repository, heads, [MAIN, *(variant.branch for variant in matrix.variants)])
    _refuse_other_commit(repository, heads.get(MAIN))
    _refuse_foreign(repository, matrix, heads)

    def pushed(changes: Sequence[BranchChange]) -> bool:
        _push(repository, [change for change in changes if heads.get(change.branch) != change.commit], dry_run)
        return not dry_run

    changes = regenerate(matrix, matrix.variants, on_origin=True, agree=pushed)
    return [Publication(change.variant, heads.get(change.branch), change.commit) for change in changes]


def _refuse_other_branch(repository: Repository) -> None:
    """Refuse to publish anything but the branch main."""
    on = git(repository.root, "symbolic-ref", "--quiet", "--short", "HEAD", codes=(0, 1)).text
    if on != MAIN:
        what = f"{on} is checked out" if on else "no branch is checked out"
        raise Failure(f"{what}, and branches are published from {MAIN}", do=f"Run: git switch {MAIN}")


def _refuse_dirty(repository: Repository) -> None:
    """Refuse a working tree that differs from its commit, also by an input that git ignores."""
    said = git(repository.root, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames").stdout
    changed = {entry[3:] for entry in said.decode("utf-8", "replace").split("\0") if entry}
    untracked = git(repository.root, "ls-files", "--others", "-z", "--", *(s for s in SOURCES if s != "scripts")).stdout
    changed |= {path for path in untracked.decode("utf-8", "replace").split("\0") if path and not is_left_behind(path)}
    if changed:
        raise Failure(
            "the working tree is not clean, so nothing is published",
            found=_named(sorted(changed)),
            do="Commit it or take it away",
        )


def _require_origin(repository: Repository) -> None:
    """Refuse a repository that has nowhere to publish to."""
    if not git(repository.root, "config", "--get-all", "remote.origin.url", codes=(0, 1)).text:
        raise Failure("there is no remote called origin", do="Add it: git remote add origin ADDRESS")


def _heads_on_origin(repository: Repository) -> dict[str, str]:
    """Return branch → commit as origin has them now."""
    said = _remote(repository, "ls-remote", "--quiet", "--heads", "origin").text
    pairs = (line.split("\t", 1) for line in said.splitlines())
    return {ref.removeprefix(HEADS): commit for commit, ref in pairs if ref.startswith(HEADS)}


def _fetch(repository: Repository, heads: Mapping[str, str], branches: Sequence[str]) -> None:
    """Make what this clone knows of origin's `branches` what origin has; what origin has no more is forgotten."""
    known = {ref.removeprefix(ORIGIN): tip.commit for ref, tip in read_tips(repository, [ORIGIN]).items()}
    wanted = [branch for branch in branches if branch in heads and known.get(branch) != heads[branch]]
    if wanted:
        # The + lets origin's branch be moved back; it concerns what is known here, and nothing on origin.
        refspecs = [f"+{HEADS}{branch}:{ORIGIN}{branch}" for branch in wanted]
        flags = ("--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-maintenance")
        _remote(repository, "fetch", *flags, "origin", *refspecs)
    gone = [f"delete {ORIGIN}{branch}\n" for branch in branches if branch in known and branch not in heads]
    if gone:
        git(repository.root, "update-ref", "--stdin", stdin="".join(gone).encode())


def _refuse_other_commit(repository: Repository, theirs: str | None) -> None:
    """Refuse a commit that is not the one of origin's main, `theirs`.

    An older one would take the branches back to what they were. Of a newer one nobody else could tell what they are
    made of.
    """
    mine = git(repository.root, "rev-parse", "--verify", "HEAD^{commit}").text
    if mine == theirs:
        return
    if theirs and git(repository.root, "merge-base", "--is-ancestor", theirs, mine, codes=(0, 1)).code:
        raise Failure(
            f"this is not the newest {MAIN}",
            found=f"origin's {MAIN} has {theirs[:10]}",
            do=f"Get it: git pull origin {MAIN}",
        )
    found = f"it has {theirs[:10]}" if theirs else f"it has no {MAIN}"
    raise Failure(f"origin's {MAIN} has not this commit", found=found, do=f"Push it first: git push origin {MAIN}")


def _refuse_foreign(repository: Repository, matrix: Matrix, heads: Mapping[str, str]) -> None:
    """Refuse a branch on origin whose history, whole, is not of this tool's own making."""
    tips = {variant.branch: heads[variant.branch] for variant in matrix.variants if variant.branch in heads}
    history = read_history(repository, set(tips.values()), matrix.project.committer)
    shallow = _shallow_commits(repository)
    for branch, tip in tips.items():
        commits = ancestry(tip, history)
        foreign = {commit for commit in commits if not history[commit].generated}
        if foreign:
            raise Failure(
                f"branch {branch} on origin has {len(foreign)} commit(s) that this tool did not make",
                found=next(commit for commit in history if commit in foreign),
                do=f"Nothing was pushed. Keep them elsewhere, then delete the branch there: git push origin :{branch}",
            )
        if commits & shallow:
            raise Failure(
                f"nobody can tell who made branch {branch} on origin",
                found="this clone's history is shallow",
                do="Fetch it all: git fetch --unshallow origin",
            )


def _shallow_commits(repository: Repository) -> set[str]:
    """Return the commits whose parents this clone lacks (gitrepository-layout, "shallow")."""
    file = repository.common / "shallow"
    return set(file.read_text("ascii").split()) if repository.shallow and file.exists() else set()


def _push(repository: Repository, changes: Sequence[BranchChange], dry_run: bool) -> None:
    """Push the tips of `changes`, all or none; a dry run asks origin all but the last question."""
    if not changes:
        return
    flags = ["--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no"]
    refspecs = [f"{change.commit}:{HEADS}{change.branch}" for change in changes]
    done = _remote(repository, "push", *flags, *(["--dry-run"] if dry_run else []), "origin", *refspecs, codes=(0, 1))
    if done.code:
        raise _refused(done)


def _refused(done: Completed) -> Failure:
    """Return what git says of a push that it or origin refused: each reason with its branches, then origin's words."""
    reasons: dict[str, list[str]] = {}
    for match in REFUSED.finditer(done.stdout.decode("utf-8", "replace")):
        reasons.setdefault(match["why"], []).append(match["branch"])
    refused = [f"{why}: {_named(branches)}" for why, branches in sorted(reasons.items(), key=lambda each: len(each[1]))]
    return Failure(
        "nothing was pushed",
        found="no branch moved on origin",
        do="Run again, it builds on what origin has then: make publish. Or look at origin's rules for these branches",
        lines=[*refused, *last_lines(done.stderr)],
    )


def _named(things: Sequence[str]) -> str:
    """Return the first NAMED of several things, and how many more there are."""
    more = f" and {len(things) - NAMED} more" if len(things) > NAMED else ""
    return f"{', '.join(things[:NAMED])}{more}"


def _remote(repository: Repository, *args: str, codes: Sequence[int] = (0,)) -> Completed:
    """Run git to speak with origin; Failure has git's words where it cannot be reached."""
    mend = "Look at its address (git remote -v) and at how git logs in there; nothing was pushed"
    what = f"git {args[0]} could not be done with origin"
    return git(repository.root, *args, codes=codes, remote=True, what=what, do=mend)

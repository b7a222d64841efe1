"""git, asked the same way on every machine, and what is read with it.

Every run has the same settings, whatever the user's configuration and the variables of a hook say: no hook runs, no
object is replaced, nothing is translated, and which repository is meant follows from the folder alone. A run that
speaks to another repository also has the user's own ways of getting there; it asks nobody for a password.
"""

import os
import re
import shlex
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.branches.plan import Past, Tip
from scripts.branches.tree import BranchFile, as_bytes, tree_id
from scripts.errors import Failure
from scripts.process import CommandFailed, Completed, run

OLDEST = (2, 31)
"""The first git that takes settings from GIT_CONFIG_COUNT (its release notes); all else that is used here is older."""

SETTINGS = {"core.hooksPath": os.devnull, "core.fsmonitor": "false", "i18n.logOutputEncoding": "UTF-8"}

KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""Variables that say where git and its configuration are; any other could point it at another repository."""

WAYS = ("GIT_SSH", "GIT_ASKPASS", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""How variables begin that say how another repository is reached (git's manual, "Environment Variables")."""

LOCKED = re.compile(rb"Unable to create '([^\n]*\.lock)': File exists")
"""What git says where another one is at work on the same (its lockfile.c)."""

TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
"""What credential helpers of the user's configuration may read; git hands it to them, and it stands in no command."""


@dataclass(frozen=True)
class Repository:
    """A checkout whose repository branches can be made in."""

    root: Path
    common: Path
    """git's own folder, which all worktrees share."""
    algorithm: str
    """The object format: sha1 or sha256."""
    shallow: bool
    """Whether its history ends early somewhere (a shallow clone)."""


def git(
    root: Path,
    *args: str,
    stdin: bytes | Iterable[bytes] = b"",
    codes: Sequence[int] = (0,),
    what: str = "",
    do: str = "",
    remote: bool = False,
    settings: Sequence[tuple[str, str]] = (),
    secrets: bool = False,
    say: Callable[[str], None] | None = None,
    limit: float | None = None,
    holds: Collection[int] = (),
) -> Completed:
    """Run git in `root` and return what it printed; the rest is as `scripts.process.run` has it.

    `remote` is for a run that speaks to another repository; `settings` are git's own, for this run.
    Failure names the lock files that a git left behind, where one stops this one.
    """
    kept = (*KEPT, *WAYS) if remote else KEPT
    env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("GIT_")}
    env |= {name: value for name, value in os.environ.items() if name.startswith(kept)}
    env |= {"LC_ALL": "C", "LANGUAGE": "", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0"}
    env["GIT_TERMINAL_PROMPT"] = "0"
    first = 0
    if remote:
        env |= {name: os.environ[name] for name in TOKENS if name in os.environ}
        given = os.environ.get("GIT_CONFIG_COUNT", "")
        first = int(given) if given.isdecimal() else 0
    own = [*SETTINGS.items(), *settings]
    for number, (key, value) in enumerate(own, first):  # of two values of one setting the later one counts
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    env["GIT_CONFIG_COUNT"] = str(first + len(own))
    try:
        return run(
            ["git", *args],
            cwd=root,
            env=env,
            stdin=stdin,
            codes=codes,
            what=what,
            do=do,
            secrets=secrets,
            say=say,
            limit=limit,
            holds=holds,
        )
    except CommandFailed as error:
        if match := LOCKED.search(error.completed.stderr):
            raise _locked(Path(os.fsdecode(match[1])), error) from None
        raise


def _locked(lock: Path, error: CommandFailed) -> Failure:
    """Return what to say of a lock that git met: it and all others there may be of one git that was killed."""
    locks = sorted({lock, *lock.parent.glob("*.lock")})
    remove = f"rm {' '.join(shlex.quote(str(each)) for each in locks)}"
    return Failure(
        error.what,
        found=f"git holds {lock}, or was killed when it did",
        do=f"Run again. Where no git runs here, remove what it left: {remove}",
        lines=error.lines,
    )


def open_repository(root: Path) -> Repository:
    """Return the repository of the checkout at `root`.

    Failure when git is missing or too old, or when `root` is not the top of a checkout.
    """
    version = re.search(r"(\d+)\.(\d+)", git(root, "version").text)
    if not version or (int(version[1]), int(version[2])) < OLDEST:
        found = version[0] if version else "another"
        raise Failure("git is too old", found=f"it is {found}", do=f"Install git {OLDEST[0]}.{OLDEST[1]} or later")
    questions = ("--is-shallow-repository", "--show-object-format", "--show-cdup", "--git-common-dir")
    mend = "Branches are made in a clone: git clone this repository"
    what = f"{root} is no git checkout, or none that git trusts"
    said = git(root, "rev-parse", "--path-format=absolute", *questions, what=what, do=mend)
    # The folder comes last, as its name may have a line break in it.
    shallow, algorithm, up, common = os.fsdecode(said.stdout).removesuffix("\n").split("\n", 3)
    if up:
        found = f"it lies inside another one, {Path(root, up).resolve()}"
        raise Failure(f"{root} is no git checkout", found=found, do="Clone it by itself")
    return Repository(root, Path(common), algorithm, shallow == "true")


def read_tips(repository: Repository, patterns: Sequence[str]) -> dict[str, Tip]:
    """Return the tips of all refs that match `patterns` (of git-for-each-ref), by the refs' whole names.

    Failure where a branch is a symbolic ref: what moves it moves the other branch that it stands for.
    """
    shape = "--format=%(objecttype) %(objectname) %(tree) %(refname) %(symref)"
    lines = git(repository.root, "for-each-ref", shape, *patterns).text.splitlines()
    tips = {}
    for line in lines:
        kind, commit, tree, ref, other = line.split(" ", 4)
        if other and ref.startswith("refs/heads/"):
            raise Failure(
                f"branch {ref.removeprefix('refs/heads/')} is a symbolic ref",
                found=f"it stands for {other}",
                do=f"Delete it: git symbolic-ref --delete {ref}",
            )
        if kind == "commit":
            tips[ref] = Tip(commit, tree)
    return tips


def read_history(repository: Repository, commits: Collection[str], committer: str) -> dict[str, Past]:
    """Return all commits from `commits` down; this tool's own have its committer and its trailer."""
    if not commits:
        return {}
    shape = "--format=%H%x00%P%x00%cn <%ce>%x00%(trailers:key=Variant,valueonly,unfold,separator=%x20)"
    said = git(repository.root, "rev-list", "--stdin", shape, stdin="".join(f"{c}\n" for c in commits).encode())
    history = {}
    for line in said.stdout.decode("utf-8", "replace").split("\n"):
        commit, nul, rest = line.partition("\0")
        if nul:
            parents, who, variant = rest.split("\0")
            history[commit] = Past(tuple(parents.split()), generated=who == committer and bool(variant))
    return history


def tree_entries(root: Path, tree: str) -> dict[str, tuple[str, str]]:
    """Return the files below a tree: path → mode and id."""
    entries = {}
    for line in git(root, "ls-tree", "-r", "-z", "--full-tree", tree).stdout.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, name = about.decode().split(" ")
        entries[path.decode("utf-8", "surrogateescape")] = mode, name
    return entries


def entries_of_trees(repository: Repository, trees: Collection[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """Return for each tree the files below it, as `tree_entries` has them, with one process for all."""
    empty = tree_id({}, repository.algorithm)
    asked = "".join(f"{empty} {tree}\n" for tree in dict.fromkeys(trees)).encode()
    said = git(repository.root, "diff-tree", "-r", "-z", "--no-renames", "--stdin", stdin=asked).stdout
    found: dict[str, dict[str, tuple[str, str]]] = {tree: {} for tree in trees}
    at, tree = 0, ""
    while at < len(said):
        # A line names the two trees; then each file has `:modes ids status` and its path, both ended by a zero byte.
        if said[at : at + 1] != b":":
            end = said.index(b"\n", at)
            tree, at = said[at:end].decode().partition(" ")[2], end + 1
            continue
        middle = said.index(b"\0", at)
        end = said.index(b"\0", middle + 1)
        _, mode, _, name, _ = said[at:middle].decode().split(" ")
        found[tree][said[middle + 1 : end].decode("utf-8", "surrogateescape")] = mode, name
        at = end + 1
    return found


def read_tree(root: Path, tree: str) -> dict[str, BranchFile]:
    """Return the files below a tree; Failure when it holds what a branch never does (a link, another repository)."""
    entries = tree_entries(root, tree)
    for path, (mode, _) in entries.items():
        if mode not in ("100644", "100755") or {".", "..", ".git"} & set(path.split("/")):
            raise Failure(f"{path} in the tree {tree} is no file", do="Make the branch again: make branches")
    asked = "".join(f"{name}\n" for _, name in entries.values()).encode()
    contents = _objects(git(root, "cat-file", "--batch", stdin=asked).stdout)
    return {path: BranchFile(next(contents), mode == "100755") for path, (mode, _) in entries.items()}


def export(root: Path, tree: str, folder: Path) -> None:
    """Write the files of a tree into `folder`, all or none: it must not exist, or be empty.

    The bytes are the tree's own: no line ending is changed, whatever git is configured to do in a checkout.
    """
    files = read_tree(root, tree)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
        whole = Path(beside) / "whole"
        whole.mkdir()
        for path, file in files.items():
            target = whole / os.fsdecode(as_bytes(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
            target.chmod(int(file.mode, 8) & 0o777)
        whole.rename(folder)


def _objects(batch: bytes) -> Iterator[bytes]:
    """Return the contents in the answer of `git cat-file --batch`, in the order that they were asked for."""
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        size = int(batch[at:end].rsplit(b" ", 1)[1])
        yield batch[end + 1 : end + 1 + size]
        at = end + 1 + size + 1

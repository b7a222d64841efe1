"""git, asked the same way on every machine, and what is read with it.

Every run has the same settings, whatever the user's configuration and the variables of a hook say: no hook runs, no
object is replaced, nothing is translated, and which repository is meant follows from the folder alone.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.branches.plan import Tip
from scripts.branches.tree import BranchFile, as_bytes
from scripts.errors import Failure
from scripts.process import CommandFailed, Completed, run

OLDEST = (2, 31)
"""The first git that takes settings from GIT_CONFIG_COUNT (its release notes); all else that is used here is older."""

SETTINGS = {"core.hooksPath": os.devnull, "core.fsmonitor": "false", "i18n.logOutputEncoding": "UTF-8"}

KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""Variables that say where git and its configuration are; any other could point it at another repository."""


@dataclass(frozen=True)
class Repository:
    """A checkout whose repository branches can be made in."""

    root: Path
    common: Path
    """git's own folder, which all worktrees share."""
    algorithm: str
    """The object format: sha1 or sha256."""
    shallow: bool
    """Whether its history is cut off somewhere."""


def git(
    root: Path, *args: str, stdin: bytes | Iterable[bytes] = b"", codes: Sequence[int] = (0,), do: str = ""
) -> Completed:
    """Run git in `root` and return what it printed; the rest is as `scripts.process.run` has it."""
    env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("GIT_") and name not in KEPT}
    env |= {"LC_ALL": "C", "LANGUAGE": "", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0"}
    env["GIT_CONFIG_COUNT"] = str(len(SETTINGS))
    for number, (key, value) in enumerate(SETTINGS.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return run(["git", *args], cwd=root, env=env, stdin=stdin, codes=codes, do=do)


def open_repository(root: Path) -> Repository:
    """Return the repository of the checkout at `root`.

    Failure when git is missing or too old, or when `root` is not the top of a checkout.
    """
    version = re.search(r"(\d+)\.(\d+)", git(root, "version").text)
    if not version or (int(version[1]), int(version[2])) < OLDEST:
        found = version[0] if version else "another"
        raise Failure("git is too old", found=f"it is {found}", do=f"Install git {OLDEST[0]}.{OLDEST[1]} or later")
    questions = ("--show-toplevel", "--git-common-dir", "--is-shallow-repository", "--show-object-format")
    said = git(root, "rev-parse", "--path-format=absolute", *questions, codes=(0, 128))
    if said.code:
        if b"not a git repository" not in said.stderr:
            raise CommandFailed(["git", "rev-parse"], said)
        raise Failure(f"{root} is no git checkout", do="Branches are made in a clone: git clone this repository")
    top, common, shallow, algorithm = os.fsdecode(said.stdout).splitlines()
    if Path(top).resolve() != root.resolve():
        raise Failure(f"{root} is no git checkout", found=f"it lies inside another one, {top}", do="Clone it by itself")
    return Repository(root, Path(common), algorithm, shallow == "true")


def read_tips(repository: Repository, patterns: Sequence[str]) -> dict[str, Tip]:
    """Return the tips of all refs that match `patterns` (of git-for-each-ref), by the refs' whole names."""
    shape = "--format=%(objecttype) %(objectname) %(tree) %(refname)"
    lines = git(repository.root, "for-each-ref", shape, *patterns).text.splitlines()
    tips = {}
    for line in lines:
        kind, commit, tree, ref = line.split(" ", 3)
        if kind == "commit":
            tips[ref] = Tip(commit, tree)
    return tips


def branch_tree(root: Path, branch: str) -> tuple[str, str]:
    """Return the commit at the tip of a local branch, and its tree; Failure when there is no such branch."""
    ref = f"refs/heads/{branch}"
    tip = read_tips(open_repository(root), [ref]).get(ref)
    if not tip:
        raise Failure(f"there is no branch {branch}", do="Make it: make branches")
    return tip.commit, tip.tree


def tree_entries(root: Path, tree: str) -> dict[str, tuple[str, str]]:
    """Return the files below a tree: path → mode and id."""
    entries = {}
    for line in git(root, "ls-tree", "-r", "-z", "--full-tree", tree).stdout.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, name = about.decode().split(" ")
        entries[path.decode("utf-8", "surrogateescape")] = mode, name
    return entries


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

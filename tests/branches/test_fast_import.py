"""The stream for git fast-import, read by git itself."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.branches.fast_import import Commit, quoted, stream
from scripts.branches.tree import BranchFile, tree_id
from tests.branches.checkouts import Checkout
from tests.branches.trees import names, trees

COMMITTER = "A Tool <tool@example.invalid>"

messages = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a bare repository for this module's imports."""
    bare = Checkout(tmp_path_factory.mktemp("imports"))
    bare.git("init", "--quiet", "--bare")
    return bare


def fast_import(repository: Checkout, content: bytes) -> "subprocess.CompletedProcess[bytes]":
    """Give a stream to git fast-import."""
    command = ["git", "fast-import", "--quiet", "--force"]
    return subprocess.run(command, cwd=repository.root, input=content, capture_output=True, check=False)


@settings(max_examples=40)
@given(first=trees(), second=trees(), message=messages, seconds=st.integers(0, 2**32))
def test_a_stream_makes_exactly_its_commits(
    repository: Checkout, first: dict[str, BranchFile], second: dict[str, BranchFile], message: str, seconds: int
) -> None:
    """Each commit has the given tree, message, people, date and parent, and git answers with its id."""
    (base,) = fast_import(repository, b"".join(stream([commit("refs/x/base", first)]))).stdout.decode().split()
    commits = [
        Commit("refs/x/on", second, base, COMMITTER, seconds, message),
        Commit("refs/x/new", second, None, COMMITTER, seconds, message),
    ]
    done = fast_import(repository, b"".join(stream(commits)))
    assert done.returncode == 0, done.stderr
    on, new = done.stdout.decode().split()
    assert repository.refs("refs/x/") == {"refs/x/base": base, "refs/x/on": on, "refs/x/new": new}
    assert repository.git("rev-parse", f"{base}^{{tree}}") == tree_id(first)
    who = f"{COMMITTER} {seconds} +0000"
    headers = f"author {who}\ncommitter {who}\n\n{message}"
    for made, parent in ((on, f"parent {base}\n"), (new, "")):
        assert contents(repository, made) == f"tree {tree_id(second)}\n{parent}{headers}".encode()


def commit(ref: str, files: dict[str, BranchFile]) -> Commit:
    """Return a first commit."""
    return Commit(ref, files, None, COMMITTER, 0, "One\n")


def contents(repository: Checkout, name: str) -> bytes:
    """Return a commit as git stores it."""
    command = ["git", "cat-file", "commit", name]
    return subprocess.run(command, cwd=repository.root, capture_output=True, check=True).stdout


TWO = b"".join(
    stream([commit("refs/end/a", {"a b/ü": BranchFile(b"done\n" * 9)}), commit("refs/end/b", {"c": BranchFile(b"")})])
)


@settings(max_examples=60)
@given(length=st.integers(len(b"feature done\n"), len(TWO) - len("e\n")))
def test_a_cut_stream_moves_nothing(repository: Checkout, length: int) -> None:
    """Wherever the stream ends early, once its first line is through, git fails and no ref appears."""
    assert fast_import(repository, TWO[:length]).returncode != 0
    assert repository.refs("refs/end/") == {}


@given(name=names)
def test_no_byte_of_a_path_ends_its_quotes(name: str) -> None:
    """A quoted path is visible ASCII, and each quote or backslash in it is escaped."""
    inside = quoted(name)[1:-1]
    assert inside.isascii()
    assert b"\n" not in inside
    assert b'"' not in inside

"""Commits as a stream for `git fast-import`.

The stream carries whole trees inline and names its own end (`done`), so that git takes a stream that ends early for
broken and moves nothing. For each commit, in order, fast-import answers with its id on a line of its own.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scripts.branches.tree import Files, as_bytes

UNSAFE = re.compile(rb"[^ !#-\[\]-~]")
"""The bytes that stand as octal escapes in a quoted path: all but visible ASCII without `"` and the backslash."""


@dataclass(frozen=True)
class Commit:
    """One commit to make."""

    ref: str
    """The ref that shall hold the commit, whole: `refs/…`."""
    files: Files
    """Its tree: exactly these files."""
    parent: str | None
    """The id of its parent; None makes a first commit."""
    committer: str
    """Author and committer: `Name <address>`."""
    seconds: int
    """Author's and committer's date, in seconds since 1970; its zone is +0000."""
    message: str


def stream(commits: Iterable[Commit]) -> Iterator[bytes]:
    """Return the stream that makes `commits`, in pieces; no two of them may name one ref."""
    yield b"feature done\n"
    for mark, commit in enumerate(commits, 1):
        who = f"{commit.committer} {commit.seconds} +0000"
        yield f"commit {commit.ref}\nmark :{mark}\nauthor {who}\ncommitter {who}\n".encode()
        yield from data(as_bytes(commit.message))
        if commit.parent:
            yield f"from {commit.parent}\n".encode()
        yield b"deleteall\n"
        for path, file in sorted(commit.files.items()):
            yield f"M {file.mode} inline ".encode() + quoted(path) + b"\n"
            yield from data(file.content)
        yield f"\nget-mark :{mark}\n".encode()
    yield b"done\n"


def data(content: bytes) -> Iterator[bytes]:
    """Return a `data` command: its length in bytes goes ahead of the content."""
    yield f"data {len(content)}\n".encode()
    yield content
    yield b"\n"


def quoted(path: str) -> bytes:
    """Return a path as a quoted string of git, in which no byte can end it early."""
    return b'"' + UNSAFE.sub(lambda byte: b"\\%03o" % byte[0][0], as_bytes(path)) + b'"'

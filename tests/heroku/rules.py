"""What Heroku asks of requests, written from its documentation: each rule returns what is wrong, or nothing."""

import io
import re
import subprocess
import tarfile
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any

ACCEPT = "application/vnd.heroku+json; version=3"

BODIES: dict[str, Mapping[str, Any]] = {
    "POST /apps": {"name": str, "region": str, "stack": str},
    "PATCH /apps/_": {"build_stack": str},
    "POST /sources": {},
    "POST /apps/_/builds": {"source_blob": {"url": str, "version": str, "checksum": str}},
    "POST /apps/_/releases": {"release": str},
    "PATCH /apps/_/formation": {"updates": list},
    "POST /apps/_/log-sessions": {"lines": int, "tail": bool},
}
"""Each request with a body: its keys and their types."""


def request_is_wrong(headers: Message, key: str) -> str:
    """Look at the headers of a request to the API."""
    if headers["Accept"] != ACCEPT:
        return f"Accept is {headers['Accept']!r}"
    if headers["Authorization"] != f"Bearer {key}":
        return "Authorization is not the key"
    return ""


def body_is_wrong(request: str, headers: Message, body: Any) -> str:
    """Look at the body of a request to the API; `request` has the app's name as `_`."""
    if request not in BODIES:
        return "" if body is None else f"{request} takes no body"
    if headers["Content-Type"] != "application/json":
        return f"Content-Type is {headers['Content-Type']!r}"
    return types_are_wrong(body, BODIES[request])


def types_are_wrong(value: Any, wanted: Any) -> str:
    """Hold a decoded body against its keys and types; nothing may be missing, nothing too much."""
    if not isinstance(wanted, Mapping):
        return "" if type(value) is wanted else f"{value!r} is no {wanted.__name__}"
    if not isinstance(value, dict) or value.keys() != wanted.keys():
        return f"{value!r} has not the keys {sorted(wanted)}"
    return next(filter(None, (types_are_wrong(value[key], wanted[key]) for key in wanted)), "")


def upload_is_wrong(headers: Message) -> str:
    """Look at the headers of the archive's upload: its address is signed for an empty content type."""
    if headers["Content-Type"] != "":
        return f"Content-Type is {headers['Content-Type']!r}"
    if headers["Content-Length"] is None or headers["Transfer-Encoding"] is not None:
        return "the upload has no length"
    return no_key_is_wrong(headers)


def no_key_is_wrong(headers: Message) -> str:
    """Refuse the key at an address that is not the API's."""
    return "the key went to another address than the API's" if headers["Authorization"] is not None else ""


def tree_is_wrong(archive: bytes, commit: str, repository: Path) -> str:
    """Hold an archive against the tree of a commit, as git itself packs it."""
    if not re.fullmatch("[0-9a-f]{40}", commit):
        return f"the version {commit!r} is no commit"
    packed = subprocess.run(
        ["git", "archive", "--format=tar", commit], cwd=repository, capture_output=True, check=True
    ).stdout
    arrived, wanted = members(archive), members(packed)
    differing = sorted(path for path in arrived.keys() | wanted.keys() if arrived.get(path) != wanted.get(path))
    return f"the archive is not the tree of {commit}: {differing}" if differing else ""


def members(archive: bytes) -> dict[str, tuple[bytes, bool]]:
    """Return the files of a tar, compressed or not: path → content, executable; anything else is kept as no file."""
    found: dict[str, tuple[bytes, bool]] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if member.isdir():
                continue
            file = tar.extractfile(member) if member.isreg() else None
            found[member.name] = (file.read() if file else b"no file", bool(member.mode & 0o100))
    return found

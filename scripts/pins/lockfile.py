"""Compiled requirements files as text: pip-compile's lines below a header of this project's own. No I/O.

The header holds two digests. `inputs` is of all that the file was compiled from: when it differs, the file is stale.
`content` is of the file itself: when it differs, somebody edited it. So both are found without a network.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HEADER = re.compile(
    r"(?P<head># [^\n]*\n# Do not edit it[^\n]*\n# inputs: (?P<inputs>[0-9a-f]{64})\n)"
    r"# content: (?P<content>[0-9a-f]{64})\n\n(?P<body>.*)",
    re.DOTALL,
)

HASH = re.compile(r"sha256:[0-9a-f]{64}")

OF_A_MACHINE = re.compile(r"://|\bfile:\S|(?:^|[\s=])(?:[~/]|\\(?=\S))|\b[A-Za-z]:\\")
"""What an address of an index or an absolute path contains, also within a comment."""


@dataclass(frozen=True)
class Lock:
    """A compiled requirements file, read."""

    inputs: str
    """The digest of what it was compiled from."""
    intact: bool
    """Whether it is still as it was compiled."""
    body: str
    """pip-compile's own lines."""


@dataclass(frozen=True)
class Pin:
    """One requirement of a compiled file."""

    name: str
    """The package's canonical name (PyPA's name normalisation)."""
    version: Version | None
    """The version that is pinned; None where it is none that `==` pins exactly."""
    hashes: tuple[str, ...]
    """The hashes that its files may have, as `sha256:…`."""


def digest(parts: Iterable[str | bytes]) -> str:
    """Return the SHA-256 of several parts, in hexadecimal digits; where one ends and the next begins counts too."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return whole.hexdigest()


def compose(about: str, mend: str, inputs: str, body: str) -> str:
    """Return the text of a compiled file: what it is `about`, the command that mends it, the digests, the body."""
    head = f"# {about}\n# Do not edit it: change what it is compiled from, then run: {mend}\n# inputs: {inputs}\n"
    return f"{head}# content: {digest([head, body])}\n\n{body}"


def read(text: str) -> Lock | None:
    """Return a compiled file's parts, or None where it has no such header."""
    match = HEADER.fullmatch(text)
    if not match:
        return None
    return Lock(match["inputs"], match["content"] == digest([match["head"], match["body"]]), match["body"])


def pins(text: str) -> list[Pin]:
    """Return the requirements of a compiled file in its order; ValueError for a line that is none."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    found = []
    for line in (line.partition("#")[0].strip() for line in lines):
        if not line:
            continue
        if line.startswith("-"):
            raise ValueError(f"{line!r} is an option, not a requirement")
        asked, *hashes = (part.strip() for part in line.split("--hash="))
        try:
            requirement = Requirement(asked)
        except InvalidRequirement:
            raise ValueError(f"{asked!r} is no requirement") from None
        found.append(Pin(canonicalize_name(requirement.name), _exact(requirement), tuple(hashes)))
    return found


def problems(body: str) -> list[str]:
    """Return what makes a compiled body unfit to be published or installed; nothing for a good one."""
    bad = [f"a line of this machine: {line.strip()}" for line in body.splitlines() if OF_A_MACHINE.search(line)]
    try:
        found = pins(body)
    except ValueError as error:
        return [*bad, str(error)]
    if not found:
        bad.append("it pins nothing")
    for pin in found:
        if pin.version is None:
            bad.append(f"{pin.name} is not pinned with ==")
        if not pin.hashes or not all(HASH.fullmatch(each) for each in pin.hashes):
            bad.append(f"{pin.name} has no SHA-256 hash")
    return bad


def versions(text: str) -> dict[str, Version]:
    """Return the pinned version of each package of a compiled file; ValueError for a line that is no requirement."""
    return {pin.name: pin.version for pin in pins(text) if pin.version is not None}


def _exact(requirement: Requirement) -> Version | None:
    """Return the one version that a requirement allows, or None."""
    specifiers = list(requirement.specifier)
    if requirement.url or len(specifiers) != 1 or specifiers[0].operator != "==" or specifiers[0].version.endswith("*"):
        return None
    return Version(specifiers[0].version)

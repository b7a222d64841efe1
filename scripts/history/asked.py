"""What a user's word for a uvicorn means: a release, or a distribution's rebuild of one. Pure.

`0.17.6-1` is a post-release for PEP 440 and a package of Debian's for everyone who has one: uvicorn's post-releases are
spelt `.post1`. The forms are those of Debian policy (5.6.12), of RPM's and pacman's VERSION-RELEASE, of Alpine's and
Gentoo's `-r0`, of FreeBSD's `_1` and `,1`, and of conda's VERSION-BUILD.
"""

import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from scripts.errors import WrongUse

NAMED = re.compile(r"^(?:python[0-9.]*-|py[0-9]*-)?uvicorn(?:==|[-_= @])", re.IGNORECASE)
"""How a package's whole name begins: `uvicorn==0.15.0`, `python3-uvicorn-0.32.0-1.fc41`."""

FILE = re.compile(r"(?:-py[23]\S*\.(?:whl|egg)|\.tar\.gz|\.zip)$")
"""How a file that uvicorn's own makers gave out ends. A build of conda's has no such end: `-py39_0`."""

DISTRIBUTION = re.compile(
    r"(?:[0-9]+:)?"  # an epoch
    r"(?P<release>v?[0-9]+(?:\.[0-9]+)*(?:[~.]?(?:a|b|rc|post|dev)[0-9]+)?)"
    r"(?:[+.~](?:ds|dfsg|repack|really)[A-Za-z0-9.+~]*)?"  # repacked source
    r"(?P<build>[-_,][A-Za-z0-9][A-Za-z0-9.+~_,-]*)"
)
"""A distribution's version: what uvicorn calls the release, and behind it the distribution's own number."""

REVISION = re.compile(r"[-_,](?:r?[0-9]|py|bp)")
"""How that number begins: with digits, or as conda's builds (`-py312_0`) and openSUSE's backports (`-bp156`) do."""


@dataclass(frozen=True)
class AskedRelease:
    """A release that a user asks for, and what must be said of how it was asked for."""

    version: Version
    """The release that uvicorn's own makers gave out."""
    text: str
    """What the user wrote."""
    note: str = ""


def read_asked(text: str) -> AskedRelease:
    """Return the release that a text means; WrongUse where it means none."""
    bare = FILE.sub("", NAMED.sub("", text.strip()))
    found = DISTRIBUTION.fullmatch(bare)
    if found and REVISION.match(found["build"]):
        note = (
            f"{bare} is a distribution's rebuild of {_plain(found['release'])}: patches of its own are not known here"
        )
        return AskedRelease(_version(_plain(found["release"]), text), bare, note)
    version = _version(bare, text)
    if version.local:
        note = f"what the local version +{version.local} changed is not known here"
        return AskedRelease(Version(version.public), bare, note)
    return AskedRelease(version, bare)


def _plain(release: str) -> str:
    """Return a release as PEP 440 spells it: Debian sets a pre-release off with a tilde."""
    return release.replace("~", "")


def _version(release: str, text: str) -> Version:
    """Return a release as a version."""
    try:
        return Version(release)
    except InvalidVersion:
        raise WrongUse(f"VERSION={text} is no version of uvicorn", do="Name a release: VERSION=0.15.0") from None

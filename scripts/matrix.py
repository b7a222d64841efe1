"""The matrix: variants/*/variant.toml and common/project.toml as frozen records.

Reading is strict: an unknown key, a wrong type, a missing file, or a name that could not be a branch, an app or a
host is refused here, so that every later room may trust a Variant.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec
from packaging.version import InvalidVersion, Version

from scripts.errors import Failure, WrongUse, nearest
from scripts.records import read_record
from scripts.runtimes import Runtime, load_runtimes

T = TypeVar("T")

VARIANT_NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*\Z")
"""A variant's name becomes a folder and, with its dots as dashes, a label of a host name (RFC 1123, section 2.1)."""

APP_NAME_LENGTH = 30
"""How many characters an app's name may have at Heroku."""

APP_NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]\Z")
"""What Heroku accepts as an app's name (Platform API, app.name)."""

BRANCH_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
"""The part of git-check-ref-format's rules that is also harmless in an address and on a command line."""

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+\Z")
"""OWNER/REPO as GitHub writes them."""

COMMITTER = re.compile(r"[^<>\s][^<>\n]* <[^<>\s]+>\Z")
"""A name and an address as git's commit objects hold them."""

PARSERS = ("httptools", "h11", "zttp")
"""What uvicorn reads HTTP with, by the names of its `--http`. Which of them a release has, the release itself says."""

RESERVED_BRANCHES = frozenset({"main", "master", "HEAD", "gh-pages"})


class Project(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """common/project.toml: what is the same for all variants."""

    repository: str
    """OWNER/REPO on GitHub."""
    app_prefix: str
    """Start of every app's name."""
    issue: str
    """Address of the issue that is shown."""
    committer: str
    """Who the generated commits name: `Name <address>`."""

    @property
    def site(self) -> str:
        """The address at which GitHub Pages shows the repository's site."""
        owner, _, name = self.repository.partition("/")
        return f"https://{owner.lower()}.github.io/{name}/"


class Patch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[patch]` table of a variant whose uvicorn is the released wheel with patches/*.patch on top."""

    released_sha256: str
    """SHA-256 of the released wheel, in hexadecimal digits."""
    local_version: str
    """PEP 440 local version label that the patched wheel carries."""


class VariantFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """variants/<name>/variant.toml as it is written by hand."""

    uvicorn: str
    branch: str
    description: str
    runtime: str
    why: str
    http: str = PARSERS[0]
    """The parser that uvicorn is to answer with; another than httptools is asked for in the Procfile."""
    patch: Patch | None = None


@dataclass(frozen=True)
class Variant:
    """One row of the matrix."""

    name: str
    folder: Path
    version: Version
    branch: str
    description: str
    why: str
    http: str
    runtime: Runtime
    patch: Patch | None
    app: str

    @property
    def host(self) -> str:
        """The host name that the local router knows the variant's app by."""
        return f"{self.app}.localhost"

    @property
    def requirement(self) -> Version:
        """The version of uvicorn that the pins must hold."""
        return Version(f"{self.version}+{self.patch.local_version}") if self.patch else self.version

    @property
    def names_parser(self) -> bool:
        """Whether uvicorn must be told what to read HTTP with: by itself it takes httptools where that is installed."""
        return self.http != PARSERS[0]

    @property
    def is_plain(self) -> bool:
        """Whether it is a release as it is, answering with httptools: not a way around the issue."""
        return not self.patch and not self.names_parser


@dataclass(frozen=True)
class Matrix:
    """All that is written by hand: the project, and its variants in the table's order."""

    root: Path
    project: Project
    variants: tuple[Variant, ...]

    @cached_property
    def latest(self) -> Variant:
        """The variant of the newest uvicorn that is a release as it is, where there is one."""
        return max(self.variants, key=lambda v: (v.is_plain, v.version))

    @property
    def runtimes(self) -> tuple[Runtime, ...]:
        """The runtimes that variants use, each once."""
        return tuple({v.runtime.name: v.runtime for v in self.variants}.values())

    def select(self, name: str) -> tuple[Variant, ...]:
        """Return the variant called `name`, or with the branch `name`; all of them for an empty name or `all`.

        WrongUse names the nearest. Where a variant is called as another one's branch is, the variant's name counts.
        """
        if name in ("", "all"):
            return self.variants
        known = {**{v.branch: v for v in self.variants}, **{v.name: v for v in self.variants}}
        if name not in known:
            hint = nearest(name, [v.name for v in self.variants], [v.branch for v in self.variants])
            raise WrongUse(f"unknown variant {name!r}", do=hint)
        return (known[name],)

    def one(self, name: str) -> Variant:
        """Return the variant called `name`; WrongUse when it is unknown or no name is given."""
        if name in ("", "all"):
            raise WrongUse("no variant named", do=f"Name one: VARIANT={self.variants[0].name}")
        return self.select(name)[0]


@dataclass(frozen=True)
class Shard:
    """One of `count` shares; the first has number 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that `K/N` names, all there is for an empty text; WrongUse for one that cannot be."""
        if not text:
            return cls(1, 1)
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise WrongUse(f"SHARD={text} is no share", do="Give K/N with K from 1 to N: SHARD=3/8")
        return cls(int(match[1]), int(match[2]))

    def of(self, things: Sequence[T]) -> tuple[T, ...]:
        """Return this share of `things`: they are dealt out in turn, so that no two shares differ by more than one."""
        return tuple(things[self.number - 1 :: self.count])


def load(root: Path) -> Matrix:
    """Read the matrix of the checkout at `root`; WrongUse says which file is wrong, and where."""
    project = read_record(root / "common/project.toml", Project)
    _check_project(project)
    runtimes = {runtime.name: runtime for runtime in load_runtimes(root)}
    folders = sorted(path for path in (root / "variants").iterdir() if path.is_dir())
    variants = [_variant(folder, project, runtimes) for folder in folders]
    if not variants:
        raise Failure("variants/ holds no variant", do="Restore it: git checkout -- variants")
    _refuse_twins(variants, "branch")
    _refuse_twins(variants, "app")
    variants.sort(key=lambda v: (v.version, v.patch is not None, v.name))
    return Matrix(root, project, tuple(variants))


def _variant(folder: Path, project: Project, runtimes: dict[str, Runtime]) -> Variant:
    """Read one folder below variants/ and hold its names against the rules."""
    where = f"variants/{folder.name}"
    if not VARIANT_NAME.match(folder.name):
        raise WrongUse(f"{where} is no good name", found="a variant's name is lower-case words joined by . or -")
    row = read_record(folder / "variant.toml", VariantFile)
    where += "/variant.toml"
    try:
        version = Version(row.uvicorn)
    except InvalidVersion:
        raise WrongUse(f"{where} is wrong", found=f"uvicorn = {row.uvicorn!r} is no PEP 440 version") from None
    if row.http not in PARSERS:
        raise WrongUse(f"{where} names the unknown parser {row.http!r}", do=nearest(row.http, list(PARSERS)))
    if row.runtime not in runtimes:
        raise WrongUse(f"{where} names the unknown runtime {row.runtime!r}", do=nearest(row.runtime, list(runtimes)))
    if not BRANCH_NAME.match(row.branch) or ".." in row.branch or row.branch.endswith(".lock"):
        raise WrongUse(f"{where} is wrong", found=f"branch = {row.branch!r} is no good branch name")
    if row.branch in RESERVED_BRANCHES:
        raise WrongUse(f"{where} is wrong", found=f"the branch {row.branch!r} is not for variants")
    app = app_name(project.app_prefix, folder.name)
    if not APP_NAME.match(app):
        raise WrongUse(f"{where} is wrong", found=f"its app would be {app!r}: an app's name has 3 to 30 of a-z, 0-9, -")
    _require(folder / "requirements.in")
    if row.patch:
        if not any((folder / "patches").glob("*.patch")):
            raise WrongUse(f"{where} has a [patch] table", found=f"{folder.name}/patches/ holds no *.patch")
        if not re.fullmatch(r"[0-9a-f]{64}", row.patch.released_sha256):
            raise WrongUse(f"{where} is wrong", found="patch.released_sha256 is not 64 hexadecimal digits")
        if not re.fullmatch(r"[a-z0-9]+(\.[a-z0-9]+)*", row.patch.local_version):
            raise WrongUse(f"{where} is wrong", found="patch.local_version is no PEP 440 local version label")
    return Variant(
        name=folder.name,
        folder=folder,
        version=version,
        branch=row.branch,
        description=row.description,
        why=row.why,
        http=row.http,
        runtime=runtimes[row.runtime],
        patch=row.patch,
        app=app,
    )


def app_name(prefix: str, variant: str) -> str:
    """Return the name of a variant's app: the prefix and the variant's name, with dashes for its dots.

    One that would be too long ends early, in four digits that are the variant's own.
    """
    whole = f"{prefix}-{variant.replace('.', '-')}"
    if len(whole) <= APP_NAME_LENGTH:
        return whole
    own = hashlib.sha256(variant.encode()).hexdigest()[:4]
    return f"{whole[: APP_NAME_LENGTH - len(own) - 1].rstrip('-')}-{own}"


def _check_project(project: Project) -> None:
    """Refuse a value that could not stand in an address or in a commit."""
    where = "common/project.toml is wrong"
    if not REPOSITORY.match(project.repository):
        raise WrongUse(where, found=f"repository = {project.repository!r} is not OWNER/REPO")
    if not COMMITTER.match(project.committer):
        raise WrongUse(where, found=f"committer = {project.committer!r} is not of the form Name <address>")


def _require(path: Path) -> None:
    """Refuse a variant whose `path` is missing."""
    if not path.is_file():
        raise WrongUse(f"{'/'.join(path.parts[-3:])} is missing", do="Write it, or remove its folder")


def _refuse_twins(variants: Sequence[Variant], field: str) -> None:
    """Refuse two variants that share a value which must be each one's own."""
    seen: dict[str, Variant] = {}
    for variant in variants:
        value = getattr(variant, field)
        if value in seen:
            raise WrongUse(f"variants {seen[value].name} and {variant.name} have the same {field}", found=value)
        seen[value] = variant

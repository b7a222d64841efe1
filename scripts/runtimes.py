"""The runtimes: common/runtimes/*.toml as frozen records. What groups of variants run on is data, not code.

Reading is strict, as `scripts.matrix` says.
"""

import re
from datetime import datetime
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from scripts.errors import WrongUse
from scripts.records import read_record

IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:@-]*\Z")
"""The characters of an image's reference (distribution's grammar): it stands in a Dockerfile as it is."""


class Runtime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """common/runtimes/<name>.toml: what a group of variants runs on."""

    python: str
    """Python's version as major.minor."""
    stack: str
    """Heroku stack: `container` or a buildpack stack."""
    uvicorn: str
    """Which releases of uvicorn may run on it, as a PEP 440 specifier set."""
    app: tuple[str, ...]
    """What a variant requires beside uvicorn."""
    tools: tuple[str, ...]
    """The pip-tools, and the pip that can read these releases' metadata, as requirements."""
    parsers: tuple[str, ...] = ()
    """The parsers that no extra of uvicorn brings, as requirements: a variant on one of them requires it, too."""
    constraints: tuple[str, ...] = ()
    """pip constraints: the releases of the variants' time."""
    image: str = ""
    """Base image of a container branch."""
    resolved_as_of: datetime | None = None
    """The moment after which nothing may have been uploaded that is pinned; its pip must know --uploaded-prior-to."""
    name: str = ""


def load_runtimes(root: Path) -> tuple[Runtime, ...]:
    """Read all runtimes of the checkout at `root`, also those that no variant uses yet; WrongUse as `load` has it."""
    runtimes = tuple(
        msgspec.structs.replace(read_record(path, Runtime), name=path.stem)
        for path in sorted((root / "common/runtimes").glob("*.toml"))
    )
    for runtime in runtimes:
        _check_runtime(runtime)
    return runtimes


def _check_runtime(runtime: Runtime) -> None:
    """Refuse a runtime whose parts do not fit together."""
    where = f"common/runtimes/{runtime.name}.toml is wrong"
    if not re.fullmatch(r"3\.\d+", runtime.python):
        raise WrongUse(where, found=f"python = {runtime.python!r} is not of the form 3.N")
    if (runtime.stack == "container") != bool(runtime.image):
        raise WrongUse(where, found="an image belongs to the container stack, and the container stack needs one")
    if runtime.image and not IMAGE.match(runtime.image):
        raise WrongUse(where, found=f"image = {runtime.image!r} is no image's name")
    try:
        SpecifierSet(runtime.uvicorn)
    except InvalidSpecifier as error:
        raise WrongUse(where, found=f"uvicorn = {runtime.uvicorn!r} is no PEP 440 specifier: {error}") from None
    for parser in runtime.parsers:
        try:
            Requirement(parser)
        except InvalidRequirement as error:
            raise WrongUse(where, found=f"parsers has {parser!r}, which is no requirement: {error}") from None
    if runtime.resolved_as_of and runtime.resolved_as_of.tzinfo is None:
        raise WrongUse(where, found="resolved_as_of names no time zone", do="Write it in UTC: 2026-11-22T00:00:00Z")

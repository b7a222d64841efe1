"""Which release is the newest, what it runs on, and whether its verdict is news. Pure: the facts are given.

A runtime takes a release when its specifier (`uvicorn` in common/runtimes/*.toml) admits it and its Python satisfies
the release's Requires-Python. Of several the one with the newest Python is chosen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from scripts.errors import Failure
from scripts.runtimes import Runtime

LAST_PATCH = 99
"""A patch release later than any: what asks for 3.8.1 and later runs on Python 3.8."""


@dataclass(frozen=True)
class Release:
    """What the package index says of a release."""

    version: Version
    uploaded: datetime | None
    """When the last of its files was uploaded; None where the index does not say so."""
    yanked: bool
    """Whether its makers took all of it back (PEP 592)."""
    requires_python: str
    """Its Requires-Python, empty for any."""
    wheel: bool
    """Whether it has a wheel that was not taken back."""

    @property
    def name(self) -> str:
        """The release as people write it."""
        return f"v{self.version}"


def newest(releases: Iterable[Release], *, pre: bool) -> Release | None:
    """Return the newest release that was not yanked; a pre-release only where `pre` allows it."""
    fit = [each for each in releases if not each.yanked and (pre or not each.version.is_prerelease)]
    return max(fit, key=lambda each: each.version, default=None)


def choose(release: Release, runtimes: Iterable[Runtime]) -> Runtime:
    """Return the runtime that a release runs on; Failure says of each runtime why it is not that."""
    if release.yanked:
        raise Failure(f"{release.name} cannot become a variant", found="it was yanked: its makers took it back")
    if not release.wheel:
        raise Failure(f"{release.name} cannot become a variant", found="it has no wheel")
    candidates = list(runtimes)
    refusals = {runtime.name: why_not(release, runtime) for runtime in candidates}
    fit = [runtime for runtime in candidates if not refusals[runtime.name]]
    if not fit:
        raise Failure(
            f"no runtime takes {release.name}",
            found="; ".join(f"{name} {why}" for name, why in refusals.items()) or "there is none",
            do="Write one that does: common/runtimes/",
        )
    return max(fit, key=lambda runtime: Version(runtime.python))


def why_not(release: Release, runtime: Runtime) -> str:
    """Return why a runtime does not take a release, or nothing when it does."""
    if not SpecifierSet(runtime.uvicorn).contains(release.version, prereleases=True):
        return f"is for uvicorn {runtime.uvicorn}"
    try:
        wanted = SpecifierSet(release.requires_python)
    except InvalidSpecifier:
        return f"may not suit its Requires-Python, which nobody can read: {release.requires_python!r}"
    if not wanted.contains(f"{runtime.python}.{LAST_PATCH}"):
        return f"has Python {runtime.python}, the release needs {release.requires_python}"
    if runtime.resolved_as_of and not release.uploaded:
        return "is resolved as of a date, and the index does not say when the release was uploaded"
    return ""


def news(version: Version, verdicts: Mapping[Version, bool]) -> str:
    """Return in what the verdict on `version` differs from those on its neighbours, or nothing where it does not.

    `verdicts` says for each plain release with a verdict whether it has the issue. A release between one with the issue
    and one without agrees with one of them: that is a boundary, where it may stand. All others agree with both.
    """
    mine = verdicts[version]
    neighbours = _neighbours(version, sorted(verdicts))
    if not neighbours or any(verdicts[each] == mine for each in neighbours):
        return ""
    said = " and ".join(f"v{each}" for each in neighbours)
    verb = "do" if len(neighbours) > 1 else "does"
    return f"v{version} has the issue, {said} {verb} not" if mine else f"v{version} has no issue, {said} {verb}"


def _neighbours(version: Version, known: Sequence[Version]) -> list[Version]:
    """Return the version before and the one after, as far as they are there."""
    place = known.index(version)
    return [*known[max(0, place - 1) : place], *known[place + 1 : place + 2]]

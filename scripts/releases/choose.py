"""Which release is the newest, and what it runs on. Pure: the facts are given.

A runtime takes a release when its specifier (`uvicorn` in common/runtimes/*.toml) admits it and its Python satisfies
the release's Requires-Python. Of several the one with the newest Python is chosen.
"""

from collections.abc import Iterable

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from scripts.errors import Failure
from scripts.pins.index import Release
from scripts.pins.jobs import LAST_PATCH
from scripts.runtimes import Runtime


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

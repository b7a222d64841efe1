"""Whether a verdict is news: it differs from those on the releases before and after. Pure."""

from collections.abc import Mapping, Sequence

from packaging.version import Version


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

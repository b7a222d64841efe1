"""When a verdict is news."""

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from scripts.verdicts.neighbours import news

VERSIONS = st.builds(
    "0.{}.{}{}".format, st.integers(0, 60), st.integers(0, 9), st.sampled_from(["", "", "rc1", ".dev3", ".post1"])
)


@given(st.lists(VERSIONS.map(Version), min_size=2, unique=True), st.data())
def test_one_boundary_is_no_news_wherever_it_lies(versions: list[Version], data: st.DataObject) -> None:
    """All releases up to some one have the issue, and all later ones do not, at least two of each."""
    versions.sort()
    boundary = data.draw(st.integers(2, len(versions) - 2)) if len(versions) > 3 else 0
    verdicts = {version: place < boundary for place, version in enumerate(versions)}
    assert [news(version, verdicts) for version in versions] == [""] * len(versions)


@given(st.lists(VERSIONS.map(Version), min_size=2, unique=True), st.booleans(), st.data())
def test_one_release_unlike_all_others_is_news(versions: list[Version], common: bool, data: st.DataObject) -> None:
    """It is named with the neighbours that it differs from."""
    odd = data.draw(st.sampled_from(versions))
    said = news(odd, {version: common != (version == odd) for version in versions})
    assert said.startswith(f"v{odd} has ")
    assert ("has no issue" in said) == common

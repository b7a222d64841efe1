"""The names of apps below a prefix."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import WrongUse
from scripts.matrix import APP_NAME, load
from scripts.platforms.heroku.names import PREFIX, prefixed

VARIANT = load(Path(__file__).resolve().parents[2]).one("v0.12.1")

prefixes = st.from_regex(PREFIX, fullmatch=True)
variants = st.from_regex(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", fullmatch=True)


@given(prefix=prefixes, name=variants)
def test_a_name_is_one_that_heroku_accepts(prefix: str, name: str) -> None:
    """However long prefix and variant are; and the same each time."""
    made = prefixed(prefix, replace(VARIANT, name=name))
    assert APP_NAME.match(made)
    assert made == prefixed(prefix, replace(VARIANT, name=name))


@given(prefix=prefixes, names=st.lists(variants, unique_by=lambda name: name.replace(".", "-")))
def test_no_two_variants_share_a_name(prefix: str, names: list[str]) -> None:
    """What is left out is told apart by a digest."""
    assert len({prefixed(prefix, replace(VARIANT, name=name)) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("prefix", "name", "made"),
    [
        ("mine", "v0.12.1", "mine-v0-12-1"),
        ("uvicorn-issue-344", "v0.27.0.post1", "uvicorn-i-v0-27-0-post1-"),
        ("a-prefix-that-is-longer-than-a-whole-name", "v0.12.1", "a-prefix-that-i-v0-12-1-"),
    ],
)
def test_a_long_name_keeps_the_variant(prefix: str, name: str, made: str) -> None:
    """The prefix gives way first."""
    assert prefixed(prefix, replace(VARIANT, name=name)).startswith(made)


@pytest.mark.parametrize("prefix", ["Mine", "1st", "my_own", "-x", "x-", "a--b", "x.y", "-", "x\n"])
def test_a_prefix_that_begins_no_name_is_wrong_use(prefix: str) -> None:
    """It is refused by name."""
    with pytest.raises(WrongUse, match="PREFIX="):
        prefixed(prefix, VARIANT)

"""A word for a uvicorn: a release, or a distribution's rebuild of one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import WrongUse
from scripts.history.asked import read_asked

RELEASES = st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 20)).map(
    lambda parts: "{}.{}.{}".format(*parts)
)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("0.15.0-2ubuntu1", "0.15.0"),  # Ubuntu 22.04
        ("0.17.6-1", "0.17.6"),  # Debian 12; for PEP 440 a post-release
        ("0.17.6-1+deb12u1", "0.17.6"),
        ("0.20.0-1~bpo11+1", "0.20.0"),
        ("1:0.15.0-1", "0.15.0"),
        ("0.11.8+dfsg-1", "0.11.8"),
        ("0.20.0~rc1-1", "0.20.0rc1"),
        ("0.32.0-1.fc41", "0.32.0"),
        ("python3-uvicorn-0.32.0-1.fc41.noarch", "0.32.0"),
        ("0.30.1-bp156.1.1", "0.30.1"),  # openSUSE's backports
        ("0.30.0-r0", "0.30.0"),  # Alpine; for PEP 440 a post-release
        ("python-uvicorn-0.30.0-1-any", "0.30.0"),  # Arch
        ("0.15.0_1,1", "0.15.0"),  # FreeBSD
        ("0.30.0-pyh5737063_0", "0.30.0"),  # conda-forge
        ("uvicorn-0.15.0-py39_0", "0.15.0"),  # conda
        ("py39-uvicorn-0.15.0,1", "0.15.0"),  # FreeBSD
    ],
)
def test_a_distributions_version_is_its_rebuild_of_a_release(text: str, release: str) -> None:
    """What the distribution patched is not known, which is said."""
    asked = read_asked(text)
    assert str(asked.version) == release
    assert asked.note.endswith(f"is a distribution's rebuild of {release}: patches of its own are not known here")


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("0.15", "0.15.0"),
        ("v0.15.0", "0.15.0"),
        ("uvicorn==0.15.0", "0.15.0"),
        (" 0.15.0\n", "0.15.0"),
        ("0.17.0.post1", "0.17.0.post1"),
        ("0.17.0-post1", "0.17.0.post1"),
        ("0.13.0-rc1", "0.13.0rc1"),
        ("0.13.0.dev2", "0.13.0.dev2"),
    ],
)
def test_a_release_is_read_as_pep_440_has_it(text: str, release: str) -> None:
    """Two spellings of one release are the same release; post- and pre-releases are their own."""
    asked = read_asked(text)
    assert asked.version == read_asked(release).version
    assert asked.note == ""


@pytest.mark.parametrize(
    "text",
    [
        "uvicorn-0.15.0-py3-none-any.whl",
        "uvicorn-0.15.0-py2.py3-none-any.whl",
        "0.15.0-py3-none-any.whl",
        "uvicorn-0.15.0.tar.gz",
        "uvicorn-0.15.0.zip",
    ],
)
def test_a_file_of_the_package_index_is_its_release(text: str) -> None:
    """Its makers gave it out, so that there is nothing to note."""
    asked = read_asked(text)
    assert str(asked.version) == "0.15.0"
    assert asked.note == ""


def test_a_local_version_is_its_release_with_something_unknown() -> None:
    """This project's own patched wheel has one."""
    asked = read_asked("0.12.1+issue344.1")
    assert str(asked.version) == "0.12.1"
    assert asked.note == "what the local version +issue344.1 changed is not known here"


@pytest.mark.parametrize("text", ["abc", "0.15.x", ">=0.15", "-1", "uvicorn", "0.15.0-", "0..1"])
def test_what_is_no_version_is_wrong_use(text: str) -> None:
    """One line that says what a release looks like."""
    with pytest.raises(WrongUse, match=r"is no version of uvicorn. Name a release: VERSION=0.15.0"):
        read_asked(text)


@given(
    RELEASES, st.integers(0, 99), st.sampled_from(["ubuntu1", "build2", "+deb12u1", ".fc41", ".el9", "~bpo11+1", ""])
)
def test_any_revision_of_a_distribution_leaves_the_release(release: str, number: int, rest: str) -> None:
    """Whatever its number."""
    assert str(read_asked(f"{release}-{number}{rest}").version) == release


@given(st.text(max_size=12))
def test_any_text_is_a_release_or_wrong_use(text: str) -> None:
    """Nothing else is raised."""
    with suppress(WrongUse):
        assert read_asked(text).text in text

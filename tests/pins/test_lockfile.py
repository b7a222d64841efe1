"""Compiled requirements files as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from scripts.pins import lockfile

SHA = "sha256:" + "a" * 64
LINES = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["C"]), max_size=30)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(about=LINES, mend=LINES, inputs=DIGESTS, body=TEXTS)
def test_what_is_composed_is_read_again(about: str, mend: str, inputs: str, body: str) -> None:
    """A composed file is intact and gives back its inputs and its body."""
    assert lockfile.read(lockfile.compose(about, mend, inputs, body)) == lockfile.Lock(inputs, True, body)


@given(body=TEXTS, at=st.integers(0), put=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3))
def test_an_inserted_character_is_found(body: str, at: int, put: str) -> None:
    """Text that is put anywhere into a composed file makes it unreadable or no longer intact."""
    text = lockfile.compose("Compiled", "make pin", "0" * 64, body)
    place = at % (len(text) + 1)
    lock = lockfile.read(text[:place] + put + text[place:])
    assert lock is None or not lock.intact


@given(body=TEXTS, at=st.integers(0))
def test_a_removed_character_is_found(body: str, at: int) -> None:
    """A character that is taken out of a composed file makes it unreadable or no longer intact."""
    text = lockfile.compose("Compiled", "make pin", "0" * 64, body)
    place = at % len(text)
    lock = lockfile.read(text[:place] + text[place + 1 :])
    assert lock is None or not lock.intact


@given(parts=st.lists(TEXTS), others=st.lists(TEXTS))
def test_a_digest_knows_where_its_parts_end(parts: list[str], others: list[str]) -> None:
    """Two lists have the same digest only when they are the same list, however their texts run on."""
    assert (lockfile.digest(parts) == lockfile.digest(others)) == (parts == others)


def test_text_and_its_bytes_have_one_digest() -> None:
    """A part counts as the same whether it is given as text or as its UTF-8 bytes."""
    assert lockfile.digest(["é"]) == lockfile.digest(["é".encode()])


def test_pins_are_read_with_their_hashes() -> None:
    """Name, version and hashes of a requirement come out; comments, extras and markers do not hinder."""
    text = (
        "# a comment\n"
        f"Foo_Bar[x]==1.0+local.1 ; python_version < '3.9' \\\n    --hash={SHA} \\\n    --hash={SHA}\n    # via quart\n"
    )
    assert lockfile.pins(text) == [lockfile.Pin("foo-bar", Version("1.0+local.1"), (SHA, SHA))]


def test_a_good_body_has_no_problems() -> None:
    """Pinned and hashed lines with relative names in their comments are fit to be published."""
    body = (
        f"h11==0.12.0 \\\n    --hash={SHA}\n    # via\n    #   -c ../../common/runtimes/python3.8.toml\n    #   quart\n"
    )
    assert lockfile.problems(body) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("", "it pins nothing"),
        ("h11==0.12.0\n", "h11 has no SHA-256 hash"),
        ("h11==0.12.0 --hash=md5:abc\n", "h11 has no SHA-256 hash"),
        (f"h11>=0.12.0 --hash={SHA}\n", "h11 is not pinned with =="),
        (f"h11==0.12.* --hash={SHA}\n", "h11 is not pinned with =="),
        (f"h11 --hash={SHA}\n", "h11 is not pinned with =="),
        (f"--index-url mirror\nh11==0.12.0 --hash={SHA}\n", "'--index-url mirror' is an option, not a requirement"),
        (f"h11==0.12.0 --hash={SHA}\n# via -c /home/me/c.txt\n", "a line of this machine: # via -c /home/me/c.txt"),
        (f"h11==0.12.0 --hash={SHA}\n# via -r ~/r.in\n", "a line of this machine: # via -r ~/r.in"),
        (f"h11==0.12.0 --hash={SHA}\n# from https://mirror\n", "a line of this machine: # from https://mirror"),
        (f"h11==0.12.0 --hash={SHA}\n# via C:\\r.in\n", "a line of this machine: # via C:\\r.in"),
        ("what is this\n", "'what is this' is no requirement"),
    ],
)
def test_a_problem_is_named(body: str, found: str) -> None:
    """A body that may not be published says which line is wrong, and how."""
    assert found in lockfile.problems(body)

"""Which release is the newest, what it runs on, and what its folder holds."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from scripts.errors import Failure, WrongUse
from scripts.matrix import load
from scripts.pins.index import Release
from scripts.releases.choose import choose, newest, why_not
from scripts.releases.new_variant import moved, new_variant
from scripts.runtimes import Runtime, load_runtimes

PROJECT = Path(__file__).resolve().parents[2]
RUNTIMES = load_runtimes(PROJECT)
CURRENT = next(runtime for runtime in RUNTIMES if runtime.name == "python3.13")
NOON = datetime(2026, 12, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def release(
    version: str, requires: str = "", *, yanked: bool = False, wheel: bool = True, uploaded: datetime | None = NOON
) -> Release:
    """Return a release's facts."""
    return Release(Version(version), uploaded, yanked, requires, wheel)


VERSIONS = st.builds(
    "0.{}.{}{}".format, st.integers(0, 60), st.integers(0, 9), st.sampled_from(["", "", "rc1", ".dev3", ".post1"])
)
REQUIRES = st.sampled_from(["", ">=3.7", ">=3.10", "<3.10", ">=3.8.1", "~=3.13.0", ">=3.14"])
RELEASES = st.builds(release, VERSIONS, REQUIRES, yanked=st.booleans(), wheel=st.booleans())
MANY_RUNTIMES = st.lists(
    st.builds(
        Runtime,
        python=st.sampled_from(["3.8", "3.9", "3.10", "3.13"]),
        stack=st.just("heroku-24"),
        uvicorn=st.sampled_from(["", "<0.18", ">=0.18", ">=0.3,!=0.20.1"]),
        app=st.just(()),
        tools=st.just(()),
        name=st.uuids().map(str),
    ),
    max_size=5,
)


@pytest.mark.parametrize(
    ("version", "requires", "runtime"),
    [
        ("0.11.8", "", "python3.8"),
        ("0.12.3", "", "python3.8"),
        ("0.16.0", "", "python3.8"),
        ("0.17.4", ">=3.7", "python3.8"),
        ("0.17.6", ">=3.7", "python3.8"),
        ("0.18.0", ">=3.7", "python3.13"),
        ("0.54.0", ">=3.10", "python3.13"),
    ],
)
def test_a_release_gets_the_runtime_that_suits_its_time(version: str, requires: str, runtime: str) -> None:
    """The facts of real releases, held against the project's own runtimes."""
    assert choose(release(version, requires), RUNTIMES).name == runtime


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (release("0.60.0", ">=3.15"), "python3.13 has Python 3.13, the release needs >=3.15"),
        (release("0.60.0", ">=3.15"), "python3.8 is for uvicorn <0.18"),
        (release("0.60.0", "three"), "nobody can read: 'three'"),
        (release("0.60.0", uploaded=None), "the index does not say when"),
        (release("0.60.0", yanked=True), "its makers took it back"),
        (release("0.3.0", wheel=False), "it has no wheel"),
    ],
)
def test_a_release_that_nothing_takes_is_refused_with_the_reason(facts: Release, said: str) -> None:
    """One line names the release, and of each runtime why it is not that."""
    with pytest.raises(Failure) as caught:
        choose(facts, RUNTIMES)
    assert said in caught.value.message
    assert f"v{facts.version}" in caught.value.message


@given(RELEASES, MANY_RUNTIMES)
def test_the_choice_is_the_newest_python_that_the_facts_allow(facts: Release, runtimes: list[Runtime]) -> None:
    """Whatever is chosen admits the release, and no other that does has a newer Python; else there was none."""
    fit = [runtime for runtime in runtimes if not why_not(facts, runtime)]
    try:
        chosen = choose(facts, runtimes)
    except Failure:
        assert facts.yanked or not facts.wheel or not fit
        return
    assert SpecifierSet(chosen.uvicorn).contains(facts.version, prereleases=True)
    assert SpecifierSet(facts.requires_python).contains(f"{chosen.python}.99")
    assert all(Version(runtime.python) <= Version(chosen.python) for runtime in fit)


@given(st.lists(RELEASES), st.booleans())
def test_the_newest_is_never_yanked_and_a_pre_release_only_on_request(known: list[Release], pre: bool) -> None:
    """All that may be chosen is no newer than what is."""
    found = newest(known, pre=pre)
    allowed = {each.version for each in known if not each.yanked and (pre or not each.version.is_prerelease)}
    assert (found is None) == (not allowed)
    if found:
        assert found.version == max(allowed)
        assert not found.yanked


@pytest.mark.parametrize("name", ["v0.54.0", "v0.54.0-h11", "v0.54.0-zttp"])
def test_a_new_variant_is_what_is_committed(name: str) -> None:
    """From the facts of a release, its runtime and a parser come the very files that variants/ holds."""
    there = load(PROJECT).one(name)
    facts = release("0.54.0", ">=3.10", uploaded=datetime(2026, 9, 25, 6, 52, 37, tzinfo=UTC))
    made = new_variant(facts, choose(facts, RUNTIMES), newest=there.is_plain, parser=there.http)
    assert (made.name, made.branch) == (there.name, there.branch)
    assert made.variant_toml == (there.folder / "variant.toml").read_text()
    assert made.requirements_in == (there.folder / "requirements.in").read_text()


def test_a_variant_that_follows_another_is_like_it_but_for_the_release(tmp_path: Path) -> None:
    """Name, branch, description, HTTP parser and requirements are the model's; the matrix takes them."""
    shutil.copytree(PROJECT / "common", tmp_path / "common")
    shutil.copytree(PROJECT / "variants", tmp_path / "variants")
    model = load(tmp_path).one("v0.11.8-h11")
    made = new_variant(
        release("0.12.4"),
        model.runtime,
        newest=False,
        model=model,
        model_in=(model.folder / "requirements.in").read_text(),
    )
    folder = tmp_path / "variants" / made.name
    folder.mkdir()
    (folder / "variant.toml").write_text(made.variant_toml)
    (folder / "requirements.in").write_text(made.requirements_in)
    variant = load(tmp_path).one("v0.12.4-h11")
    assert (variant.branch, variant.description) == ("quart-uvicorn-v0.12.4-h11", "uvicorn v0.12.4 /w h11")
    assert (variant.http, variant.runtime) == ("h11", model.runtime)
    assert "\nuvicorn==0.12.4\n" in made.requirements_in


def test_a_patched_variant_is_no_model() -> None:
    """Its patch fits its own release alone."""
    model = load(PROJECT).one("patched")
    with pytest.raises(WrongUse, match="no release can follow patched"):
        new_variant(release("0.12.4"), model.runtime, newest=False, model=model, model_in="")


def test_the_runtimes_date_moves_to_just_after_a_newer_release() -> None:
    """One line changes, comments stay, and the release lies before the new moment."""
    old = (PROJECT / "common/runtimes/python3.13.toml").read_text() + "# The end.\n"
    new = moved(old, release("0.60.0"), CURRENT)
    (change,) = (pair for pair in zip(old.splitlines(), new.splitlines(), strict=True) if pair[0] != pair[1])
    assert change[1] == "resolved_as_of = 2026-12-01T12:00:01Z"
    runtime = msgspec.toml.decode(new, type=Runtime)
    assert runtime.resolved_as_of
    assert timedelta(0) < runtime.resolved_as_of - NOON <= timedelta(seconds=1)


def test_the_runtimes_date_stays_for_an_older_release() -> None:
    """What is pinned already was resolved as of a later moment."""
    assert CURRENT.resolved_as_of
    earlier = release("0.50.0", uploaded=CURRENT.resolved_as_of - timedelta(seconds=1))
    assert moved("resolved_as_of = anything\n", earlier, CURRENT) == "resolved_as_of = anything\n"

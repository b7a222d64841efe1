"""What releases of uvicorn say of the HTTP parsers that they have, each installed into a Python that it runs on."""

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.version import Version

from scripts.errors import Failure, WrongUse
from scripts.matrix import load
from scripts.pins.parsers import parsers, refuse_unknown_parser

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("release", "python", "expected"),
    [
        ("0.11.8", "3.8", {"h11", "httptools"}),
        ("0.51.0", "3.13", {"h11", "httptools"}),
        ("0.52.0", "3.13", {"h11", "httptools", "zttp"}),
    ],
)
def test_a_release_names_its_own_parsers(release: str, python: str, expected: set[str]) -> None:
    """They are those of its command line, whether it refuses others there or not; `auto` is none."""
    assert set(parsers(Version(release), python)) == expected


def test_a_release_that_is_not_there_has_none() -> None:
    """What stood in the way is said in uv's own words."""
    with pytest.raises(Failure, match=r"^uvicorn 0\.12\.99 does not say which parsers it has") as failure:
        parsers(Version("0.12.99"), "3.8")
    assert any("uvicorn==0.12.99" in line for line in failure.value.lines)


def test_a_parser_that_the_release_does_not_have_is_refused_with_those_that_it_has() -> None:
    """The list is the release's own."""
    variant = replace(load(PROJECT).one("v0.12.1"), http="zttp")
    with pytest.raises(
        WrongUse, match=r"^uvicorn 0\.12\.1 has no parser zttp: it has (h11, httptools|httptools, h11)\."
    ):
        refuse_unknown_parser(variant)


@pytest.mark.parametrize("name", ["v0.11.8-h11", "v0.54.0-h11", "v0.54.0-zttp"])
def test_the_variants_of_this_project_ask_for_what_there_is(name: str) -> None:
    """Each release that a variant tells what to read HTTP with has that parser."""
    variant = load(PROJECT).one(name)
    assert variant.http in parsers(variant.version, variant.runtime.python)
    refuse_unknown_parser(variant)

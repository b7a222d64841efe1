"""Which Python a uvicorn is installed into, and what is said of one that cannot be."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from scripts.errors import Failure
from scripts.history.environment import (
    NO_NETWORK,
    PYTHONS,
    IndexUnreachable,
    NotInstallable,
    Source,
    add,
    install,
    pythons,
    why,
)
from scripts.pins.index import Release
from tests.pins.fake_index import send, serving

DAY = dt.date(2020, 9, 30)


def source(day: dt.date = DAY, wanted: str = "") -> Source:
    """Return a source of some day."""
    return Source("0.12.1", "uvicorn[standard]==0.12.1", day, wanted)


def test_the_newest_python_of_its_day_comes_first() -> None:
    """Its dependencies have wheels for it, or can be compiled at least."""
    assert pythons(source(), lambda _: True) == ["3.8", "3.7", "3.6"]


def test_a_python_that_is_known_to_work_comes_before_all() -> None:
    """So a row that is measured again comes from the same one."""
    assert pythons(source(), lambda _: True, "3.7") == ["3.7", "3.8", "3.6"]


def test_a_python_that_is_not_to_be_had_is_not_tried() -> None:
    """Nor is it where it is known to work."""
    assert pythons(source(), lambda python: python != "3.8", "3.8") == ["3.7", "3.6"]


def test_later_pythons_are_tried_where_none_of_its_day_is_to_be_had() -> None:
    """The oldest of them first: it is the nearest to what the release knew."""
    assert pythons(source(), lambda python: python in {"3.11", "3.9"}) == ["3.9", "3.11"]


@given(st.dates(dt.date(2017, 6, 1), dt.date(2030, 1, 1)), st.sampled_from(["", ">=3.7", ">=3.9", "nonsense"]))
def test_no_python_is_tried_that_the_release_refuses(day: dt.date, wanted: str) -> None:
    """And each at most once; a Requires-Python that nobody can read refuses none."""
    order = pythons(source(day, wanted), lambda _: True)
    assert len(set(order)) == len(order)
    if wanted.startswith(">="):
        assert all(Version(python) >= Version(wanted[2:]) for python in order)
    else:
        assert order[-1] == next(iter(PYTHONS))


def test_a_release_of_no_known_day_is_not_installed() -> None:
    """Nobody can say what its dependencies were."""
    release = Release(Version("0.12.1"), None, yanked=False, requires_python="", wheel=True)
    with pytest.raises(NotInstallable, match="does not say when it was uploaded"):
        Source.of_release(release)


def test_the_reason_is_the_exception_that_a_build_ended_with() -> None:
    """Not the sentences that uv has around it."""
    said = """\
error: Failed to build `uvicorn==0.2.0`
  cause: The build backend returned an error

         [stderr]
         Traceback (most recent call last):
           File "/somewhere/lib/python3.7/site-packages/setuptools/build_meta.py", line 341, in get_requires
             self.run_setup()
         FileNotFoundError: [Errno 2] No such file or directory: 'README.md'

hint: Build failures usually indicate a problem with the package or the build environment
"""
    assert why(said) == "FileNotFoundError: [Errno 2] No such file or directory: 'README.md'"


def test_the_reason_of_a_compilation_is_the_first_error_of_the_compiler() -> None:
    """Without the folder that it was compiled in, which is this machine's own."""
    said = """\
         /tmp/build/httptools/parser/parser.c:49:12: fatal error: longintrepr.h: No such file or directory
         compilation terminated.
         error: command '/usr/bin/gcc' failed with exit code 1
"""
    assert why(said) == "parser.c:49:12: fatal error: longintrepr.h: No such file or directory"


@pytest.mark.parametrize(
    "said",
    [
        "  cause: error sending request for url (https://index/simple/h11/)",
        "  cause: dns error",
        "error: Request failed after 3 retries\n  cause: HTTP status server error (503 Service Unavailable) for url",
    ],
)
def test_an_index_that_is_not_there_is_no_fault_of_the_release(said: str) -> None:
    """Nothing is said of the release then."""
    assert NO_NETWORK.search(said)


def test_an_index_that_fails_says_nothing_of_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it answers with an error of its own, the run stops, and no reason is written down."""
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with serving(lambda handler, _: send(handler, b"", "text/plain", 503)) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"{address}/simple")
        with pytest.raises(IndexUnreachable):
            install(source(), tmp_path / "environment", "3.8")


def test_a_release_is_installed_with_the_dependencies_of_its_day(tmp_path: Path) -> None:
    """And more of that day can be added."""
    place = tmp_path / "environment"
    try:
        install(source(), place, "3.8")
    except IndexUnreachable as failure:
        raise Failure("this test needs the package index") from failure
    there = {path.name for path in place.glob("lib/python3.8/site-packages/*.dist-info")}
    assert {"uvicorn-0.12.1.dist-info", "httptools-0.1.1.dist-info", "h11-0.10.0.dist-info"} <= there
    add(source(), place, ["wsproto"])
    assert (place / "lib/python3.8/site-packages/wsproto-0.15.0.dist-info").exists()

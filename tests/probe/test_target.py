"""What a URL is taken for, and which ones are refused rather than changed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import WrongUse
from scripts.probe.cases import Case
from scripts.probe.endpoint import Endpoint
from scripts.probe.target import parse_url, plans

SENT = "".join(char for char in string.printable if char > " " and char not in "#\x7f")


@given(st.text(SENT))
def test_path_and_query_arrive_byte_for_byte(rest: str) -> None:
    """Whatever a URL may hold behind its authority is the request's target as it stands."""
    assert parse_url(f"http://127.0.0.1:8000/{rest}").path == f"/{rest}"
    assert parse_url(f"unix:/a/socket:/{rest}").path == f"/{rest}"


@pytest.mark.parametrize(
    ("url", "endpoint", "authority", "path"),
    [
        ("http://127.0.0.1:8000/a?b", Endpoint("127.0.0.1", 8000), "127.0.0.1:8000", "/a?b"),
        ("http://a.example", Endpoint("a.example", 80), "a.example", "/"),
        ("http://a.example?", Endpoint("a.example", 80), "a.example", "/?"),
        ("http://a.example/?", Endpoint("a.example", 80), "a.example", "/?"),
        ("https://a.example/", Endpoint("a.example", 443, tls="a.example"), "a.example", "/"),
        ("http://[::1]:8000/", Endpoint("::1", 8000), "[::1]:8000", "/"),
        ("http://x.localhost:1/", Endpoint("127.0.0.1", 1), "x.localhost:1", "/"),
        ("unix:/run/a.sock:/b?c:d", Endpoint(path="/run/a.sock"), "localhost", "/b?c:d"),
        ("unix:/run/a.sock", Endpoint(path="/run/a.sock"), "localhost", "/"),
        ("unix:a.sock:/", Endpoint(path="a.sock"), "localhost", "/"),
    ],
)
def test_a_url_names_endpoint_host_and_target(url: str, endpoint: Endpoint, authority: str, path: str) -> None:
    """Each form of URL is taken apart, and no empty query is lost."""
    target = parse_url(url)
    assert (target.endpoint, target.authority, target.path) == (endpoint, authority, path)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "no URL"),
        ("http://a/\tb", "no URL may"),
        ("http://a/ b", "no URL may"),
        ("http://a/\x7f", "no URL may"),
        ("http://a/é", "no URL may"),
        ("http://a/b#c", "fragment"),
        ("http://a:0/", "port 0"),
        ("http://a:65536/", "(?i)port"),
        ("http://a:b/", "(?i)port"),
        ("http://[fe80::1%25eth0]/", "zone|%"),
        ("http://user:secret@a/", "user"),
        ("http:///a", "speaks HTTP"),
        ("ftp://a/", "speaks HTTP"),
        ("127.0.0.1:8000/a", "speaks HTTP"),
        ("unix:", "unix:/path"),
        ("unix::/a", "unix:/path"),
        ("unix:/a:b", "unix:/path"),
    ],
)
def test_what_could_only_be_sent_changed_is_refused(url: str, why: str) -> None:
    """The line says what is wrong with it."""
    with pytest.raises(WrongUse, match=why):
        parse_url(url)


@pytest.mark.parametrize("url", ["http://user:secret@a/", "http://user:secret@a/#b", "ftp://user:secret@a/"])
def test_a_password_is_not_echoed(url: str) -> None:
    """The error names the URL without it."""
    with pytest.raises(WrongUse) as raised:
        parse_url(url)
    assert "secret" not in str(raised.value)


def test_offsets_and_segments_make_one_plan_and_nothing_makes_every_one() -> None:
    """One request in several pieces where that is asked for, else one request an offset."""
    case = Case("", (b"x" * 10,))
    assert plans(case, "7,3,3", None) == [(3, 7)]
    assert plans(case, "", 4) == [(4, 8)]
    assert plans(case, "", None) == [(offset,) for offset in range(1, 10)]


@pytest.mark.parametrize(
    ("offsets", "segment"), [("3", 4), ("a", None), ("0", None), ("10", None), ("", 10), ("", 0), ("", -1)]
)
def test_a_plan_that_splits_nothing_is_refused(offsets: str, segment: int | None) -> None:
    """Both at once, no numbers, or a segment that leaves the request whole."""
    with pytest.raises(WrongUse):
        plans(Case("", (b"x" * 10,)), offsets, segment)

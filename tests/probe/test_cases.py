"""The cases as data: what common/cases.toml may hold, and how a case is put to a server."""

from pathlib import Path

import h11
import pytest

from scripts.errors import WrongUse
from scripts.probe.cases import Case, asked, load_cases, of_request, request_head, select

ROOT = Path(__file__).resolve().parents[2]
CASES = load_cases(ROOT)

GOOD = """
[form]
shows = "a"
requests = ["GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"]

[misroute]
shows = "b"
requests = ["GET /a HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"]
"""


def loaded(folder: Path, text: str) -> dict[str, Case]:
    """Load the cases of a checkout that has this file."""
    (folder / "common").mkdir()
    (folder / "common/cases.toml").write_text(text)
    return load_cases(folder)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case_is_as_many_whole_requests_as_it_gets_answers(case: Case) -> None:
    """Another reader finds the same requests in its bytes, one behind the other."""
    data = case.before + case.data
    found = 0
    while data:
        server = h11.Connection(h11.SERVER)
        server.receive_data(data)
        while not isinstance(server.next_event(), h11.EndOfMessage):
            pass
        data = server.trailing_data[0]
        found += 1
    assert found == case.answers
    assert case.shows.endswith(".")


def test_every_byte_but_the_first_is_an_offset_of_a_split() -> None:
    """The segments of a trial are the case's bytes, and what is joined is the first trial."""
    case = CASES["pipelined"]
    assert case.plans[0] == ()
    for plan in case.plans:
        legs = case.split(plan)
        assert b"".join(segment for leg in legs for segment in leg.segments) == case.data
        assert sum(len(leg.awaited) for leg in legs) == 2
    assert len(CASES["misroute"].pair_plans) == 2628


def test_a_segment_behind_a_whole_request_waits_for_its_answer() -> None:
    """So that no outcome hangs on which of the two is faster."""
    case = CASES["pipelined"]
    first = len(case.requests[0])
    assert [len(leg.segments) for leg in case.split((first - 1,))] == [2]
    assert [len(leg.segments) for leg in case.split((first,))] == [1, 1]
    assert [len(leg.segments) for leg in case.split((first + 1,))] == [1, 1]


def test_what_comes_before_is_sent_whole_and_answered_first() -> None:
    """The split request is the second one on its connection."""
    first, second = CASES["second"].split((10,))
    assert first.segments == (CASES["second"].before,)
    assert len(second.segments) == 2


def test_a_case_asks_another_server_for_its_url_in_its_own_form() -> None:
    """With that server's Host; the absolute form stays absolute."""
    post = CASES["post"].at("example.org:81", "/a?b")
    assert post.data.startswith(b"POST /a?b HTTP/1.1\r\nHost: example.org:81\r\n")
    assert post.data.endswith(b"\r\n\r\nstory=0+1+2")
    absolute = CASES["absolute"].at("example.org:81", "/a?b")
    assert absolute.data.startswith(b"GET http://example.org:81/a?b HTTP/1.1\r\n")
    assert CASES["absolute"].at("y").data.startswith(b"GET http://y/view?story=0+1+2&next=/admin HTTP")
    assert CASES["second"].at("y").before.endswith(b"Host: y\r\n\r\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("[form]", "[from]"), "it has no case 'form'"),
        (GOOD + '[a_b]\nshows = ""\nrequests = ["x"]', "'a_b' is no good name"),
        (GOOD + '[a]\nshows = ""\nrequests = []', "the case 'a' has no request, and so no offset"),
        (
            GOOD + '[a]\nshows = ""\nrequests = ["GET / HTTP/1.1\\r\\n"]',
            "case 'a' is none: it has no end",
        ),
        (GOOD + '[a]\nshows = ""\nrequests = ["nonsense\\r\\n\\r\\n"]', "a request of the case 'a' is none"),
        (GOOD + '[a]\nshows = ""\nrequests = ["GET / HTTP/1.0\\r\\n\\r\\nx"]', "it goes on behind its end"),
        (GOOD + '[a]\nshows = ""\nrequests = ["é"]', "a request of the case 'a' is none"),
        (
            GOOD + '[a]\nshows = ""\nparsers = ["h12"]\nrequests = ["GET / HTTP/1.0\\r\\n\\r\\n"]',
            "the unknown parser 'h12'",
        ),
        (GOOD + '[a]\nshows = ""\nsplit = 1\nrequests = []', "unknown field `split`"),
    ],
)
def test_a_case_that_cannot_be_measured_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    """Its bytes are no request, it has no offset, or the file says something else."""
    with pytest.raises(WrongUse, match=r"common/cases.toml is wrong") as raised:
        loaded(tmp_path, text)
    assert said in str(raised.value)


def test_an_unknown_case_is_answered_with_the_nearest() -> None:
    """And all are chosen by none."""
    with pytest.raises(WrongUse, match=r"unknown case 'forn'.*form"):
        select(CASES, "forn")
    assert select(CASES, "") == select(CASES, "all") == list(CASES.values())
    assert [case.name for case in select(CASES, "post, form")] == ["form", "post"]


def test_how_a_request_is_answered_is_read_from_it() -> None:
    """A HEAD has no body, and a handshake none that ends."""
    assert asked(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").method == "HEAD"
    assert asked(CASES["websocket"].data).upgrade
    assert of_request(b"GET /a HTTP/1.1\r\nHost: y\r\n\r\n").head == b"GET /a HTTP/1.1\r\nHost: y\r\n\r\n"


def test_the_forms_request_is_as_long_as_was_measured_by_others() -> None:
    """The numbers 0 to 999 in the query, and a host of one letter, make a head of 3,927 bytes."""
    story = "+".join(str(number) for number in range(1000))
    assert len(request_head(f"/view?story={story}", "x")) == 3927


@pytest.mark.parametrize("target", ["", "/a b", "/a\r\nEvil: 1", "/é", "/\x7f"], ids=ascii)
def test_a_target_that_would_break_the_head_is_refused(target: str) -> None:
    """No space, control character or non-ASCII character gets into the request line."""
    with pytest.raises(ValueError, match="cannot stand in a request head"):
        request_head(target, "localhost")

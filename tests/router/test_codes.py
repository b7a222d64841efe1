"""The H-codes and the log line, whatever a request holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.router.codes import CODES, RequestFailed, RequestLog
from tests.router.router_bench import fields

NAMES = ["method", "path", "host", "request_id", "fwd", "dyno", "connect", "service", "status", "bytes", "protocol"]
TEXT = st.text(max_size=40)


def record() -> RequestLog:
    """Return the record of a served request."""
    return RequestLog(
        method="GET",
        path="/view?next=/admin",
        host="app.localhost",
        request_id="abc",
        fwd="10.0.0.1, 127.0.0.1",
        dyno="web.1",
        connect=1,
        service=18,
        status=200,
        received=1548,
    )


def test_a_served_request_is_logged_to_the_letter() -> None:
    """The line has Heroku's fields in Heroku's order."""
    assert record().line() == (
        'at=info method=GET path="/view?next=/admin" host=app.localhost request_id=abc fwd="10.0.0.1, 127.0.0.1" '
        "dyno=web.1 connect=1ms service=18ms status=200 bytes=1548 protocol=http"
    )


def test_a_request_without_a_dyno_is_logged_to_the_letter() -> None:
    """The fields that nothing is known for stay, empty."""
    failed = RequestLog(method="GET", path="/", host="app.localhost", request_id="abc", fwd="127.0.0.1")
    failed.fail(RequestFailed("H10"))
    assert failed.line() == (
        'at=error code=H10 desc="App crashed" method=GET path="/" host=app.localhost request_id=abc fwd="127.0.0.1" '
        "dyno= connect= service= status=503 bytes= protocol=http"
    )


def test_a_broken_connection_names_its_side_first() -> None:
    """sock= leads the line, and a warning is not an error."""
    failed = record()
    failed.fail(RequestFailed("H27"))
    assert failed.line().startswith('sock=client at=warning code=H27 desc="Client Request Interrupted" method=')
    failed.fail(RequestFailed("H18"))
    assert failed.line().startswith('sock=backend at=error code=H18 desc="Server Request Interrupted" method=')


def test_a_cause_stands_behind_the_description() -> None:
    """cause= follows desc=, and the status is the refusal's."""
    failed = record()
    failed.fail(RequestFailed("H26", cause='a "bad" line', status=417))
    assert 'code=H26 desc="Request Error" cause="a %22bad%22 line" method=' in failed.line()
    assert " status=417 " in failed.line()


@given(st.builds(RequestLog, method=TEXT, path=TEXT, host=TEXT, request_id=TEXT, fwd=TEXT), TEXT)
def test_nothing_in_a_request_forges_a_field(failed: RequestLog, cause: str) -> None:
    """The line stays one line of printable ASCII with exactly its own fields."""
    failed.fail(RequestFailed("H26", cause=cause))
    line = failed.line()
    assert line.isascii()
    assert line.isprintable()
    assert list(fields(line)) == ["at", "code", "desc", *(["cause"] if cause else []), *NAMES]


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), max_size=40))
def test_an_ordinary_path_stands_as_it_is(path: str) -> None:
    """What can do no harm is not changed."""
    assert fields(RequestLog(path=path).line())["path"] == path


@pytest.mark.parametrize(
    ("name", "desc", "status", "severity"),
    [
        ("H10", "App crashed", 503, "error"),
        ("H12", "Request timeout", 503, "error"),
        ("H13", "Connection closed without response", 503, "error"),
        ("H14", "No web processes running", 503, "error"),
        ("H15", "Idle connection", 503, "error"),
        ("H17", "Poorly formatted HTTP response", 503, "error"),
        ("H18", "Server Request Interrupted", 503, "error"),
        ("H19", "Backend connection timeout", 503, "error"),
        ("H20", "App boot timeout", 503, "error"),
        ("H21", "Backend connection refused", 503, "error"),
        ("H26", "Request Error", 400, "error"),
        ("H27", "Client Request Interrupted", 499, "warning"),
        ("H28", "Client Connection Idle", 499, "warning"),
        ("H99", "Platform error", 503, "error"),
    ],
)
def test_a_code_has_herokus_words(name: str, desc: str, status: int, severity: str) -> None:
    """Description, status and severity are Heroku's."""
    code = CODES[name]
    assert (code.desc, code.status, code.severity) == (desc, status, severity)

"""What Heroku's own network shows: five submissions of the form, and the router's codes for them."""

import pytest

from scripts.errors import Failure, WrongUse
from scripts.verdicts.heroku_network import in_short, measure, read_heroku, write_heroku
from tests.heroku.conftest import Desk
from tests.heroku.state import Fault


def test_a_story_each_time_shows_no_issue(desk: Desk) -> None:
    """The record says of which release it speaks, and is written once."""
    desk.deploy()
    record = measure(desk.api, desk.variant)
    assert (record.shows_issue, record.submissions, record.failed, record.codes) == (False, 5, 0, {})
    assert (record.web_url, record.release, record.tree) == (desk.app.site.address, "v2", desk.change().tree)
    assert write_heroku(desk.variant, record)
    assert read_heroku(desk.variant) == record
    assert not write_heroku(desk.variant, measure(desk.api, desk.variant))


def test_the_error_page_with_its_code_shows_the_issue(desk: Desk) -> None:
    """Only lines about these submissions count."""
    desk.deploy()
    desk.app.site.failing = "H13"
    desk.app.log.append("2026-11-22T15:04:06+00:00 heroku[router]: at=error code=H12 request_id=of-somebody-else")
    record = measure(desk.api, desk.variant)
    assert record.shows_issue
    assert record.codes == {"H13": 5}
    assert in_short(record) == "Yes: 5 of 5 submissions failed (H13)"


def test_without_the_log_the_codes_are_unknown(desk: Desk) -> None:
    """A key that may not read the log is enough for the rest."""
    desk.deploy()
    desk.app.site.failing = "H13"
    desk.fake.faults.append(Fault("POST", "/apps/.*/log-sessions", 403, '{"id": "forbidden"}'))
    record = measure(desk.api, desk.variant)
    assert (record.shows_issue, record.codes) == (True, None)


@pytest.mark.parametrize(
    ("failing", "unexpected", "message"),
    [
        ("H10", "", "not as the issue makes them: H10"),
        ("", "<p>maintenance</p>", "neither its story nor an error page"),
    ],
)
def test_another_failure_is_no_evidence(desk: Desk, failing: str, unexpected: str, message: str) -> None:
    """A crashed app, or a page that is none of its own, says nothing about the issue."""
    desk.deploy()
    desk.app.site.failing, desk.app.site.unexpected = failing, unexpected
    with pytest.raises(Failure, match=message):
        measure(desk.api, desk.variant)


def test_only_what_was_deployed_is_measured(desk: Desk) -> None:
    """Neither an app that was never deployed, nor one that was changed since, gets a record."""
    with pytest.raises(WrongUse, match="is not deployed"):
        measure(desk.api, desk.variant)
    desk.deploy()
    desk.fake.release(desk.app, "Deploy elsewhere", b"")
    with pytest.raises(Failure, match="was changed since it was deployed: it runs v3, not v2"):
        measure(desk.api, desk.variant)

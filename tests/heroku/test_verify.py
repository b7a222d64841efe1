"""What Heroku's own network shows: five submissions of the form, and the router's codes for them."""

import json

import pytest

from tests.heroku.conftest import User


def test_a_story_each_time_shows_no_issue(user: User) -> None:
    """The record says of which version it speaks, and is written once."""
    app = user.has_deployed()
    first = user.verb("verify", "--variant", "v0.12.1")
    assert first.stdout == "v0.12.1      No: 0 of 5 submissions failed [heroku.json written]\n"
    record = json.loads(user.file("heroku.json").read_text())
    assert (record["web_url"], record["version"], record["codes"]) == (app.web_url, "v1", {})
    assert "[heroku.json unchanged]" in user.verb("verify").stdout


def test_the_error_page_with_its_code_shows_the_issue(user: User) -> None:
    """Only lines about these submissions count; CHECK=1 tells what differs from what is committed."""
    app = user.has_deployed()
    app.site.failing = "H13"
    app.site.log.append("2026-11-22T15:04:06+00:00 heroku[router]: at=error code=H12 request_id=of-somebody-else")
    done = user.verb("verify", "--variant", "v0.12.1")
    assert done.stdout.startswith("v0.12.1      Yes: 5 of 5 submissions failed (H13)"), done.stderr
    assert user.verb("verify", "--variant", "v0.12.1", "--check").returncode == 0
    app.site.failing = ""
    assert "differs from heroku.json" in user.verb("verify", "--variant", "v0.12.1", "--check").stdout


@pytest.mark.parametrize(
    ("failing", "unexpected", "message"),
    [
        ("H10", "", "not as the issue makes them: H10"),
        ("", "<p>maintenance</p>", "neither its story nor an error page"),
    ],
)
def test_another_failure_is_no_evidence(user: User, failing: str, unexpected: str, message: str) -> None:
    """A crashed app, or a page that is none of its own, says nothing about the issue."""
    app = user.has_deployed()
    app.site.failing, app.site.unexpected = failing, unexpected
    done = user.verb("verify", "--variant", "v0.12.1")
    assert done.returncode == 1
    assert message in done.stderr
    assert not user.file("heroku.json").exists()


def test_failures_of_which_the_log_says_nothing_are_no_evidence(user: User) -> None:
    """They may be the app's own: only the router's code tells."""
    app = user.has_deployed()
    app.site.failing, app.site.logs = "H13", False
    done = user.verb("verify", "--variant", "v0.12.1")
    assert done.returncode == 1
    assert "not as the issue makes them: the router's log has no line of theirs" in done.stderr
    assert not user.file("heroku.json").exists()


def test_only_what_was_deployed_is_measured(user: User) -> None:
    """An app that was changed since gets no record."""
    user.has_deployed().release("Deploy 12345678", "")
    done = user.verb("verify", "--variant", "v0.12.1")
    assert "was changed since it was deployed: it runs v2, not v1" in done.stderr

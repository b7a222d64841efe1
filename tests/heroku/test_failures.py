"""What goes wrong at Heroku for good: one clear line each, and nothing half-written."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from scripts.errors import Failure
from scripts.platforms.deployment import read_deployment
from scripts.platforms.heroku import apps
from tests.heroku.conftest import QUICK, Desk
from tests.heroku.fake import Fake
from tests.heroku.state import Fault

APP = "uvicorn-issue-344-v0-12-1"


def always(method: str, path: str, status: int = 0, body: str = "") -> Callable[[Fake], None]:
    """Let a request go wrong as often as it is tried."""
    return lambda fake: fake.faults.extend(Fault(method, path, status, body) for _ in range(QUICK.tries))


def once(method: str, path: str, status: int, body: str) -> Callable[[Fake], None]:
    """Let a request go wrong once, which is enough."""
    return lambda fake: fake.faults.append(Fault(method, path, status, body))


def setting(**values: object) -> Callable[[Fake], None]:
    """Make the fake another one."""
    return lambda fake: vars(fake).update(values)


@dataclass(frozen=True)
class Row:
    """A way to fail: what happens, what the line says, and what the lines above it say."""

    name: str
    happens: Callable[[Fake], None]
    line: str
    above: str = ""
    first: bool = False
    """Whether it can only happen to a first deploy."""
    released: bool = False
    """Whether Heroku has released before it happens."""


ROWS = [
    Row("build failed", setting(broken_builds={APP}), f"the build of {APP} failed", "größer ☃"),
    Row("release failed", setting(release_status="failed", release_log="no!\n"), f"release v3 of {APP} failed", "no!"),
    Row("release pending", setting(release_status="pending"), f"release v3 of {APP} is still pending"),
    Row("dyno crashed", setting(dyno_state="crashed"), "did not come up on v3: web.1 crashed on v3", released=True),
    Row("dyno never up", setting(dyno_state="starting"), "did not come up on v3: web.1 starting on v3", released=True),
    Row("401", once("GET", "/apps/.*", 401, '{"id": "unauthorized"}'), "does not accept the key: 401 unauthorized"),
    Row("402", once("POST", "/apps/.*/builds", 402, '{"id": "delinquent", "message": "Pay."}'), "402 delinquent: Pay "),
    Row("403 two-factor", once("GET", "/apps/.*", 403, '{"id": "two_factor"}'), "wants a second factor"),
    Row("403", once("POST", "/sources", 403, '{"id": "forbidden", "message": "No."}'), "403 forbidden: No "),
    Row("403 somebody else's", setting(foreign={APP}), f"the app name {APP} is taken.*APP="),
    Row("404", once("POST", "/apps/.*/builds", 404, '{"id": "not_found"}'), "404 not_found .POST /apps/.*/builds"),
    Row("422 name taken", setting(foreign={APP}, hidden=True), f"the app name {APP} is taken.*APP=", first=True),
    Row("422", once("POST", "/apps/.*/builds", 422, '{"message": "Bad \\u001b[31mURL."}'), "422 .*: Bad URL "),
    Row("429", always("GET", "/apps/.*", 429, '{"id": "rate_limit"}'), "rate limit is used up: 429 rate_limit"),
    Row("500", always("GET", "/apps/.*", 500, "<html>oops</html>"), "out of order: 500 Internal Server Error .GET"),
    Row("no JSON", once("GET", "/apps/[^/]*", 200, "<html>hello</html>"), "the answer is not Heroku's"),
    Row("another JSON", once("POST", "/sources", 201, "[]"), "POST /sources: the answer is not Heroku's"),
    Row("upload refused", once("PUT", "/uploads/.*", 403, "<Error>no</Error>"), "403 Forbidden .PUT 127.0.0.1"),
    Row("upload cut", always("PUT", "/uploads/.*"), "cannot be reached: PUT 127.0.0.1"),
    Row("app cut", always("GET", "/apps/.*"), "cannot be reached: GET /apps/"),
    Row("source cut", always("POST", "/sources"), "cannot be reached: POST /sources"),
    Row("build cut", always("POST", "/apps/.*/builds"), "cannot be reached: POST /apps/.*/builds"),
    Row("state cut", always("GET", "/apps/.*/builds/.*"), "cannot be reached: GET /apps/.*/builds/", released=True),
    Row("dynos cut", always("GET", "/apps/.*/dynos"), "cannot be reached: GET /apps/.*/dynos", released=True),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_failure_is_one_line_and_leaves_what_was(desk: Desk, row: Row) -> None:
    """The line says what happened; the release before runs on, and deployment.json still names it."""
    if not row.first:
        desk.deploy()
        desk.change_app()
        desk.change()
    before = read_deployment(desk.variant)
    runs = None if row.first else desk.app.site.slug
    files = sorted(desk.variant.folder.iterdir())
    row.happens(desk.fake)
    with pytest.raises(Failure, match=row.line) as failure:
        desk.deploy()
    assert failure.value.exit_code == 1
    assert "\n" not in failure.value.message
    assert desk.fake.key not in failure.value.message
    assert row.above in "\n".join(failure.value.lines)
    assert read_deployment(desk.variant) == before
    assert sorted(desk.variant.folder.iterdir()) == files
    if not row.first:
        assert (desk.app.site.slug == runs) is not row.released


def test_a_failed_build_leaves_the_running_release(desk: Desk) -> None:
    """The app serves what it served, and a repaired build deploys."""
    desk.deploy()
    runs = desk.app.site.slug
    desk.change_app()
    desk.fake.broken_builds = {APP}
    with pytest.raises(Failure, match="What ran before runs on"):
        desk.deploy()
    assert desk.app.site.slug == runs
    desk.fake.broken_builds = set()
    assert desk.deploy().deployment.release == "v3"


def test_a_page_of_another_variant_is_no_success(desk: Desk) -> None:
    """The app's own address must answer as what was deployed."""
    desk.deploy()
    desk.app.site.variant = "another"
    with pytest.raises(Failure, match=r"does not answer as v0\.12\.1: variant is 'another'"):
        desk.deploy(force=True)


def test_a_warning_of_herokus_is_shown_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """X-Heroku-Warning is for the user's eyes."""
    desk.fake.warning = "This stack ends soon."
    with caplog.at_level(logging.WARNING, "scripts"):
        desk.deploy()
    assert [record.message for record in caplog.records] == ["Heroku warns: This stack ends soon."]


def test_there_is_nothing_before_a_first_release(desk: Desk) -> None:
    """The release that every app begins with runs nothing: it is none to go back to."""
    desk.deploy()
    with pytest.raises(Failure, match="has no release to go back to"):
        apps.roll_back(desk.api, desk.checkout.root, desk.variant, APP, lambda *_: pytest.fail("it went on"))


def test_a_destroyed_app_is_gone(desk: Desk) -> None:
    """Destroying it again says that there is none, also after a DELETE whose answer was lost."""
    desk.deploy()
    desk.fake.faults.append(Fault("DELETE", "/apps/.*", carried_out=True))
    apps.destroy(desk.api, APP)
    assert desk.fake.apps == {}
    assert not apps.destroy(desk.api, APP)

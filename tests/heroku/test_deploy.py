"""Deploying to Heroku, against a fake that speaks its protocol."""

import time
from dataclasses import replace

import pytest

from scripts.errors import Failure
from scripts.platforms.deployment import read_deployment
from scripts.platforms.heroku import apps
from scripts.platforms.heroku.deploy import settle
from tests.heroku.conftest import Desk
from tests.heroku.state import Fault


def test_a_first_deploy_creates_the_app(desk: Desk) -> None:
    """The app has the variant's name and stack; what is kept is what Heroku answered."""
    done = desk.deploy()
    assert done.fresh
    assert desk.app.stack == "container"
    kept = read_deployment(desk.variant)
    assert kept == done.deployment
    change = desk.change()
    assert (kept.web_url, kept.release) == (desk.app.site.address, "v2")
    assert (kept.commit, kept.tree) == (change.commit, change.tree)


def test_a_second_deploy_does_nothing(desk: Desk) -> None:
    """The same tree is live: no source, no upload, no build."""
    desk.deploy()
    before = len(desk.app.builds)
    assert not desk.deploy().fresh
    assert len(desk.app.builds) == before
    assert desk.fake.made("POST /sources") == 1


def test_a_changed_branch_is_built_again(desk: Desk) -> None:
    """Another tree becomes another release of the same app."""
    desk.deploy()
    desk.change_app()
    assert desk.deploy().deployment.release == "v3"
    assert desk.fake.made("POST /apps") == 1


def test_force_builds_what_is_live(desk: Desk) -> None:
    """FORCE=1 makes another release of the same tree."""
    desk.deploy()
    assert desk.deploy(force=True).deployment.release == "v3"


def test_what_was_released_since_is_not_taken_for_live(desk: Desk) -> None:
    """After another release the tree is deployed again, though deployment.json has it."""
    desk.deploy()
    desk.fake.release(desk.app, "Set VARIANT config vars", b"")
    desk.app.site.slug = None
    assert desk.deploy().fresh


def test_another_stack_is_set_before_the_build(desk: Desk) -> None:
    """An app that has another stack gets the branch's."""
    desk.deploy()
    desk.app.stack = "heroku-24"
    assert desk.deploy().fresh
    assert desk.app.stack == "container"


@pytest.mark.parametrize("cuts", [[], [1], [20, 36], [20, 20, 36]])
def test_the_log_is_whole_and_in_order(desk: Desk, cuts: list[int]) -> None:
    """Heartbeats are no part of it, and a cut, also one inside a character, loses and repeats nothing."""
    desk.fake.cuts = cuts.copy()
    desk.deploy()
    assert desk.fake.build_log == "".join(f"{line}\n" for line in desk.printed)
    assert desk.fake.cuts == []


def test_a_log_that_is_cut_forever_fails_no_build(desk: Desk) -> None:
    """What can be read is shown; the build's own state decides."""
    desk.fake.builds_alone = True
    desk.fake.cuts = [20] * 4
    desk.fake.build_log = "x" * 15 + "\n" + "y" * 15 + "\n"
    desk.deploy()
    assert desk.printed == ["x" * 15, "y" * 4]
    assert desk.fake.cuts == [20]


def test_what_a_terminal_would_act_on_is_not_shown(desk: Desk) -> None:
    """Colours, titles and the key are taken out of the build's log."""
    desk.fake.build_log = f"\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07 {desk.fake.key}\n"
    desk.deploy()
    assert desk.printed == ["red bell [key]"]


def test_a_release_that_the_build_does_not_name_is_found(desk: Desk) -> None:
    """The newest release, newer than before the build, is the build's."""
    desk.fake.names_releases = False
    assert desk.deploy().deployment.release == "v2"


def test_an_app_without_dynos_gets_one(desk: Desk) -> None:
    """An app that was scaled to nothing runs again after a deploy."""
    desk.deploy()
    desk.app.web_dynos = 0
    desk.deploy(force=True)
    assert desk.app.web_dynos == 1


def test_another_name_is_kept(desk: Desk) -> None:
    """APP= names the app, and later verbs find it there."""
    desk.deploy(app="quite-another")
    assert list(desk.fake.apps) == ["quite-another"]
    assert apps.app_name(desk.variant) == "quite-another"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", "/apps/[^/]*"),
        Fault("POST", "/apps"),
        Fault("POST", "/apps", carried_out=True),
        Fault("POST", "/apps", carried_out=True, half=True),
        Fault("POST", "/apps", 502, "<html>no</html>", carried_out=True),
        Fault("POST", "/sources", carried_out=True),
        Fault("PUT", "/uploads/.*"),
        Fault("PUT", "/uploads/.*", 503),
        Fault("POST", "/apps/[^/]*/builds"),
        Fault("POST", "/apps/[^/]*/builds", carried_out=True),
        Fault("POST", "/apps/[^/]*/builds", 500, "<html>no</html>", carried_out=True),
        Fault("GET", "/streams/.*"),
        Fault("GET", "/streams/.*", 404),
        Fault("GET", "/apps/[^/]*/builds/.*", 500),
        Fault("GET", "/apps/[^/]*/releases", carried_out=True, half=True),
        Fault("GET", "/apps/[^/]*/dynos"),
    ],
    ids=lambda fault: f"{fault.method} {fault.path} {fault.status} {fault.carried_out} {fault.half}",
)
def test_a_deploy_outlives_bad_weather(desk: Desk, fault: Fault) -> None:
    """A connection that is cut in any phase, or a 5xx there, costs a repetition: nothing is made twice."""
    desk.fake.faults.append(fault)
    assert desk.deploy().fresh
    assert len(desk.fake.apps) == 1
    assert len(desk.app.builds) == 1


def test_a_full_rate_limit_is_waited_for_as_long_as_asked(desk: Desk) -> None:
    """Retry-After is honoured, also for a POST, which was refused."""
    pauses: list[float] = []
    desk.api.limits = replace(desk.api.limits, weather=100, sleep=pauses.append)
    for method, path in (("GET", "/apps/[^/]*"), ("POST", "/apps")):
        desk.fake.faults.append(Fault(method, path, 429, '{"id": "rate_limit"}', {"Retry-After": "7"}))
    assert desk.deploy().fresh
    assert pauses[:2] == [7, 7]


def test_a_wait_beyond_the_bound_is_not_begun(desk: Desk) -> None:
    """An hour until the next request is an error now."""
    desk.fake.faults.append(Fault("GET", "/apps/[^/]*", 429, "{}", {"Retry-After": "3600"}))
    began = time.monotonic()
    with pytest.raises(Failure, match="rate limit is used up"):
        desk.deploy()
    assert time.monotonic() - began < 3


def test_a_rollback_runs_the_release_before(desk: Desk) -> None:
    """The tree that ran before runs again; what is kept says so, and a deploy of the new tree is no repetition."""
    first = desk.deploy().deployment
    desk.change_app()
    desk.deploy()

    def go_back() -> str:
        target, kept = apps.roll_back(
            desk.api,
            desk.checkout.root,
            desk.variant,
            desk.app.name,
            lambda app, release: settle(desk.api, desk.variant, app, release, lambda _: None),
        )
        assert (kept.tree, kept.commit) == (first.tree, first.commit)
        return target.label

    assert go_back() == "v2"
    assert desk.deploy().deployment.release == "v5"
    assert go_back() == "v4"


def test_a_cut_rollback_is_not_done_twice(desk: Desk) -> None:
    """After a POST without an answer the releases are looked at."""
    desk.deploy()
    desk.deploy(force=True)
    desk.fake.faults.append(Fault("POST", "/apps/[^/]*/releases", carried_out=True))
    apps.roll_back(
        desk.api,
        desk.checkout.root,
        desk.variant,
        desk.app.name,
        lambda app, release: settle(desk.api, desk.variant, app, release, lambda _: None),
    )
    assert [each["description"] for each in desk.app.releases].count("Rollback to v2") == 1

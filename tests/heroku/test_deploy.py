"""Deploying to Heroku with its real CLI and real git over HTTP: what is pushed, and what is not."""

import json

from tests.heroku.conftest import APP, User


def test_a_first_deploy_makes_the_app_and_pushes_the_branch(user: User) -> None:
    """The app has the variant's name and stack, the log is shown, the address printed, and where it runs kept."""
    done = user.verb("deploy", VARIANT="v0.12.1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{user.app.web_url}\n"
    assert "\n-----> Building on the stack\na piece, and its end\n" in done.stderr
    assert user.app.stack == "container"
    assert user.api.remote.main(APP) == user.tip()
    kept = json.loads(user.file("deployment.json").read_text())
    assert (kept["app"], kept["web_url"], kept["version"]) == (APP, user.app.web_url, "v1")
    assert kept["commit"] == user.tip()


def test_a_second_deploy_does_nothing(user: User) -> None:
    """What is live is neither pushed nor started again."""
    app = user.has_deployed()
    assert "v0.12.1: is live already: nothing to do" in user.deploy()
    assert (len(app.versions), user.api.requests.count(f"DELETE /apps/{APP}/dynos")) == (1, 0)


def test_a_changed_branch_is_built(user: User) -> None:
    """Its next commit becomes the app's next version."""
    app = user.has_deployed()
    user.change_app()
    assert "v0.12.1: up as v2" in user.deploy()
    assert app.site.commit == user.tip()


def test_another_clone_goes_on_from_what_is_deployed(user: User) -> None:
    """Where deployment.json is missing, Heroku's own answers tell that nothing is to be done; it is written again."""
    user.has_deployed()
    user.file("deployment.json").unlink()
    assert "nothing to do" in user.deploy()
    assert json.loads(user.file("deployment.json").read_text())["commit"] == user.tip()


def test_another_stack_is_set_before_the_build(user: User) -> None:
    """An app that has another stack gets the branch's."""
    app = user.has_deployed()
    app.stack = "heroku-24"
    user.change_app()
    user.deploy()
    assert app.stack == "container"


def test_a_stopped_app_is_started(user: User) -> None:
    """An app without a web process is not called live."""
    app = user.has_deployed()
    app.quantity, app.site.commit = 0, ""
    assert "and stopped: it was started" in user.deploy()
    assert (app.quantity, app.site.commit) == (1, user.tip())


def test_a_crashed_app_is_started_again(user: User) -> None:
    """What is deployed shall run."""
    app = user.has_deployed()
    app.state, app.site.commit = "crashed", ""
    assert "had crashed: it was started again" in user.deploy()
    assert (app.state, app.site.commit) == ("up", user.tip())


def test_what_was_rolled_back_is_gone_back_to(user: User) -> None:
    """After a rollback the app's main is still the branch's commit, but another one runs."""
    app = user.has_deployed()
    first = app.site.commit
    user.change_app()
    user.deploy()
    app.release("Rollback to v1", first)
    assert "was built already: v2 runs again" in user.deploy()
    assert app.site.commit == user.tip() != first


def test_app_names_one_app(user: User) -> None:
    """APP= is kept with the deployment, and later deploys find it there."""
    user.deploy("--app", "quite-another")
    assert list(user.api.apps) == ["quite-another"]
    assert "nothing to do" in user.deploy()


def test_a_prefix_names_the_app(user: User) -> None:
    """PREFIX= and the variant are the app's name."""
    user.deploy("--prefix", "mine")
    assert list(user.api.apps) == ["mine-v0-12-1"]


def test_several_are_deployed_though_one_fails(user: User) -> None:
    """VARIANT=all: a line and an address for each, the reason of the one that failed, exit code 1."""
    user.api.taken.add("uvicorn-issue-344-v0-12-0")
    done = user.verb("deploy", "--variant", "all")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert {"v0.11.8: up as v1", "v0.12.1: up as v1", "2 of 3 variants are up"} <= set(lines)
    assert any(line.startswith("v0.12.0: the app name uvicorn-issue-344-v0-12-0 is taken") for line in lines)
    assert lines[-1] == "error: 1 of 3 variants did not come up: v0.12.0"
    assert sorted(done.stdout.splitlines()) == sorted(app.web_url for app in user.api.apps.values())
    assert "Building" not in done.stderr

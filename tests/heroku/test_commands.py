"""What the other verbs do with TO=heroku: they run the CLI's own command for the variant's app, and print it first."""

import json
import os

import pytest

from tests.heroku.conftest import APP, User
from tests.heroku.platform_api import TIME


def test_logs_shows_the_apps_log(user: User) -> None:
    """The command goes to standard error, the log to standard output."""
    user.has_deployed().site.log.append("2026-11-22T15:04:06.000000+00:00 app[web.1]: hello")
    done = user.verb("logs", "--variant", "v0.12.1", "--lines", "5")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"$ heroku logs --app {APP} --num 5\n")
    assert "app[web.1]: hello" in done.stdout


def test_the_clis_exit_code_is_passed_on(user: User) -> None:
    """The log of an app that is not there is the CLI's own error."""
    done = user.verb("logs", "--variant", "v0.12.1")
    assert done.returncode == 2
    assert "Couldn't find that app" in done.stderr


def test_open_opens_the_app(user: User) -> None:
    """The CLI finds the address and the browser."""
    app = user.has_deployed()
    opened = user.home / "opened"
    program = user.home / "xdg-open"
    program.write_text(f'#!/bin/sh\necho "$1" >"{opened}"\n')
    program.chmod(0o755)
    done = user.verb("open", "--variant", "v0.12.1", BROWSER=str(program), PATH=f"{user.home}{os.pathsep}{user.path}")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"$ heroku apps:open --app {APP}\n")
    assert app.web_url in done.stdout


def test_rollback_goes_back(user: User) -> None:
    """What ran before runs again."""
    app = user.has_deployed()
    first = app.site.commit
    app.release("Deploy 12345678", "")
    done = user.verb("rollback", "--variant", "v0.12.1")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"$ heroku releases:rollback --app {APP}\n")
    assert app.site.commit == first


def test_destroy_with_the_name_destroys_the_app_and_forgets_it(user: User) -> None:
    """CONFIRM= is the CLI's own --confirm."""
    user.has_deployed()
    done = user.verb("destroy", "--variant", "v0.12.1", CONFIRM=APP)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"$ heroku apps:destroy --app {APP} --confirm {APP}\n")
    assert user.api.apps == {}
    assert not user.file("deployment.json").exists()


@pytest.mark.parametrize(
    ("confirm", "code", "message"), [("", 2, f"Confirm it: CONFIRM={APP}"), ("another", 1, "did not match")]
)
def test_destroy_without_the_name_destroys_nothing(user: User, confirm: str, code: int, message: str) -> None:
    """Nobody is there to be asked, and another name is refused by the CLI."""
    user.has_deployed()
    done = user.verb("destroy", "--variant", "v0.12.1", CONFIRM=confirm)
    assert done.returncode == code
    assert message in done.stderr
    assert APP in user.api.apps
    assert user.file("deployment.json").exists()


def test_ps_lists_the_deployed_variants(user: User) -> None:
    """JSON=1 has the same fields as on the local platform; an app that was changed since is of an unknown commit."""
    user.has_deployed("v0.11.8").quantity = 0
    user.has_deployed("v0.12.0").release("Deploy 12345678", "")
    app = user.has_deployed()
    rows = {row["variant"]: row for row in json.loads(user.verb("ps", "--json").stdout)}
    assert [row["state"] for row in rows.values()] == ["stopped", "up", "up"]
    assert (rows["v0.12.0"]["commit"], rows["v0.12.0"]["version"]) == ("", "v2")
    assert (rows["v0.12.1"]["commit"], rows["v0.12.1"]["address"]) == (user.tip(), app.web_url)
    text = user.verb("ps").stdout
    assert f"v0.12.1      up        {app.web_url}  v1 quart-uvicorn-v0.12.1 {user.tip()[:10]}" in text


@pytest.mark.parametrize("time", ["yesterday", "2026-11-22T15:04:06"], ids=["no time", "no zone"])
def test_a_time_that_is_none_is_one_line(user: User, time: str) -> None:
    """The file is named, and what to do."""
    user.has_deployed()
    kept = user.file("deployment.json")
    kept.write_text(kept.read_text().replace(TIME, time))
    done = user.verb("ps")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "variants/v0.12.1/deployment.json is wrong: " in done.stderr
    assert repr(time) in done.stderr
    assert "Deploy again, or remove it" in done.stderr


def test_down_stops_the_apps(user: User) -> None:
    """They stay, and a deploy would start them again."""
    app = user.has_deployed()
    done = user.verb("down")
    assert done.stdout.endswith("the apps are stopped\n")
    assert f"$ heroku ps:scale web=0 --app {APP}\n" in done.stderr
    assert app.quantity == 0


def test_down_stops_the_apps_behind_one_that_is_gone(user: User) -> None:
    """It was destroyed in Heroku's dashboard: the error names it, and says how it is forgotten."""
    gone, app = user.has_deployed("v0.11.8"), user.has_deployed()
    del user.api.apps[gone.name]
    done = user.verb("down")
    assert done.returncode == 1
    assert app.quantity == 0
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: 1 of 2 apps was not stopped: v0.11.8 ({gone.name}): heroku ended with code ")
    assert last.endswith("Where an app is gone, remove what is known of it: rm variants/v0.11.8/deployment.json")


def test_nothing_deployed_asks_nobody(user: User) -> None:
    """`ps` and `down` need no CLI then."""
    assert "nothing is deployed" in user.verb("ps", PATH="").stdout
    assert user.verb("down", PATH="").stdout == "nothing is deployed from this checkout\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["deploy", "--variant", "v0.12.1", "--app", "Not.A.Name"], "APP='Not.A.Name' is no name of an app"),
        (["deploy", "--variant", "v0.12.1", "--prefix", "-x"], "PREFIX='-x' cannot begin an app's name"),
        (["deploy", "--variant", "all", "--app", "a-name"], "APP names one app"),
        (["deploy", "--variant", "v0.12.1", "--port", "1"], "PORT is for TO=local, and this is TO=heroku"),
        (["deploy", "--variant", "v0.12.1", "--segment", "1"], "SEGMENT is for TO=local, and this is TO=heroku"),
        (["verify", "--shard", "1/2"], "SHARD is for TO=local, and this is TO=heroku"),
        (["verify", "--into", "x"], "INTO is for TO=local, and this is TO=heroku"),
        (["verify", "--variant", "v0.12.1"], "v0.12.1 is not deployed"),
        (["verify"], "no variant is deployed"),
    ],
    ids=" ".join,
)
def test_wrong_use_asks_heroku_nothing(user: User, args: list[str], message: str) -> None:
    """It is one line and exit code 2."""
    done = user.verb(*args)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert message in done.stderr
    assert user.api.requests == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["deploy", "--app", "x-y-z"], "APP is for TO=heroku, and this is TO=local"),
        (["deploy", "--prefix", "mine"], "PREFIX is for TO=heroku, and this is TO=local"),
        (["logs", "--app", "x-y-z"], "APP is for TO=heroku, and this is TO=local"),
        (["destroy", "--confirm", "x"], "CONFIRM is for TO=heroku, and this is TO=local"),
        (["destroy"], "destroy is for Heroku. End what runs here: make down"),
        (["rollback"], "rollback is for Heroku. Check out the commit before"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_only_heroku_knows_is_refused_on_this_machine(user: User, args: list[str], message: str) -> None:
    """By its name, in one line, with exit code 2."""
    done = user.clone.verb(*args, "--variant", "v0.12.1")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert message in done.stderr


def test_a_variable_is_refused_as_its_option_is(user: User) -> None:
    """So does make hand options on."""
    assert "PORT is for TO=local" in user.verb("deploy", VARIANT="v0.12.1", PORT="8345").stderr

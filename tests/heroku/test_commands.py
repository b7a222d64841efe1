"""TO=heroku on the command line, as its users type it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.heroku.fake import Fake
from tests.heroku.state import KEY, Fault
from tests.heroku.watch import Watched, watch
from tests.whole.conftest import Clone, clone_working_tree

VARIANTS = ("v0.11.8", "v0.12.0", "v0.12.1")
APP = "uvicorn-issue-344-v0-12-1"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Make a clone with three variants."""
    made = clone_working_tree(tmp_path_factory.mktemp("commands"))
    for folder in (made.root / "variants").iterdir():
        if folder.name not in VARIANTS:
            shutil.rmtree(folder)
        for name in ("deployment.json", "heroku.json"):
            (folder / name).unlink(missing_ok=True)
    return made


@pytest.fixture
def fake(clone: Clone) -> Iterator[Fake]:
    """Serve a Heroku which, in the end, has nothing to complain of; the clone forgets it."""
    server = Fake(clone.root)
    try:
        yield server
        assert server.complaints == []
    finally:
        server.close()
        for path in clone.root.glob("variants/*/*.json"):
            if path.name != "verdict.json":
                path.unlink()


@pytest.fixture
def user(clone: Clone, fake: Fake, tmp_path: Path) -> "User":
    """Return a user with a key and a home of their own."""
    home = tmp_path / "home"
    home.mkdir()
    return User(clone, home, fake.address)


class User:
    """Someone at the command line."""

    def __init__(self, clone: Clone, home: Path, address: str) -> None:
        """Have a clone, a home and a Heroku; git and the browser write down how they were called."""
        self.clone = clone
        self.home = home
        programs = home.parent / "programs"
        self.called = home.parent / "called"
        programs.mkdir()
        note = f'#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ >>"{self.called}"\n'
        for name, text in (
            ("git", f'exec "{shutil.which("git")}" "$@"\n'),
            ("browser", f'echo "$1" >"{home}/opened"\n'),
        ):
            (programs / name).write_text(note + text)
            (programs / name).chmod(0o755)
        variables = {"HOME": str(home), "HEROKU_API_KEY": KEY, "HEROKU_HOST": address, "NO_PROXY": "127.0.0.1"}
        programs_first = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "BROWSER": str(programs / "browser")}
        self.environment = os.environ | variables | programs_first

    def verb(self, *args: str, **variables: str) -> Watched:
        """Run a verb at Heroku, and watch its children."""
        command = [sys.executable, "-m", "scripts", *args, "--to", "heroku"]
        return watch(command, self.clone.root, self.environment | variables)

    def file(self, name: str) -> Path:
        """Return a file of the variant."""
        return self.clone.root / "variants/v0.12.1" / name


def test_the_story_of_an_app(user: User, fake: Fake) -> None:
    """Deploy, look, measure, change, go back, destroy: each does what it says."""
    first = user.verb("deploy", VARIANT="v0.12.1")
    assert first.code == 0, first.err
    address = fake.apps[APP].site.address
    assert first.out == f"{address}\n"
    assert fake.build_log in first.err
    assert json.loads(user.file("deployment.json").read_text())["web_url"] == address
    again = user.verb("deploy", "--variant", "v0.12.1")
    assert (again.code, again.out) == (0, f"{address}\n")
    assert "is live already: nothing to do" in again.err
    (row,) = json.loads(user.verb("ps", "--json").out)
    assert (row["app"], row["state"], row["address"], row["release"]) == (APP, "up", address, "v2")
    fake.apps[APP].site.failing = "H13"
    assert user.verb("verify", "--variant", "v0.12.1").out.startswith(
        "v0.12.1      Yes: 5 of 5 submissions failed (H13)"
    )
    assert user.verb("verify", "--variant", "v0.12.1", "--check").code == 0
    assert user.verb("logs", "--variant", "v0.12.1", "--lines", "3").out.count("code=H13") == 3
    assert user.verb("open", "--variant", "v0.12.1").out == f"{address}\n"
    assert (user.home / "opened").read_text() == f"{address}\n"
    assert user.verb("deploy", "--variant", "v0.12.1", "--force").code == 0
    assert "runs v2 again, as v4" in user.verb("rollback", "--variant", "v0.12.1").err
    refused = user.verb("destroy", "--variant", "v0.12.1", "--confirm", "another")
    assert refused.code == 2
    assert f"CONFIRM={APP}" in refused.err
    assert APP in fake.apps
    assert user.verb("destroy", "--variant", "v0.12.1", CONFIRM=APP).out == f"{APP} is destroyed\n"
    assert fake.apps == {}
    assert not user.file("deployment.json").exists()


def test_one_that_fails_does_not_stop_the_others(user: User, fake: Fake) -> None:
    """VARIANT=all: a line for each, a summary, exit code 1, and the others are up."""
    fake.broken_builds = {"uvicorn-issue-344-v0-12-0"}
    done = user.verb("deploy", "--variant", "all")
    assert done.code == 1
    assert "v0.11.8: up as v2" in done.err
    assert "v0.12.1: up as v2" in done.err
    assert "v0.12.0: the build of uvicorn-issue-344-v0-12-0 failed" in done.err
    assert "2 of 3 variants are up on Heroku" in done.err
    assert done.err.strip().endswith("error: 1 of 3 variants did not come up: v0.12.0")
    deployed = {path.parent.name for path in user.clone.root.glob("variants/*/deployment.json")}
    assert deployed == {"v0.11.8", "v0.12.1"}
    assert len(done.out.splitlines()) == 2


@pytest.mark.parametrize("verb", ["deploy", "ps", "logs", "rollback", "destroy"])
def test_without_a_key_that_is_said_at_once(user: User, fake: Fake, verb: str) -> None:
    """The line names both places and the local alternative; exit code 2, within half a second."""
    args = [] if verb == "ps" else ["--variant", "v0.12.1"]
    for _ in range(5):
        began = time.monotonic()
        done = user.verb(verb, *args, HEROKU_API_KEY="", CONFIRM=APP)
        took = time.monotonic() - began
        if took < 0.5:
            break  # one run is enough: the machine may have had other things to do in those before
    assert took < 0.5
    assert done.code == 2
    assert "HEROKU_API_KEY nor ~/.netrc" in done.err
    assert "make deploy VARIANT=" in done.err
    assert len(done.err.splitlines()) == 1
    assert fake.requests == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["deploy", "--variant", "v0.12.1", "--app", "Not.A.Name"], "APP='Not.A.Name' is no name of an app"),
        (["deploy", "--variant", "all", "--app", "a-name"], "APP names one app"),
        (["deploy", "--variant", "v0.12.1", "--port", "1"], "PORT and SEGMENT are for the local router"),
        (["open", "--variant", "v0.12.1"], "v0.12.1 is not deployed"),
        (["verify", "--variant", "v0.12.1"], "v0.12.1 is not deployed"),
        (["verify"], "no variant is deployed"),
        (["destroy", "--variant", "v0.12.1"], f"Confirm it: CONFIRM={APP}"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_asks_heroku_nothing(user: User, fake: Fake, args: list[str], message: str) -> None:
    """It is one line and exit code 2."""
    done = user.verb(*args)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert message in done.err
    assert fake.requests == []


@pytest.mark.parametrize("variant", ["v0.12.1", "all"])
def test_ctrl_c_ends_a_deploy_at_once(user: User, fake: Fake, variant: str) -> None:
    """In the middle of a build, whose log says nothing: code 130, and nothing is written."""
    fake.held = threading.Event()
    command = [sys.executable, "-m", "scripts", "deploy", "--variant", variant, "--to", "heroku"]
    with subprocess.Popen(
        command, cwd=user.clone.root, env=user.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as deploy:
        assert fake.reached.wait(30)
        deploy.send_signal(signal.SIGINT)
        _, said = deploy.communicate(timeout=10)
    fake.held.set()
    assert deploy.returncode == 130
    assert said.decode().endswith("interrupted\n")
    assert list(user.clone.root.glob("variants/*/*deployment.json*")) == []


@pytest.mark.parametrize("verb", ["rollback", "destroy"])
def test_what_only_heroku_can_do_is_refused_elsewhere(clone: Clone, verb: str) -> None:
    """The line says what to do on this machine."""
    done = clone.verb(verb, "--variant", "v0.12.1")
    assert done.returncode == 2
    assert "is for Heroku" in done.stderr


def test_the_key_is_nowhere_to_be_found(user: User, fake: Fake) -> None:
    """No command writes it, prints it, or hands it to a child, though Heroku itself repeats it."""
    fake.build_log += f"the key is {KEY}\n"
    fake.warning = f"mind {KEY}"
    runs = [user.verb("deploy", "--variant", "v0.12.1", "--force", DEBUG="1")]
    fake.apps[APP].log.append(f"2026-11-22T15:04:06+00:00 app[web.1]: the key is {KEY}")
    fake.apps[APP].site.failing = "H13"
    commands = (["ps"], *([verb, "--variant", "v0.12.1"] for verb in ("logs", "verify", "open", "rollback", "destroy")))
    runs += [user.verb(*command, DEBUG="1") for command in commands]
    for path, status, body in (("/apps/[^/]*", 401, f'{{"message": "{KEY}?"}}'), ("/sources", 422, f"<p>{KEY}</p>")):
        fake.faults.append(Fault("GET" if status == 401 else "POST", path, status, body, {"Retry-After": KEY}))
        runs.append(user.verb("deploy", "--variant", "v0.12.1", "--force", DEBUG="1"))
        assert runs[-1].code == 1
    fake.broken_builds = {APP}
    runs.append(user.verb("deploy", "--variant", "all", "--force", DEBUG="1"))
    runs.append(user.verb("destroy", "--variant", "v0.12.1", CONFIRM=APP, DEBUG="1"))
    assert [run.code for run in runs] == [0, 0, 0, 0, 0, 1, 2, 1, 1, 1, 0]
    assert all("Traceback" in run.err for run in runs if run.code)
    assert "the key is [key]" in runs[0].err
    for run in runs:
        assert KEY not in run.out + run.err + run.children
    called = user.called.read_text()
    assert "cat-file" in called
    assert "/browser" in called
    assert KEY not in called
    written = [path for below in (user.clone.root, user.home) for path in below.rglob("*") if path.is_file()]
    assert user.file("heroku.json") in written
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []

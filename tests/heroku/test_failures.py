"""What can go wrong with a deploy to Heroku: each time one line, the right exit code, and nothing half done."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.heroku.conftest import APP, User
from tests.heroku.platform_api import KEY
from tests.heroku.remote import FAILED, STALLED
from tests.platforms.stage import until


def error_of(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the one line that says what failed."""
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("error: "))
    return line


@pytest.mark.parametrize(
    ("script", "cut", "last"),
    [(FAILED, False, "No matching distribution"), (STALLED, True, "the remote end hung up")],
    ids=["fails", "is cut off"],
)
def test_a_failing_build_leaves_what_ran(user: User, script: str, cut: bool, last: str) -> None:
    """A build that fails, and one that is cut off, end with code 1 and the log's last lines; the old commit runs on."""
    app = user.has_deployed()
    before, kept = app.site.commit, user.file("deployment.json").read_text()
    user.api.remote.build(APP, script)
    user.api.remote.cutting = cut
    user.change_app()
    done = user.verb("deploy", "--variant", "v0.12.1")
    assert done.returncode == 1
    assert error_of(done).startswith(f"error: the build of {APP} failed")
    assert last in done.stderr.partition("pushing")[2]
    assert app.site.commit == user.api.remote.main(APP) == before
    assert user.file("deployment.json").read_text() == kept


@pytest.mark.parametrize("variant", ["v0.12.1", "all"])
def test_ctrl_c_ends_a_stalled_build(user: User, variant: str) -> None:
    """Code 130, no child that goes on, and nothing is written."""
    for name in ("v0-11-8", "v0-12-0", "v0-12-1"):
        app = f"uvicorn-issue-344-{name}"
        user.api.create(app)
        user.api.remote.build(app, STALLED)
    command = user.command("deploy", "--variant", variant)
    with subprocess.Popen(
        command, cwd=user.clone.root, env=user.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as deploy:
        assert user.api.remote.reached.wait(60)
        deploy.send_signal(signal.SIGINT)
        _, said = deploy.communicate(timeout=20)
    assert deploy.returncode == 130
    assert said.decode().endswith("interrupted\n")
    until(lambda: not pushes_of(user))
    assert list(user.clone.root.glob("variants/*/*deployment.json*")) == []


def pushes_of(user: User) -> list[str]:
    """Return the command lines of the processes that still speak to the user's git remote."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode().split("\0")
        except OSError:  # it ended meanwhile
            continue
        if any(user.api.remote.host in word for word in words):
            found.append(" ".join(words))
    return found


def test_an_app_that_crashes_is_not_called_up(user: User) -> None:
    """The line says how to go back, and the app's log is shown."""
    user.api.crashing = True
    user.api.create(APP).site.log.append("2026-11-22T15:04:06.000000+00:00 app[web.1]: no module named app")
    done = user.verb("deploy", "--variant", "v0.12.1")
    assert done.returncode == 1
    assert "does not answer as v0.12.1: web.1 is crashed" in error_of(done)
    assert "make rollback VARIANT=v0.12.1 TO=heroku" in error_of(done)
    assert "no module named app" in done.stderr
    assert not user.file("deployment.json").exists()


def test_a_name_that_is_somebody_elses_is_said(user: User) -> None:
    """The line names both ways around it."""
    user.api.taken.add(APP)
    done = user.verb("deploy", "--variant", "v0.12.1")
    assert done.returncode == 1
    assert f"the app name {APP} is taken" in error_of(done)
    assert "PREFIX=my-own" in error_of(done)


def test_another_history_is_not_overwritten(user: User) -> None:
    """What the branch does not go on from stays the app's main."""
    user.has_deployed()
    there = user.api.remote.folder / f"{APP}.git"
    identity = ["-c", "user.name=It", "-c", "user.email=it@example.invalid"]
    tree = subprocess.check_output(["git", "rev-parse", "main^{tree}"], cwd=there, text=True).strip()
    command = ["git", *identity, "commit-tree", "-m", "Of somebody else", tree]
    other = subprocess.check_output(command, cwd=there, text=True).strip()
    subprocess.run(["git", "update-ref", "refs/heads/main", other], cwd=there, check=True)
    done = user.verb("deploy", "--variant", "v0.12.1")
    assert done.returncode == 1
    assert "has another history, and nothing is forced" in error_of(done)
    assert user.api.remote.main(APP) == other


def test_without_the_cli_the_line_says_what_does_without_it(user: User) -> None:
    """How to get it, the local platform, and the button; exit code 2."""
    path = os.pathsep.join(
        folder for folder in user.environment["PATH"].split(os.pathsep) if not Path(folder, "heroku").exists()
    )
    done = user.verb("deploy", "--variant", "v0.12.1", PATH=path)
    assert done.returncode == 2
    for word in ("https://devcenter.heroku.com/articles/heroku-cli", "local platform", "button"):
        assert word in error_of(done)


def test_who_is_not_logged_in_is_told_so(user: User) -> None:
    """The CLI would ask for a key on a terminal; this rule stands on its words for it."""
    done = user.verb("deploy", "--variant", "v0.12.1", HEROKU_API_KEY="")
    assert done.returncode == 2
    assert "nobody is logged in at Heroku. Log in: heroku login" in error_of(done)


def test_a_wrong_key_is_said_in_the_clis_words(user: User) -> None:
    """And the key itself is in none of them."""
    done = user.verb("deploy", "--variant", "v0.12.1", HEROKU_API_KEY="another-key")
    assert done.returncode == 1
    assert "nvalid" in error_of(done)
    assert "another-key" not in done.stderr


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://a b/", "ftp://example.invalid/", "nothing"])
def test_an_address_that_is_none_is_not_printed_as_one(user: User, address: str) -> None:
    """A link leads to http or https only, and nothing is pushed."""
    user.api.create(APP).web_url = address
    done = user.verb("deploy", "--variant", "v0.12.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the app's address is none" in error_of(done)
    assert user.api.remote.main(APP) == ""


def test_the_key_is_nowhere_to_be_found(user: User) -> None:
    """No command writes it, prints it, or has it on a command line, not even with DEBUG=1."""
    seen = user.home.parent / "seen"
    programs = user.home.parent / "programs"
    programs.mkdir()
    for name in ("git", "heroku"):
        real = subprocess.check_output(["which", name], env=user.environment, text=True).strip()
        (programs / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>"{seen}"\nexec "{real}" "$@"\n')
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{user.environment['PATH']}"
    done = user.verb("deploy", "--variant", "v0.12.1", PATH=path, DEBUG="1")
    assert done.returncode == 0, done.stderr
    assert "git push" in seen.read_text()
    assert "heroku git:credentials get" in seen.read_text()
    written = [file for below in (user.clone.root, user.home) for file in below.rglob("*") if file.is_file()]
    assert KEY not in done.stdout + done.stderr + seen.read_text()
    assert [file for file in written if KEY.encode() in file.read_bytes()] == []


def test_the_tooling_names_no_key_but_to_keep_it_from_children() -> None:
    """scripts/process.py clears it from all children but the CLI and the git that asks it; no other file knows it."""
    scripts = Path(sys.modules["scripts"].__path__[0])
    found = [
        file.relative_to(scripts).as_posix()
        for file in scripts.rglob("*.py")
        if any(word in file.read_text().lower() for word in ("heroku_api_key", "netrc"))
    ]
    assert found == ["process.py"]

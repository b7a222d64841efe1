"""Dynos as real processes: how they boot, what becomes of what they print, and that they end."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from scripts.errors import Failure
from scripts.platforms.local.boot import BootFailed, running
from scripts.platforms.local.dyno import LONGEST_LINE, hold_port, web_command
from scripts.platforms.local.messages import CODE
from scripts.platforms.local.slug import Slug
from tests.platforms.stage import is_alive, plant_slug, processes_below, until

VARIANT = "v0.12.1"


def planted(tmp_path: Path, options: str = "") -> Slug:
    """Return a slug of the fake app below a path with spaces."""
    return plant_slug(tmp_path / "some slugs", "a" * 40, variant=VARIANT, options=options)


def ignore(_: str) -> None:
    """Take a line and do nothing."""


def test_a_running_dyno_answers_and_has_ended_after_the_block(tmp_path: Path) -> None:
    """A caller without an event loop holds it with a plain `with`."""
    slug = planted(tmp_path)
    with running(slug, VARIANT, log=ignore) as (host, port):
        assert host == "127.0.0.1"
        assert httpx.get(f"http://{host}:{port}/", trust_env=False).text == slug.tree
    assert processes_below(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_dyno_ends_when_its_block_is_left_by_an_error(tmp_path: Path, error: type[BaseException]) -> None:
    """Whatever the error is, it goes on, and nothing is left."""
    with pytest.raises(error), running(planted(tmp_path), VARIANT, log=ignore):
        raise error
    assert processes_below(tmp_path) == []


def test_a_dyno_ends_with_the_processes_that_it_started(tmp_path: Path) -> None:
    """The whole process group is ended."""
    slug = planted(tmp_path, "parent")
    with running(slug, VARIANT, log=ignore):
        child = int((slug.folder / "child").read_text())
        assert is_alive(child)
    assert not is_alive(child)


def test_a_dyno_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    """Nothing can stay by refusing."""
    with running(planted(tmp_path, "stubborn"), VARIANT, log=ignore, grace=0.1):
        pass
    assert processes_below(tmp_path) == []


def test_a_dyno_ends_when_the_process_that_holds_it_is_killed(tmp_path: Path) -> None:
    """SIGKILL leaves no time to end anything, and nothing is left all the same, children included."""
    slug = planted(tmp_path, "parent")
    program = """
import sys
from pathlib import Path
from scripts.platforms.local.boot import running
from scripts.platforms.local.slug import Slug
with running(Slug("a" * 40, Path(sys.argv[1])), sys.argv[2], log=lambda _: None):
    print("up", flush=True)
    sys.stdin.read()
"""
    command = [sys.executable, "-c", program, str(slug.folder), VARIANT]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=CODE.parent, stdin=pipe, stdout=pipe) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"up\n"
        child = int((slug.folder / "child").read_text())
        assert processes_below(tmp_path)
        owner.kill()
    until(lambda: not processes_below(tmp_path))
    until(lambda: not is_alive(child))


def test_a_dyno_whose_keeper_is_killed_ends_too(tmp_path: Path) -> None:
    """The owner notices, and does what the keeper cannot any more."""
    slug = planted(tmp_path)
    with running(slug, VARIANT, log=ignore):
        keepers = [pid for pid in processes_below(tmp_path) if "keeper" in Path(f"/proc/{pid}/cmdline").read_text()]
        assert len(keepers) == 1
        os.kill(keepers[0], signal.SIGKILL)
        until(lambda: not processes_below(tmp_path))


def test_a_dyno_that_ends_at_boot_is_shown_with_its_status_and_last_words(tmp_path: Path) -> None:
    """It is noticed by the end of the process, not by waiting."""
    with (
        pytest.raises(BootFailed, match="status 4") as caught,
        running(planted(tmp_path, "broken"), VARIANT, log=ignore),
    ):
        pass
    assert caught.value.lines == ("no app to be found",)


def test_a_dyno_that_does_not_answer_in_time_is_given_up_and_ended(tmp_path: Path) -> None:
    """The limit is Heroku's by default."""
    late = planted(tmp_path, "late")
    with (
        pytest.raises(BootFailed, match=r"did not answer within 0\.2 seconds"),
        running(late, VARIANT, log=ignore, limit=0.2),
    ):
        pass
    assert processes_below(tmp_path) == []


def test_a_dyno_that_answers_as_another_variant_is_given_up(tmp_path: Path) -> None:
    """Something answers, but not what was asked for."""
    with pytest.raises(BootFailed, match=f"answers as {VARIANT}"), running(planted(tmp_path), "patched", log=ignore):
        pass


def test_what_a_dyno_prints_arrives_line_by_line(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are replaced, and what is longer than any line should be is broken up."""
    lines: list[str] = []
    with running(planted(tmp_path, "noisy"), VARIANT, log=lines.append):
        pass
    assert lines[0] == "\ufffd\ufffd"
    end = lines.index("last words")
    assert "".join(lines[1:end]) == "x" * 100_000
    assert max(map(len, lines)) <= LONGEST_LINE


def test_a_held_port_is_free_for_a_server_alone() -> None:
    """Until the dyno listens there, nobody gets the port by chance; the dyno does, by asking for it as servers do."""
    with hold_port() as held:
        address = held.getsockname()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(address)
        with socket.create_server(address), socket.create_connection(address):
            pass


def test_the_environment_is_minimal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key or token of whoever runs a dyno gets into it."""
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    slug = planted(tmp_path)
    with running(slug, VARIANT, log=ignore) as (host, port):
        got = json.loads(httpx.get(f"http://{host}:{port}/environ", trust_env=False).text)
    assert "secret" not in got.values()
    assert (got["DYNO"], got["PORT"], got["BIND_HOST"], got["HOME"]) == ("web.1", str(port), host, str(slug.folder))


@pytest.mark.parametrize(
    ("procfile", "said"),
    [
        ("worker: python app.py\n", "is wrong: 'worker"),
        ("web: one\nweb: two\n", "is wrong"),
        ("web: one\nworker: two\n", "is wrong"),
        ("web: \n", "is wrong"),
        ("web: one", "is wrong"),
        (" web: one\n", "is wrong"),
        ("web: one\r\nworker: two\n", "is wrong"),
        ("", "is wrong: ''"),
        ("web: \udcff\n", "cannot be read"),
    ],
)
def test_a_procfile_that_is_not_one_web_line_is_refused(tmp_path: Path, procfile: str, said: str) -> None:
    """There is nothing to start, or no saying what; the line says what to do."""
    slug = planted(tmp_path)
    (slug.folder / "Procfile").write_bytes(procfile.encode("utf-8", "surrogateescape"))
    with pytest.raises(Failure, match=said):
        web_command(slug)

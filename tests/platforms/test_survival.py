"""What may happen to the local platform without its ending, and what is told and mended where it did end."""

import logging
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from scripts.errors import Failure
from scripts.matrix import load
from scripts.platforms.local import client
from scripts.platforms.local.local import LocalPlatform
from scripts.platforms.local.messages import CODE, Listed, SetSegment
from scripts.platforms.local.places import Places
from tests.platforms.stage import Stage, is_alive, processes_below, until

PROGRAM = """
import resource, sys
from pathlib import Path
from tests.platforms.stage import Stage
from scripts.branches.generate import BranchChange
from scripts.matrix import load
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[3]), int(sys.argv[4])))
stage = Stage(Path(sys.argv[1]), load(Path(sys.argv[2])).one("v0.12.1"))
stage.deploy(BranchChange(stage.variant, "created", commit="f" * 40, tree="a" * 40))
"""


@pytest.fixture
def other(stage: Stage) -> Stage:
    """Return a stage of another variant in the same checkout."""
    return Stage(stage.root, load(CODE.parent).one("v0.12.3"))


def deploy_with(stage: Stage, soft: int, hard: int) -> None:
    """Deploy from a process that may open that many files."""
    stage.slug("a")
    command = [sys.executable, "-c", PROGRAM, str(stage.root), str(CODE.parent), str(soft), str(hard)]
    subprocess.run(command, cwd=CODE.parent, check=True)


def kill(stage: Stage) -> None:
    """Kill the supervisor, and wait until its dynos have ended."""
    os.kill(stage.state().pid, signal.SIGKILL)
    until(lambda: not processes_below(stage.root))


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Let a process stand still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if is_alive(pid):
            os.kill(pid, signal.SIGCONT)


def keeper_of(stage: Stage) -> int:
    """Return the one dyno's keeper."""
    (pid,) = (
        pid for pid in processes_below(stage.root) if "keeper.py" in Path(f"/proc/{pid}/cmdline").read_text("latin-1")
    )
    return pid


def test_more_idle_clients_than_file_descriptors_end_nothing(stage: Stage) -> None:
    """The supervisor looks after itself twice without any, and everything serves on."""
    deploy_with(stage, 96, 96)
    pids = stage.state().pid, stage.row().pid
    places = Places(stage.root)
    with ExitStack() as clients:
        for _ in range(150):
            clients.enter_context(socket.create_connection(("127.0.0.1", stage.state().port)))
        for _ in range(2):
            before = places.lock.stat().st_mtime_ns
            until(lambda: places.lock.stat().st_mtime_ns != before)  # noqa: B023 - it is called in this round
    assert stage.get().text == "a" * 40
    assert (stage.state().pid, stage.row().pid) == pids
    places.output.write_text("")  # that there were none is told there, and no other complaint


def test_a_supervisor_takes_all_the_file_descriptors_that_it_may(stage: Stage) -> None:
    """A shell's soft limit is no reason to refuse clients."""
    hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 2000)
    deploy_with(stage, 100, hard)
    assert resource.prlimit(stage.state().pid, resource.RLIMIT_NOFILE) == (hard, hard)


@pytest.mark.parametrize(
    ("number", "why"),
    [(signal.SIGKILL, "it was killed, or the machine was restarted"), (signal.SIGTERM, "it got SIGTERM")],
)
def test_the_next_command_tells_that_the_platform_has_ended(
    stage: Stage, caplog: pytest.LogCaptureFixture, number: signal.Signals, why: str
) -> None:
    """It says when and why, and lists what is missing."""
    stage.deploy(stage.slug("a"))
    os.kill(stage.state().pid, number)
    until(lambda: not processes_below(stage.root))
    with caplog.at_level(logging.WARNING):
        row = stage.row()
    assert (row.variant, row.state, row.tree, row.address) == (stage.variant.name, "missing", "a" * 40, "")
    assert "the local platform ended at 20" in caplog.text
    assert why in caplog.text


def test_a_deploy_brings_back_what_was_lost(stage: Stage, other: Stage) -> None:
    """On the port that it had, and with its segments."""
    change = stage.slug("a")
    stage.deploy(change, segment_bytes=700)
    other.deploy(other.slug("b"), segment_bytes=700)
    port = stage.state().port
    kill(stage)
    assert "SEGMENT=700, as before" in stage.deploy(change, port=None).note
    rows = stage.platform.deployments()
    assert [(row.variant, row.state, row.segment_bytes) for row in rows] == [
        ("v0.12.1", "up", 700),
        ("v0.12.3", "up", 700),
    ]
    assert stage.state().port == port
    answer = httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": other.variant.host}, trust_env=False)
    assert answer.text == "b" * 40


def test_a_deploy_brings_back_the_kind_of_router(stage: Stage, other: Stage) -> None:
    """It is the kind that held at the end, unless another one is named; the deploy says so."""
    change = stage.slug("a")
    other.deploy(other.slug("b"))
    stage.deploy(change, router="router-2")
    kill(stage)
    assert stage.deploy(change, port=None).note == "up; its router takes ROUTER=router-2, as before it ended"
    assert stage.get().headers["via"] == "1.1 heroku-router"
    kill(stage)
    assert "ROUTER=legacy, no longer router-2" in stage.deploy(change, port=None, router="legacy").note
    assert stage.get().headers["via"] == "1.1 vegur"


def test_a_deploy_in_a_checkout_that_was_moved_brings_back_what_was_lost(stage: Stage, other: Stage) -> None:
    """From where the slugs are now."""
    stage.deploy(stage.slug("a"))
    other.deploy(other.slug("b"))
    kill(stage)
    place = stage.root.with_name("another place")
    moved = Stage(stage.root.rename(place), stage.variant)
    try:
        moved.deploy(moved.slug("c"))
        assert [row.state for row in moved.platform.deployments()] == ["up", "up"]
    finally:
        moved.platform.down()
    assert processes_below(place) == []


def test_a_segment_size_that_was_set_outlives_the_supervisor(stage: Stage) -> None:
    """It is set without a deploy, as the live page does; one that cannot be is refused."""
    change = stage.slug("a")
    stage.deploy(change)
    found = client.connect(Places(stage.root))
    assert found
    with found[1] as connection:
        assert client.ask(connection, SetSegment(700), Listed).segment_bytes == 700
    assert stage.row().segment_bytes == 700
    found = client.connect(Places(stage.root))
    assert found
    with found[1] as connection, pytest.raises(Failure, match="do not understand each other"):
        client.ask(connection, SetSegment(-1), Listed)
    kill(stage)
    assert "SEGMENT=700, as before" in stage.deploy(change, port=None).note


def test_what_cannot_be_brought_back_stays_missing(
    stage: Stage, other: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The deploy goes on, and says which one and why."""
    stage.deploy(stage.slug("a"))
    other.deploy(other.slug("b"))
    kill(stage)
    (other.folder("b") / "app.py").unlink()
    stage.deploy(stage.slug("c"))
    assert [row.state for row in stage.platform.deployments()] == ["up", "missing"]
    assert "v0.12.3 could not be brought back" in caplog.text


def test_a_failed_deploy_forgets_nothing_that_was_lost(stage: Stage) -> None:
    """It ends the supervisor that it started, and what is missing is missing still."""
    stage.deploy(stage.slug("a"))
    kill(stage)
    with pytest.raises(Failure, match="did not boot"):
        stage.deploy(stage.slug("b", options="broken"))
    until(lambda: not processes_below(stage.root))
    assert (stage.row().state, stage.row().tree) == ("missing", "a" * 40)


def test_down_forgets_what_was_lost(stage: Stage) -> None:
    """Nothing is missing that was ended on purpose."""
    stage.deploy(stage.slug("a"))
    kill(stage)
    assert not stage.platform.down()
    assert stage.platform.deployments() == []


def test_a_platform_without_its_socket_is_found_by_its_lock(stage: Stage) -> None:
    """`ps` and `deploy` say so, and `down` ends it."""
    change = stage.slug("a")
    stage.deploy(change)
    Path(stage.state().socket).unlink()
    with pytest.raises(Failure, match=f"process {stage.state().pid} is gone.*make down"):
        stage.platform.deployments()
    with pytest.raises(Failure, match="make down"):
        stage.deploy(change)
    assert stage.platform.down()
    assert processes_below(stage.root) == []


def test_a_platform_that_stands_still_is_told_and_ended(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command waits for it for ever."""
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    stage.deploy(stage.slug("a"))
    with stopped(stage.state().pid):
        with pytest.raises(Failure, match=r"does not answer.*make down"):
            stage.platform.deployments()
        assert stage.platform.down()
    until(lambda: not processes_below(stage.root))


def test_a_keeper_that_stands_still_does_not_hold_up_down(stage: Stage) -> None:
    """It goes on when its owner lets go."""
    stage.deploy(stage.slug("a"))
    os.kill(keeper_of(stage), signal.SIGSTOP)
    assert stage.platform.down()
    assert processes_below(stage.root) == []


def test_a_dyno_ends_when_keeper_and_supervisor_are_killed(stage: Stage) -> None:
    """Nobody is left who could end it."""
    stage.deploy(stage.slug("a"))
    dyno, keeper = stage.row().pid, keeper_of(stage)
    assert dyno
    os.kill(stage.state().pid, signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    os.kill(stage.state().pid, signal.SIGKILL)
    until(lambda: not is_alive(dyno))


def test_a_dyno_that_stands_still_is_replaced_by_a_deploy_of_its_tree(stage: Stage) -> None:
    """What does not answer does not run."""
    change = stage.slug("a")
    stage.deploy(change)
    old = stage.row().pid
    assert old
    with stopped(old):
        assert not stage.deploy(change).note
        assert stage.row().pid != old
        until(lambda: not is_alive(old))


def test_a_log_that_cannot_be_written_holds_up_nothing(stage: Stage) -> None:
    """The disk is full: the deploy says so, and serves."""
    log = Places(stage.root).logs / f"{stage.variant.app}.log"
    log.parent.mkdir(parents=True)
    log.symlink_to("/dev/full")
    assert stage.deploy(stage.slug("a")).note == "up; its log cannot be written: No space left on device"
    assert stage.get().text == "a" * 40
    log.unlink()


def test_a_plain_deploy_sets_the_default_segment_size_again(stage: Stage) -> None:
    """It says so, and `make ps` shows what is in force."""
    change = stage.slug("a")
    stage.deploy(change, segment_bytes=0)
    assert stage.row().segment_bytes == 0
    assert stage.deploy(change).note == "runs already; its router takes SEGMENT=1460, no longer 0"
    assert stage.row().segment_bytes == 1460


@pytest.mark.parametrize("name", ["a:b", "$HOME `id` 'q\"", "new\nline", "-x", "ünï"])
def test_a_checkout_may_have_an_odd_path(tmp_path: Path, name: str) -> None:
    """It simply works."""
    odd = Stage(tmp_path / name, load(CODE.parent).one("v0.12.1"))
    odd.root.mkdir()
    try:
        odd.deploy(odd.slug("a"))
        assert odd.get().text == "a" * 40
    finally:
        LocalPlatform(odd.root).down()
    assert processes_below(odd.root) == []


def test_a_long_temporary_folder_and_no_home_are_no_hindrance(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a socket is short on every system; HOME may be unset in a cron job."""
    long = stage.root / ("long" * 30)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    monkeypatch.delenv("HOME", raising=False)
    stage.deploy(stage.slug("a"))
    assert stage.get().text == "a" * 40


@pytest.mark.parametrize(
    "name", [".", "supervisor.json", "running.json", "supervisor.turn", "supervisor.lock", "slugs"]
)
def test_what_is_of_the_wrong_kind_is_one_line(stage: Stage, name: str) -> None:
    """A file where a folder should be, or a folder where a file should be: it is named."""
    place = stage.root / ".local" / name
    change = stage.slug("a")
    if name in {".", "slugs"}:
        shutil.rmtree(place)
        place.write_text("")
    else:
        place.mkdir()
    try:
        with pytest.raises(Failure, match=place.name):
            stage.deploy(change)
    finally:
        place.rmdir() if place.is_dir() else place.unlink()

"""Deploys of real processes through the real supervisor and router."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from scripts.errors import Failure, WrongUse
from scripts.platforms.local.messages import CODE
from scripts.platforms.local.places import Places
from tests.platforms.stage import Stage, is_alive, processes_below, until


def test_a_deploy_serves_the_tree_at_the_address_that_it_names(stage: Stage) -> None:
    """The first deploy starts all there is, and the app answers below its own host name."""
    deployed = stage.deploy(stage.slug("a"))
    assert not deployed.note
    assert deployed.deployment.address.startswith(f"http://{stage.variant.host}:")
    assert stage.get().text == "a" * 40


def test_a_deployment_is_listed_with_what_it_came_from(stage: Stage) -> None:
    """`make ps` says which tree of which branch runs where."""
    deployed = stage.deploy(stage.slug("a"))
    row = stage.row()
    assert (row.variant, row.state, row.branch) == (stage.variant.name, "up", stage.variant.branch)
    assert (row.commit, row.tree, row.address) == ("f" * 40, "a" * 40, deployed.deployment.address)
    assert row.pid
    assert is_alive(row.pid)


def test_a_deployment_says_where_its_dyno_listens_itself(stage: Stage) -> None:
    """That is where a probe belongs."""
    stage.deploy(stage.slug("a"))
    assert httpx.get(stage.row().dyno, trust_env=False).text == "a" * 40


def test_a_checkout_without_the_live_page_has_none(stage: Stage) -> None:
    """What is deployed is served all the same, and an unknown host gets the router's own page."""
    assert stage.deploy(stage.slug("a")).home == ""
    answer = httpx.get(f"{stage.base}/", headers={"Host": "localhost"}, trust_env=False)
    assert (answer.status_code, "No such app" in answer.text) == (404, True)


def test_a_deploy_of_the_tree_that_is_up_does_nothing(stage: Stage) -> None:
    """The process of the first deploy serves on."""
    change = stage.slug("a")
    stage.deploy(change)
    before = stage.row()
    assert stage.deploy(change).note
    assert stage.row() == before


def test_a_deploy_of_another_tree_takes_the_route_over_and_ends_the_old_dyno(stage: Stage) -> None:
    """There is one deployment of a variant: the last one."""
    stage.deploy(stage.slug("a"))
    old = stage.row().pid
    assert old
    stage.deploy(stage.slug("b"))
    assert stage.get().text == "b" * 40
    until(lambda: not is_alive(old))


def test_a_request_in_flight_is_answered_by_the_old_dyno_after_a_deploy(stage: Stage) -> None:
    """The old dyno is ended when its last request is answered, not before."""
    stage.deploy(stage.slug("a"))
    old = stage.row().pid
    assert old
    with ThreadPoolExecutor() as threads:
        held = threads.submit(stage.get, "/held")
        until((stage.folder("a") / "is-held").exists)
        stage.deploy(stage.slug("b"))
        assert stage.get().text == "b" * 40
        assert is_alive(old)
        (stage.folder("a") / "let-go").touch()
        assert held.result().text == "a" * 40
    until(lambda: not is_alive(old))


def test_no_request_fails_while_deployments_change(stage: Stage) -> None:
    """Requests that come all the time during a deploy all get an answer, of the old tree or the new one."""
    stage.deploy(stage.slug("a"))
    over = threading.Event()

    def ask() -> set[tuple[int, str]]:
        answers = set()
        while not over.is_set():
            answer = stage.get()
            answers.add((answer.status_code, answer.text))
        return answers

    with ThreadPoolExecutor() as threads:
        asked = threads.submit(ask)
        stage.deploy(stage.slug("b"))
        until(lambda: stage.get().text == "b" * 40)
        over.set()
        assert asked.result() <= {(200, "a" * 40), (200, "b" * 40)}


def test_a_failed_boot_leaves_the_old_deployment_serving(stage: Stage) -> None:
    """The error has the last words of the dyno that failed."""
    stage.deploy(stage.slug("a"))
    before = stage.row()
    with pytest.raises(Failure, match="did not boot: its web process ended with status 4") as caught:
        stage.deploy(stage.slug("b", options="broken"))
    assert caught.value.lines == ("no app to be found",)
    assert stage.row() == before
    assert stage.get().text == "a" * 40


def test_a_first_deploy_that_fails_leaves_nothing_running(stage: Stage) -> None:
    """Not even the supervisor and its port."""
    with pytest.raises(Failure, match="did not boot"):
        stage.deploy(stage.slug("a", options="broken"))
    until(lambda: not processes_below(stage.root))
    assert stage.platform.deployments() == []


def test_an_app_that_says_that_it_is_another_variant_is_not_routed_to(stage: Stage) -> None:
    """What answers on the dyno's port must be what was asked for."""
    with pytest.raises(Failure, match="answers as patched"):
        stage.deploy(stage.slug("a", variant="patched"))


def crash(stage: Stage) -> None:
    """Let the dyno crash twice: after the first time it is started again at once."""
    for state in ("up", "crashed"):
        pid, restarts = stage.row().pid, stage.row().restarts
        assert pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: stage.row().pid != pid)  # noqa: B023 - it is called in this round
        until(lambda: stage.row().state == state)  # noqa: B023
        assert stage.row().restarts == restarts + (state == "up")


def test_a_crashed_dyno_is_started_again_and_then_answered_for_with_h10(stage: Stage) -> None:
    """The end of a process is noticed by itself; after the second one, there is a pause."""
    stage.deploy(stage.slug("a"))
    crash(stage)
    assert stage.row().pid is None
    answer = stage.get()
    assert (answer.status_code, "H10" in answer.text) == (503, True)
    assert "Process exited with status 137" in stage.log()
    until(lambda: "code=H10" in stage.log())


def test_a_crashed_deployment_is_booted_again_by_a_deploy_of_the_same_tree(stage: Stage) -> None:
    """An unchanged tree is left alone only while it is up."""
    change = stage.slug("a")
    stage.deploy(change)
    crash(stage)
    assert not stage.deploy(change).note
    assert stage.get().text == "a" * 40


def test_a_request_waits_for_the_first_boot(stage: Stage) -> None:
    """While the first dyno boots, requests for its host are queued, not refused."""
    change = stage.slug("a", options="late")
    with ThreadPoolExecutor() as threads:
        deployed = threads.submit(stage.deploy, change)
        until(stage.platform.deployments)
        assert stage.row().state == "starting"
        asked = threads.submit(stage.get)
        until(lambda: stage.row().pid)
        assert not asked.done()
        (stage.folder("a") / "may-open").touch()
        assert asked.result().text == "a" * 40
        assert not deployed.result().note


def test_two_first_deploys_at_once_share_one_supervisor(stage: Stage) -> None:
    """Whoever comes first starts it; both get what they asked for."""
    changes = [stage.slug("a"), stage.slug("b")]
    with ThreadPoolExecutor() as threads:
        done = list(threads.map(stage.deploy, changes))
    assert len({each.deployment.address for each in done}) == 1
    assert [each.note for each in done] == ["", ""]
    assert stage.row().tree in {change.tree for change in changes}


def test_down_ends_every_process(stage: Stage) -> None:
    """When it returns, nothing is left of the platform, and the second time there is nothing to end."""
    stage.deploy(stage.slug("a", options="parent"))
    child = int((stage.folder("a") / "child").read_text())
    assert stage.platform.down()
    assert processes_below(stage.root) == []
    assert not is_alive(child)
    assert stage.platform.deployments() == []
    assert not stage.platform.down()


def test_down_during_a_boot_ends_the_booting_dyno_and_its_deploy(stage: Stage) -> None:
    """The deploy says that it was interrupted."""
    change = stage.slug("a", options="late")
    with ThreadPoolExecutor() as threads:
        deployed = threads.submit(stage.deploy, change)
        until(stage.platform.deployments)
        assert stage.platform.down()
        with pytest.raises(Failure, match="interrupted"):
            deployed.result()
    assert processes_below(stage.root) == []


def test_an_interrupted_deploy_leaves_no_dyno(stage: Stage) -> None:
    """Ctrl-C reaches the whole foreground process group; when the command ends, what it started has ended."""
    stage.slug("a", options="late")
    program = """
import sys
from pathlib import Path
from tests.platforms.stage import Stage
from scripts.branches.generate import BranchChange
from scripts.matrix import load
stage = Stage(Path(sys.argv[1]), load(Path(sys.argv[2])).one("v0.12.1"))
stage.deploy(BranchChange(stage.variant, "created", commit="f" * 40, tree="a" * 40))
"""
    command = [sys.executable, "-c", program, str(stage.root), str(CODE.parent)]
    with subprocess.Popen(command, cwd=CODE.parent, start_new_session=True, stderr=subprocess.PIPE) as deploying:
        until(lambda: any(row.pid for row in stage.platform.deployments()))
        dyno = stage.row().pid
        assert dyno
        os.killpg(deploying.pid, signal.SIGINT)
        _, said = deploying.communicate()
    assert b"KeyboardInterrupt" in said
    assert not is_alive(dyno)
    assert stage.platform.deployments() == []
    until(lambda: not processes_below(stage.root))


def test_a_killed_supervisor_takes_its_dynos_along(stage: Stage) -> None:
    """Its dynos end without it, and the next deploy starts anew and clears what it left."""
    change = stage.slug("a")
    stage.deploy(change)
    stale = stage.state()
    os.kill(stale.pid, signal.SIGKILL)
    until(lambda: not processes_below(stage.root))
    assert [row.state for row in stage.platform.deployments()] == ["missing"]
    assert not stage.deploy(change).note
    assert stage.get().text == "a" * 40
    assert not Path(stale.socket).parent.exists()


def test_down_after_a_killed_supervisor_says_that_nothing_ran(stage: Stage) -> None:
    """A stale supervisor.json deceives nobody, and is cleared with the socket that it names."""
    stage.deploy(stage.slug("a"))
    stale = stage.state()
    os.kill(stale.pid, signal.SIGKILL)
    until(lambda: not processes_below(stage.root))
    assert not stage.platform.down()
    assert not Places(stage.root).state.exists()
    assert not Path(stale.socket).parent.exists()


def test_a_supervisor_that_is_terminated_ends_its_dynos_first(stage: Stage) -> None:
    """As when the machine is shut down."""
    stage.deploy(stage.slug("a"))
    dyno = stage.row().pid
    assert dyno
    supervisor = stage.state().pid
    os.kill(supervisor, signal.SIGTERM)
    until(lambda: not is_alive(supervisor))
    assert not is_alive(dyno)
    assert not Places(stage.root).state.exists()


def test_a_supervisor_ends_when_its_state_is_removed(stage: Stage) -> None:
    """Who removes .local/ could not reach it any more."""
    stage.deploy(stage.slug("a"))
    Places(stage.root).state.unlink()
    until(lambda: not processes_below(stage.root))


def test_a_port_that_is_taken_is_one_line_and_leaves_nothing_running(stage: Stage) -> None:
    """The error names the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Failure, match=f"port {port}.*PORT="):
            stage.deploy(stage.slug("a"), port=port)
    until(lambda: not processes_below(stage.root))


def test_a_second_port_is_refused_and_the_first_one_serves_on(stage: Stage) -> None:
    """One checkout has one router."""
    stage.deploy(stage.slug("a"))
    with pytest.raises(Failure, match="make down"):
        stage.deploy(stage.slug("b"), port=1)
    assert stage.get().text == "a" * 40


def test_another_segment_size_is_taken_by_the_running_router(stage: Stage) -> None:
    """A head that is longer than a segment arrives all the same, and the old deployment is not booted again."""
    change = stage.slug("a")
    stage.deploy(change, segment_bytes=0)
    assert stage.deploy(change, segment_bytes=100).note
    assert stage.get("/" + "x" * 500).text == "a" * 40


def test_a_deploy_that_leaves_another_segment_size_than_the_default_says_so(stage: Stage) -> None:
    """Also the first one, and its record has the size that holds now."""
    change = stage.slug("a")
    deployed = stage.deploy(change, segment_bytes=0)
    assert deployed.note == "up; its router takes SEGMENT=0, not 1460 as it does unless told"
    again = stage.deploy(change, segment_bytes=700).deployment
    assert (again.segment_bytes, again.page) == (700, f"{again.address}?segment=700")
    assert stage.platform.address(stage.variant) == again.page
    plain = stage.deploy(change).deployment
    assert plain.page == plain.address


def test_a_negative_segment_size_is_wrong_use(stage: Stage) -> None:
    """It is refused before anything starts."""
    with pytest.raises(WrongUse, match="SEGMENT"):
        stage.deploy(stage.slug("a"), segment_bytes=-1)
    assert not Places(stage.root).state.exists()


def test_a_dyno_gets_none_of_the_deployers_environment(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it gets is what Heroku's dynos get, and no key or token."""
    monkeypatch.setenv("HEROKU_API_KEY", "secret-1")
    monkeypatch.setenv("SOME_OTHER_TOKEN", "secret-2")
    stage.deploy(stage.slug("a"))
    answer = stage.get("/environ")
    names = set(answer.json()) - {"PWD", "SHLVL", "OLDPWD", "_"}  # what shells add
    assert names == {"PATH", "HOME", "LANG", "TMPDIR", "PORT", "BIND_HOST", "DYNO", "PYTHONUNBUFFERED"}
    assert answer.json()["PATH"].split(":")[0] == str(stage.folder("a") / ".venv/bin")
    assert "secret" not in answer.text


def test_the_sockets_folder_is_private(stage: Stage) -> None:
    """Nobody else may speak to the supervisor."""
    stage.deploy(stage.slug("a"))
    address = Path(stage.state().socket)
    assert (address.stat().st_mode & 0o777, address.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_runs_is_told_at_once_where_nothing_does(stage: Stage) -> None:
    """`make ps` and `make down` start nothing and make no folder, in a checkout that never deployed."""
    start = time.monotonic()
    assert stage.platform.deployments() == []
    assert not stage.platform.down()
    assert time.monotonic() - start < 0.3
    assert list(stage.root.iterdir()) == []


def test_a_listing_of_nothing_reads_no_more_than_it_must(tmp_path: Path) -> None:
    """Neither the matrix nor what decodes it is imported: that would take longer than all the rest."""
    program = """
import sys
from pathlib import Path
from scripts.verbs.ps import command
command.main([], obj=Path(sys.argv[1]), standalone_mode=False)
print(sorted({"msgspec", "packaging", "scripts.matrix", "scripts.process"} & set(sys.modules)))
"""
    said = subprocess.check_output([sys.executable, "-c", program, tmp_path], cwd=CODE.parent, text=True)
    listing, imported = said.splitlines()
    assert listing.startswith("nothing is running")
    assert imported == "[]"


def test_the_log_holds_what_the_dyno_the_platform_and_the_router_say(stage: Stage) -> None:
    """One log an app, each line with who speaks."""
    stage.deploy(stage.slug("a"))
    stage.get("/seen")
    until(lambda: 'heroku[router]: at=info method=GET path="/seen"' in stage.log())  # written after the answer is sent
    log = stage.log()
    assert "heroku[web.1]: State changed from starting to up" in log
    assert "app[web.1]: 127.0.0.1 - - [" in log


def test_a_variant_that_was_never_deployed_has_no_log(stage: Stage) -> None:
    """The error says how it would get one."""
    with pytest.raises(WrongUse, match=r"make deploy VARIANT=v0\.12\.1"):
        stage.platform.log_lines(stage.variant)

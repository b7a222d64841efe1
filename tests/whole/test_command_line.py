"""The command line: its errors are one line, its listings are JSON where asked, its codes are as documented."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import click
import pytest

from scripts.cli import VERBS, cli
from scripts.probe.controls import Handling, running
from scripts.report.site.chapters import PAGES
from tests.whole.conftest import Clone


def failed(finished: "subprocess.CompletedProcess[str]", code: int) -> str:
    """Return the one line of a failure, which must have this exit code."""
    assert finished.returncode == code, finished.stdout + finished.stderr
    (line,) = finished.stderr.strip().splitlines()
    return line.removeprefix("error: ")


@pytest.fixture
def server() -> Iterator[str]:
    """Serve as old uvicorns did."""
    with running(Handling.PIECEWISE) as control:
        yield f"http://127.0.0.1:{control.address[1]}"


@pytest.fixture
def deployed(clone: Clone) -> Iterator[str]:
    """Deploy a variant that is not affected, give its address, and end it."""
    yield clone.done("deploy", VARIANT="v0.54.0", PORT="0").strip()
    clone.done("down")


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(clone: Clone, verb: str) -> None:
    """--help says what a verb does, and every one of its options has a line."""
    text = clone.done(verb, "--help")
    assert "Usage:" in text
    assert len(text.split("Options:")[0].strip().splitlines()) >= 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["deploy"], "no variant named. Name one: VARIANT=v0.11.8"),
        (["deploy", "--variant", "v0.12.9"], "unknown variant 'v0.12.9'. Did you mean v0.12."),
        (["deploy", "--variant", "../etc"], "unknown variant '../etc'"),
        (["logs", "--variant", "v0.12.1"], "v0.12.1 has no log. Deploy it: make deploy VARIANT=v0.12.1"),
        (["probe"], "no URL to probe"),
        (["probe", "--url", "ftp://127.0.0.1/"], "the probe speaks HTTP/1.1"),
        (["probe", "--url", "http://127.0.0.1:99999/"], "is no URL"),
        (["probe", "--url", "http://127.0.0.1:1/a b"], "it holds what no URL may"),
        (["probe", "--url", "http://127.0.0.1:1/", "--offsets", "1,x"], "OFFSETS=1,x is no list of offsets"),
        (["probe", "--url", "http://127.0.0.1:1/", "--segment", "0"], "SEGMENT=0 leaves the request whole"),
        (["probe", "--url", "http://127.0.0.1:1/", "--segment", "x"], "'x' is not a valid integer"),
        (["prob"], "No such command 'prob'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_clear_line_and_code_2(clone: Clone, args: list[str], message: str) -> None:
    """The line says what was wrong and what to do."""
    assert message in failed(clone.verb(*args), 2)


PLATFORMS = {"destroy", "logs", "rollback"}
"""Verbs that show what a platform prints."""


@pytest.mark.parametrize("verb", sorted(set(VERBS) - PLATFORMS))
def test_every_verb_with_a_result_prints_it_as_json_too(verb: str) -> None:
    """All of them have the option --json."""
    command = cli.get_command(click.Context(cli), verb)
    assert "--json" in [name for option in command.params for name in option.opts]


@pytest.mark.parametrize(
    ("args", "variables", "code", "what"),
    [
        (["matrix", "--shard", "9/8"], {"JSON": "1"}, 2, "SHARD=9/8 is no share"),
        (["matrix", "--json", "--shrad", "1/2"], {}, 2, "No such option '--shrad'. Did you mean '--shard'?"),
        (["prob", "--json"], {}, 2, "No such command 'prob'"),
        (["probe"], {"JSON": "1", "PROOF": "none"}, 2, "Invalid value for '--proof'"),
        (["publish"], {"JSON": "1", "GIT_CONFIG_GLOBAL": "/"}, 1, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_json_where_json_is_asked_for(
    clone: Clone, args: list[str], variables: dict[str, str], code: int, what: str
) -> None:
    """It is the last line of standard error, whoever found it; standard output has results alone."""
    finished = clone.verb(*args, **variables)
    assert (finished.returncode, finished.stdout) == (code, "")
    error = json.loads(finished.stderr.splitlines()[-1])["error"]
    assert error.keys() == {"what", "found", "do", "lines", "exit_code"}
    assert error["what"].startswith(what)
    assert error["exit_code"] == code


def test_a_result_stays_whole_json_when_the_run_fails(clone: Clone) -> None:
    """What is stale is on standard output, that it fails the check on standard error."""
    pins = clone.root / "variants/v0.12.1/requirements.in"
    pins.write_text(f"{pins.read_text()}# A change.\n")
    finished = clone.verb("pin", CHECK="1", JSON="1", VARIANT="quart-uvicorn-v0.12.1")
    clone.run("git", "checkout", "--quiet", "--", "variants")
    (stale,) = json.loads(finished.stdout)
    assert stale["path"] == "variants/v0.12.1/requirements.txt"
    assert json.loads(finished.stderr)["error"]["what"] == "pins are stale"
    assert finished.returncode == 1


def test_what_a_tool_printed_stands_above_the_error(clone: Clone) -> None:
    """What git said, as it is; then what failed and what to do."""
    clone.run("git", "remote", "set-url", "origin", "/nowhere")
    finished = clone.verb("publish")
    clone.run("git", "remote", "set-url", "origin", str(clone.root.parent / "source"))
    *lines, last = finished.stderr.splitlines()
    assert "  fatal: '/nowhere' does not appear to be a git repository" in lines
    assert last.startswith("error: git ls-remote could not be done with origin")


def test_a_script_gets_the_verbs_own_exit_code(clone: Clone, server: str) -> None:
    """`scripts/run` does the set-up, as make does, from wherever it is called; variables of the environment count."""
    (clone.root / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    called = [str(clone.root / "scripts/run"), "probe", "--url", f"{server}/view?next=/admin"]
    finished = subprocess.run(
        called, cwd="/", env={**os.environ, "JSON": "1"}, capture_output=True, encoding="utf-8", check=False
    )
    (clone.root / ".venv").unlink()
    assert finished.returncode == 1, finished.stderr
    assert json.loads(finished.stdout)["conclusion"] == "affected"


def test_a_traceback_comes_only_on_request(clone: Clone) -> None:
    """DEBUG=1 shows where an error was raised; the last line is the same."""
    finished = clone.verb("deploy", DEBUG="1")
    assert finished.returncode == 2
    assert "Traceback" in finished.stderr
    assert finished.stderr.strip().endswith("Name one: VARIANT=v0.11.8")


def test_the_probe_ends_with_1_for_an_affected_server(clone: Clone, server: str) -> None:
    """The chart names the outcomes, and what was served instead."""
    finished = clone.verb("probe", URL=f"{server}/view?next=/admin")
    assert finished.returncode == 1
    assert "! misrouted" in finished.stdout
    assert "served instead, once: /admin" in finished.stdout
    assert "affected [receive-queue: the kernel said" in finished.stdout.splitlines()[-1]


def test_the_probe_ends_with_0_for_an_intact_server(clone: Clone) -> None:
    """Nothing was split so that it mattered."""
    with running(Handling.JOINED) as control:
        finished = clone.verb("probe", URL=f"http://127.0.0.1:{control.address[1]}/view?next=/admin", JSON="1")
    assert finished.returncode == 0
    facts = json.loads(finished.stdout)
    assert facts["conclusion"] == "intact"
    assert facts["outcomes"]["intact"] == facts["bytes"] - 1


def test_the_probe_ends_with_2_where_nothing_can_be_told(clone: Clone) -> None:
    """Where nobody listens, that is said, and it is no verdict."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert "Connection refused" in failed(clone.verb("probe", URL=f"http://127.0.0.1:{port}/"), 2)


def test_the_probe_can_split_one_request_at_several_offsets(clone: Clone, server: str) -> None:
    """OFFSETS and SEGMENT send one request, as the chapter has them for its own URL."""
    chapter = (clone.root / PAGES / "60-measure-your-own-server.md").read_text("utf-8")
    options = re.findall(r"`(OFFSETS|SEGMENT)=([\d,]+)`", chapter)
    assert [name for name, _ in options] == ["OFFSETS", "SEGMENT"]
    asked = re.findall(r"URL=\"http://127.0.0.1:8000(/\S+)\"", chapter)[0]
    for name, value in options:
        facts = json.loads(clone.verb("probe", URL=f"{server}{asked}", JSON="1", **{name: value}).stdout)
        assert sum(facts["outcomes"].values()) == 1


def test_the_probe_tells_a_request_in_segments_by_its_offsets(clone: Clone, server: str) -> None:
    """All offsets of the one request are named, and the proof that was asked for."""
    shown = clone.verb("probe", URL=f"{server}/view", OFFSETS="10,30", PROOF="barrier").stdout
    assert "1 request in 3 segments" in shown
    assert "" not in shown.splitlines()
    assert "split at 10, 30" in shown
    assert "[barrier: a whole request was answered between the segments" in shown


def test_the_probe_knows_the_names_below_localhost(clone: Clone) -> None:
    """A deployed variant's address can be probed where no resolver knows its name; HOST_HEADER asks for another one."""
    with running(Handling.JOINED) as control:
        address = f"http://an-app.localhost:{control.address[1]}/view"
        assert "bytes" in clone.done("probe", URL=address, JSON="1")
        short, long = (
            json.loads(clone.done("probe", URL=address, JSON="1", HOST_HEADER=name)) for name in ("x", "xyz")
        )
    assert long["bytes"] - short["bytes"] == 2


class NothingHere(BaseHTTPRequestHandler):
    """A server that has no page, and says which one it was asked for."""

    def do_GET(self) -> None:
        """Answer with an error page."""
        self.send_error(404, f"no {self.path}")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_an_error_page_is_intact_only_where_it_is_expected(clone: Clone) -> None:
    """One that is always the same is hardly what was meant, unless EXPECT says so."""
    with ThreadingHTTPServer(("127.0.0.1", 0), NothingHere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/nowhere"
        finished = clone.verb("probe", URL=url)
        assert finished.returncode == 2
        assert "note: the whole request itself got 404" in finished.stdout
        assert "intact: every split request got" in clone.done("probe", URL=url, EXPECT="404")
        server.shutdown()


def test_the_probe_of_this_projects_router_names_the_dyno_behind_it(clone: Clone, deployed: str) -> None:
    """What answers there splits by itself, so nothing can be told, and the command for the dyno is given."""
    finished = clone.verb("probe", URL=f"{deployed}about.json")
    assert finished.returncode == 2
    assert "this project's own router answers here" in finished.stdout
    named = re.search(r"Probe the dyno: URL=(http://127\.0\.0\.1:\d+)/", finished.stdout)
    assert named
    assert f"itself at {named[1]}" in clone.done("ps")


def test_a_deployment_has_no_version_where_its_platform_has_none(clone: Clone, deployed: str) -> None:
    """Heroku numbers what it runs, and this machine does not."""
    (row,) = json.loads(clone.done("ps", JSON="1"))
    assert (row["address"], row["version"]) == (deployed, None)


def test_a_probe_whose_reader_has_enough_does_not_pass_for_an_answer(clone: Clone, server: str) -> None:
    """A closed pipe ends it with 2: neither with the 0 of an intact server, nor with the 1 of an affected one."""
    command = f"{sys.executable} -m scripts probe --url {server}/view?x | true; exit ${{PIPESTATUS[0]}}"
    finished = subprocess.run(["bash", "-c", command], cwd=clone.root, capture_output=True, check=False)
    assert finished.returncode == 2


def test_a_running_variant_takes_another_segment_size(clone: Clone, deployed: str) -> None:
    """What was done is said, though nothing was built."""
    again = clone.verb("deploy", VARIANT="v0.54.0", SEGMENT="1000")
    assert "takes SEGMENT=1000" in again.stderr
    assert f"its forms for that segment size: {deployed}?segment=1000" in again.stderr
    assert again.stdout.strip() == deployed


def test_down_does_not_end_one_variant(clone: Clone) -> None:
    """It ends everything, so a variant's name is refused before anything is ended."""
    assert "Leave VARIANT out" in failed(clone.verb("down", VARIANT="patched"), 2)


def test_what_comes_from_uncommitted_changes_is_said(clone: Clone) -> None:
    """A branch made of a changed working tree is marked, and whoever makes it learns that."""
    app = clone.root / "common/app/app.py"
    app.write_text(app.read_text() + "\n# A change.\n")
    assert "marked -dirty" in clone.verb("branches", VARIANT="v0.12.1").stderr
    clone.run("git", "checkout", "--quiet", "--", "common")


def test_a_reader_that_has_enough_is_no_failure(clone: Clone) -> None:
    """`make matrix | head -1` ends well, whatever is left to print."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        finished = subprocess.run(
            [sys.executable, "-m", "scripts", "matrix"],
            cwd=clone.root,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (finished.returncode, finished.stderr) == (0, b"")


def test_a_taken_port_is_one_clear_line(clone: Clone) -> None:
    """The line names the port and how to choose another; nothing is left running."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        finished = clone.verb("deploy", VARIANT="v0.12.1", PORT=port)
    assert finished.returncode == 1
    last = finished.stderr.strip().splitlines()[-1]
    assert (
        last == f"error: the router cannot listen on port {port}: Address already in use. Choose another port: PORT=…"
    )
    assert json.loads(clone.done("ps", JSON="1")) == []


def test_with_nothing_running_that_is_said(clone: Clone) -> None:
    """Asking and ending work before anything was deployed."""
    assert "nothing is running" in clone.done("ps")
    assert "nothing was running" in clone.done("down")


def test_branches_are_listed_as_json(clone: Clone) -> None:
    """A second run finds all of them unchanged, with the same commits."""
    first, second = (json.loads(clone.done("branches", JSON="1")) for _ in range(2))
    assert {each["action"] for each in second} == {"unchanged"}
    assert [each["commit"] for each in first] == [each["commit"] for each in second]


def test_the_readme_is_rendered_already(clone: Clone) -> None:
    """Rendering again changes nothing."""
    assert clone.done("readme").count(": unchanged") == 3
    assert clone.run("git", "status", "--porcelain").stdout == ""


def test_a_stale_readme_is_found_by_the_check(clone: Clone) -> None:
    """The check fails with the command that mends it, and passes after that command."""
    readme = clone.root / "README.md"
    readme.write_text(readme.read_text().replace("3,901 of 3,926", "3,902 of 3,926"))
    finished = clone.verb("check")
    assert finished.returncode == 1
    assert "README.md: it does not show what variants/ holds. Fix it: make readme" in finished.stdout
    clone.done("readme")
    assert "are current" in clone.done("check")


def test_a_verdict_on_another_tree_is_found_by_the_check(clone: Clone) -> None:
    """A change of the app makes every verdict stale until it is measured again."""
    app = clone.root / "common/app/app.py"
    app.write_text(app.read_text() + "\n# A change.\n")
    finished = clone.verb("check")
    assert finished.returncode == 1
    assert "Fix it: make verify VARIANT=v0.12.1" in finished.stdout
    assert "branch quart is out of date" in finished.stdout
    clone.run("git", "checkout", "--quiet", "--", "common")


def test_ctrl_c_gives_130_wherever_it_came(tmp_path: Path) -> None:
    """Also inside an exec(), as while a dataclass is made: Python would end by the signal itself then."""
    code = "from scripts import cli\n@cli.cli.command()\ndef stop(): exec('raise KeyboardInterrupt')\n"
    code += "cli.VERBS = ('stop',)\ncli.Verbs.get_command = cli.click.Group.get_command\ncli.main()\n"
    (tmp_path / "stopped.py").write_text(code)
    project = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "stopped", "stop"]
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{project}"}
    finished = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr.strip()) == (130, "error: interrupted")

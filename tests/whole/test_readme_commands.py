"""Every command of the README and of its chapters does what stands there, in the order in which it stands there."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.probe.controls import Handling, running
from scripts.report.site.chapters import PAGES
from tests.whole.conftest import Clone

PROJECT = Path(__file__).resolve().parents[2]

ELSEWHERE = {
    "make test": ".ci/run",
    "make update": "tests/releases/test_update.py",
    "make verify": "tests/whole/test_verdicts.py",
    "make deploy VARIANT=v0.12.1 TO=heroku": "tests/heroku/test_deploy.py",
}
"""Where it is run instead: what runs these tests, needs a service, depends on the day, or takes minutes."""


def texts() -> dict[str, str]:
    """Return the README and its chapters, in their order, by the paths of their files."""
    paths = [PROJECT / "README.md", *sorted((PROJECT / PAGES).glob("*.md"))]
    return {str(path.relative_to(PROJECT)): path.read_text("utf-8") for path in paths}


def transcripts(*names: str) -> list[tuple[str, str]]:
    """Return each command of the console blocks, of the files named or of all, with the output that stands below it."""
    found: list[tuple[str, str]] = []
    for name, text in texts().items():
        if names and name not in names:
            continue
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((command, output.strip()))
    return found


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


def test_the_readme_begins_with_the_two_commands() -> None:
    """One for the main job, one for the tests."""
    commands = [command for command, _ in transcripts("README.md")]
    assert commands[:2] == ["make deploy VARIANT=v0.12.1", "make test"]


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_is_run_elsewhere_is_run_there(command: str) -> None:
    """A command that these tests leave out stands there, and where it is run, its verb is named."""
    assert command in [each for each, _ in transcripts()]
    assert command.split()[1] in (PROJECT / ELSEWHERE[command]).read_text("utf-8")


@pytest.mark.parametrize("name", texts())
def test_every_make_target_that_is_named_is_there(name: str) -> None:
    """Also those in running text, with variables that there are."""
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    knobs = {word for line in re.findall(r"^(?:KNOBS|SHARED) := (.*)", makefile, re.MULTILINE) for word in line.split()}
    named = re.findall(r"(?:`|^\$ )make ([a-z-]+)((?: [A-Z_]+=[^\s`]*)*)", texts()[name], re.MULTILINE)
    assert {target for target, _ in named} <= targets
    assert {knob for _, given in named for knob in re.findall(r" ([A-Z_]+)=", given)} <= knobs


def test_these_chapters_have_commands() -> None:
    """A chapter whose commands were taken out would leave these tests with less to run."""
    assert {name for name in texts() if transcripts(name)} == {
        "README.md",
        *(f"{PAGES}/{name}.md" for name in ("20-what-helps", "50-see-it", "60-measure-your-own-server")),
        *(f"{PAGES}/{name}.md" for name in ("75-keep-it", "85-on-heroku")),
    }


def test_the_commands_run_and_print_what_stands_there(clone: Clone) -> None:
    """A newcomer who types what stands there sees what stands there."""
    (clone.root / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    router = free_port()
    with running(Handling.JOINED) as control:
        script = ["set -eu"]
        for number, (command, _) in enumerate(transcripts()):
            if command in ELSEWHERE:
                continue
            # The ports may be taken on the machine that runs this test.
            moved = command.replace(":8344", f":{router}").replace(":8000", f":{control.address[1]}")
            if moved.startswith("make deploy"):
                moved += f" PORT={router}"
            script += [f"echo '@@ {number}'", moved]
        finished = subprocess.run(
            ["bash", "-c", "\n".join(script)], cwd=clone.root, capture_output=True, encoding="utf-8", check=False
        )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    printed = dict(re.findall(r"^@@ (\d+)\n(.*?)(?=^@@ |\Z)", finished.stdout, re.DOTALL | re.MULTILINE))
    for number, (command, output) in enumerate(transcripts()):
        if output:
            assert printed[str(number)].strip() == output, command

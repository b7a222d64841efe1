"""Every command of the README does what the README says, in the order in which it stands there."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.probe.controls import Handling, running
from tests.whole.conftest import Clone

PROJECT = Path(__file__).resolve().parents[2]

ELSEWHERE = {
    "make test": ".ci/run",
    "make update": "tests/releases/test_update.py",
    "make deploy VARIANT=v0.12.1 TO=heroku": "tests/heroku/test_deploy.py",
}
"""What runs these tests, needs a service, or has another outcome on the day of a release: where it is run instead."""


def transcripts() -> list[tuple[str, str]]:
    """Return each command of the README's console blocks with the output that stands below it."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", (PROJECT / "README.md").read_text("utf-8"), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.strip()))
    return found


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


def test_the_readme_has_the_two_commands() -> None:
    """One for the main job, one for the tests."""
    commands = [command for command, _ in transcripts()]
    assert commands[0] == "make deploy VARIANT=v0.12.1"
    assert "make test" in commands


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_is_run_elsewhere_is_run_there(command: str) -> None:
    """A command that these tests leave out stands in the README, and where it is run, its verb is named."""
    assert command in [each for each, _ in transcripts()]
    assert command.split()[1] in (PROJECT / ELSEWHERE[command]).read_text("utf-8")


def test_every_make_target_in_the_readme_is_there() -> None:
    """Also those in running text."""
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (PROJECT / "README.md").read_text("utf-8")))
    assert named <= targets


def test_the_readmes_commands_run_and_print_what_it_says(clone: Clone) -> None:
    """A newcomer who types what stands there sees what stands there."""
    (clone.root / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    router = free_port()
    with running(Handling.JOINED) as control:
        script = ["set -eu"]
        for number, (command, _) in enumerate(transcripts()):
            if command in ELSEWHERE:
                continue
            # The README's ports may be taken on the machine that runs this test.
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

"""What reaches a person's terminal, and what a pipe: real ones."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import screen

PROJECT = Path(__file__).resolve().parents[2]

SHOW = """
from scripts import screen
with screen.progress("work", 2) as advance:
    advance(1)
    screen.err.print("a line meanwhile", style="red")
with screen.lines(["one", "two"]) as tell:
    tell("one", "[b]builds\\x1b[2J")
screen.out.print("a result", style="bold yellow")
screen.out.print([("..", "green"), ("x", "red")])
"""


def on_a_terminal(**variables: str) -> str:
    """Return what `SHOW` writes to a terminal."""
    leader, follower = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR"}}
    child = subprocess.Popen(
        [sys.executable, "-c", SHOW],
        cwd=PROJECT,
        env={**env, "TERM": "xterm-256color", **variables},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    written = b""
    try:
        while piece := os.read(leader, 65536):
            written += piece
    except OSError:  # how Linux ends the reading of a terminal that nobody holds any more
        pass
    os.close(leader)
    assert child.wait() == 0, written
    return written.decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://elsewhere/\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x1bcgone", "gone"),
        ("an end\x1b[", "an end"),
        ("10 %\r", "10 %"),
        ("a\x00b\x08c\x7fd\x85e", "abcde"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("Zoë, 日本, 🙂", "Zoë, 日本, 🙂"),
        ("half \udcff", "half "),
    ],
    ids=repr,
)
def test_what_moves_a_terminal_is_taken_away(text: str, shown: str) -> None:
    """Orders to the terminal and what hides text go, the text stays."""
    assert screen.clean(text) == shown


@given(st.text(st.characters(categories=["Cc", "Cf", "Lu", "Cs"]) | st.sampled_from("[]0;m\\\x1b")))
def test_nothing_is_left_that_a_terminal_takes_for_an_order(text: str) -> None:
    """Whatever the text: no control character but tab and line feed, and cleaning twice changes nothing."""
    once = screen.clean(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", once)
    assert screen.clean(once) == once
    once.encode()


@given(st.text())
def test_json_holds_the_very_text_and_no_control_character(text: str) -> None:
    """Programs get the text as it is, terminals see nothing but its escapes."""
    written = screen.as_json({"text": text})
    assert screen.clean(written) == written
    assert json.loads(written) == {"text": text}


def test_a_terminal_gets_colours_and_progress() -> None:
    """The line that is printed meanwhile stands above the bar; a label's brackets are no markup."""
    written = on_a_terminal()
    assert "\x1b[31ma line meanwhile\x1b[0m" in written
    assert "work" in written
    assert "[b]builds" in written
    assert "\x1b[2J" not in written
    assert "\x1b[32m..\x1b[0m\x1b[31mx\x1b[0m" in written


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_that_shall_stay_plain_gets_no_escape(variables: dict[str, str]) -> None:
    """With NO_COLOR the lines alone are written: no colour, no weight, no bar."""
    written = on_a_terminal(**variables)
    assert "\x1b" not in written
    assert written.splitlines() == ["a line meanwhile", "a result", "..x"]


def test_a_pipe_gets_plain_lines_without_rich() -> None:
    """Nothing is coloured in a pipe, so that nothing that colours is imported."""
    code = f"{SHOW}\nimport sys; assert not [name for name in sys.modules if name.startswith('rich')]"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("a result\n..x\n", "a line meanwhile\n")


def unread(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command whose standard error nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=writer, text=True, check=False)
    finally:
        os.close(writer)


def test_work_goes_on_where_nobody_reads_its_progress() -> None:
    """Whoever wants the result alone may close standard error; what children print there is lost as well."""
    code = f"{SHOW}\nimport subprocess; subprocess.run(['sh', '-c', 'echo beside >&2'], check=True)"
    done = unread(sys.executable, "-c", code)
    assert (done.returncode, done.stdout) == (0, "a result\n..x\n")


def test_an_error_that_nobody_reads_has_its_exit_code() -> None:
    """The run has failed all the same."""
    assert unread(sys.executable, "-m", "scripts", "nonsense").returncode == 2

"""What an error about a command holds of what the command printed, from real commands."""

import sys

import pytest

from scripts.process import LAST_LINES, LONGEST_LINE, CommandFailed, run


def failed(code: str, *, what: str = "", do: str = "") -> CommandFailed:
    """Run a piece of Python that must fail, and return the error."""
    with pytest.raises(CommandFailed) as failure:
        run([sys.executable, "-c", code], what=what, do=do)
    return failure.value


def test_the_last_lines_are_kept() -> None:
    """Of a long output, the end is what an error holds; blank lines do not count."""
    error = failed("import sys; print('\\n\\n'.join(map(str, range(99))), file=sys.stderr); sys.exit(3)")
    assert error.lines == tuple(str(number) for number in range(99 - LAST_LINES, 99))
    assert error.message.endswith("ended with code 3: 98")


def test_what_failed_and_what_mends_it_come_from_the_caller() -> None:
    """The line says what the command was for, the lines what it printed."""
    error = failed("raise SystemExit('no such thing')", what="x cannot be made", do="Make it by hand")
    program = sys.executable.rpartition("/")[2]
    assert error.message == f"x cannot be made: {program} ended with code 1. Make it by hand"
    assert error.lines == ("no such thing",)


def test_a_traceback_is_told_by_its_exceptions() -> None:
    """Frames say nothing to a user; the exceptions of a chain do."""
    error = failed("try:\n  1/0\nexcept Exception as cause:\n  raise OSError('full') from cause")
    assert error.lines[0] == "ZeroDivisionError: division by zero"
    assert error.lines[-1] == "OSError: full"
    assert not any("File" in line or "Traceback" in line for line in error.lines)


def test_a_line_without_end_is_shortened() -> None:
    """An index's list of all releases does not fill the screen."""
    (line,) = failed("raise SystemExit('x' * 100_000)").lines
    assert len(line) == LONGEST_LINE + 1


def test_a_silent_command_is_said_to_be_silent() -> None:
    """Nothing printed is a fact too."""
    assert failed("raise SystemExit(4)").message.endswith("ended with code 4: it printed nothing")

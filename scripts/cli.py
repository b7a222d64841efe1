"""The command line: verbs by name, and the one place where an error becomes a message and an exit code.

Every option can also be given as a variable of the same name (`VARIANT=v0.12.1`), which is how the Makefile hands them
on. Exit codes: 0 done, 1 the run failed, 2 wrong use, 130 interrupted. With JSON=1 an error is one line of JSON, the
last of standard error: standard output holds results alone, and a run that failed may have one (`doctor`, say).
"""

import errno
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from scripts import screen
from scripts.errors import Failure, WrongUse, nearest

VERBS = (
    *("affected", "bisect", "branches", "check", "deploy", "destroy", "doctor", "down", "gather"),
    *("history", "logs", "matrix", "open", "others", "pin", "probe", "ps", "publish", "readme", "remove", "rollback"),
    *("site", "update", "variant", "verify", "wire"),
)
"""The verbs: each is the `command` of its module, which is imported when asked for, so that no verb pays for others."""


MENDS = {
    errno.ENOSPC: "Make room on that disk, then run again",
    errno.EDQUOT: "Make room in your quota, then run again",
    errno.EROFS: "Run in a checkout that can be written to",
    errno.EACCES: "Look at who owns it, and at its mode: ls -ld",
    errno.EPERM: "Look at who owns it, and at its mode: ls -ld",
    errno.EISDIR: "A file belongs there: move the folder away",
    errno.ENOTDIR: "A folder belongs there: move the file away",
    errno.EEXIST: "A folder belongs there: move the file away",
    errno.ENOENT: "If git has it, restore it: git status",
    errno.ELOOP: "Its links lead in a circle: remove them",
    errno.ENAMETOOLONG: "Take a checkout with a shorter path",
    errno.EMFILE: "Allow more open files: ulimit -n 4096",
    errno.ENFILE: "Let other programs close files, then run again",
    errno.ENOMEM: "Let other programs give back memory, then run again",
    errno.EAGAIN: "Let other processes end, then run again",
}
"""What mends an error of the operating system, by its number."""


class Verbs(click.Group):
    """The verbs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs' names."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002 - click's signature
        """Return the verb's command; WrongUse names the nearest where there is no such verb."""
        if cmd_name not in VERBS:
            raise WrongUse(f"No such command {cmd_name!r}", do=nearest(cmd_name, list(VERBS)))
        command = importlib.import_module(f"scripts.verbs.{cmd_name}").command
        assert isinstance(command, click.Command)
        _refuse_unused(cmd_name, command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write a line for each verb: the first of its module, which is read, not imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, _first_line(verb)) for verb in VERBS])


def _refuse_unused(verb: str, command: click.Command) -> None:
    """Refuse a variable of make's command line (GIVEN names them) that is no option of the verb; DEBUG is of all."""
    known = [str(option.envvar) for option in command.params if isinstance(option, click.Option) and option.envvar]
    for given in os.environ.get("GIVEN", "").split():
        if given not in (*known, "DEBUG"):
            do = nearest(given, known) if known else "Leave it out"
            raise WrongUse(f"{verb} does not take {given}", found=f"{given}={os.environ.get(given, '')}", do=do)


def _first_line(verb: str) -> str:
    """Return what a verb's module says of it in its first line, behind its name."""
    with (Path(__file__).parent / f"verbs/{verb}.py").open(encoding="utf-8") as file:
        told = file.readline().strip().strip('".').partition(": ")[2]
    return told[:1].upper() + told[1:]


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 the run failed, 2 wrong use, 130 interrupted.",
)
@click.option("--debug", is_flag=True, envvar="DEBUG", help="Show every command that is run, and tracebacks.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Show uvicorn issue 344, release by release."""
    root = Path(__file__).resolve().parents[1]
    context.obj = root
    screen.show_log(debug=debug)
    if (root / ".local/update.undo").exists() or (root / ".git/branches-import.undo").exists():
        from scripts.branches.undo import recover  # noqa: PLC0415 - most runs have nothing to undo, and need none of it

        recover(root)


def main() -> None:
    """Run the command line and end the process."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        screen.err.print(error.format_message())
        code = error.exit_code
    except click.ClickException as error:
        code = show(WrongUse(error.format_message().rstrip("."), exit_code=error.exit_code))
    except (click.Abort, KeyboardInterrupt):
        code = show(Failure("interrupted", exit_code=130))
        # An interrupt that came up through an exec(), with which dataclasses are made, lets CPython end by SIGINT even
        # when it was caught, and not with 130. Whatever is run next makes it forget that.
        exec("")  # noqa: S102 - see above; it is a constant
    except BrokenPipeError:
        # Whoever read the results has enough; Python must not meet the pipe again when it flushes at exit. One of
        # standard error's never comes here: the work has gone on (`screen.Output`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Failure as error:
        code = show(error)
    except OSError as error:
        code = show(of_the_world(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets one line, and the traceback on request
        found = f"{type(error).__name__}: {error}"
        code = show(Failure("this is a bug of the tooling", found=found, do="Show more: DEBUG=1"))
    sys.exit(code)


def show(error: Failure) -> int:
    """Print an error as the user wants it, with the traceback where it is asked for, and return its exit code."""
    if logging.getLogger("scripts").isEnabledFor(logging.DEBUG) and sys.exc_info()[1]:
        screen.err.print(traceback.format_exc(), end="")
    lines = [screen.clean(line) for line in error.lines]
    if _wants_json(sys.argv[1:]):
        fields = {name: screen.clean(getattr(error, name)) for name in ("what", "found", "do")}
        screen.err.print(screen.as_json({"error": {**fields, "lines": lines, "exit_code": error.exit_code}}))
        return error.exit_code
    for line in lines if lines != [error.found] else []:  # a tool's only line stands in the message
        screen.err.print(f"  {line}", style="dim")
    screen.err.print(f"error: {error.message}", style="red")
    return error.exit_code


def of_the_world(error: OSError) -> Failure:
    """Return what to say of an error of the operating system: the file, what is the matter with it, what to do."""
    where = next((os.fsdecode(name) for name in (error.filename2, error.filename) if isinstance(name, str | bytes)), "")
    what = f"{where} cannot be used" if where else "the operating system refuses something"
    said = error.strerror or str(error) or type(error).__name__
    found = f"{said[:1].lower()}{said[1:]}"
    return Failure(what, found=found, do=MENDS.get(error.errno or 0, "Show more: DEBUG=1"))


def _wants_json(args: Sequence[str]) -> bool:
    """Say whether JSON is asked for, as click would: what is wrong with the command line may hide it from click."""
    try:
        return "--json" in args or click.BOOL.convert(os.environ.get("JSON") or "0", None, None)
    except click.BadParameter:
        return False

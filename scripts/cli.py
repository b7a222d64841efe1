"""The command line: verbs by name, and the one place where an error becomes a message and an exit code.

Every option can also be given as a variable of the same name (`VARIANT=v0.12.1`), which is how the Makefile hands them
on. Exit codes: 0 done, 1 the run failed, 2 wrong use, 130 interrupted.
"""

import importlib
import logging
import os
import sys
from pathlib import Path

import click

from scripts import screen
from scripts.errors import Failure

VERBS = {
    "branches": "scripts.verbs.branches",
    "check": "scripts.verbs.check",
    "deploy": "scripts.verbs.deploy",
    "destroy": "scripts.verbs.destroy",
    "doctor": "scripts.verbs.doctor",
    "down": "scripts.verbs.down",
    "gather": "scripts.verbs.gather",
    "logs": "scripts.verbs.logs",
    "matrix": "scripts.verbs.matrix",
    "open": "scripts.verbs.open",
    "pin": "scripts.verbs.pin",
    "probe": "scripts.verbs.probe",
    "ps": "scripts.verbs.ps",
    "publish": "scripts.verbs.publish",
    "readme": "scripts.verbs.readme",
    "rollback": "scripts.verbs.rollback",
    "update": "scripts.verbs.update",
    "variant": "scripts.verbs.variant",
    "verify": "scripts.verbs.verify",
}
"""Each verb's module, whose `command` it is. They are imported when asked for, so that no verb pays for the others."""


class Verbs(click.Group):
    """The verbs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs' names."""
        return sorted([*VERBS, *super().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the verb's command, or None where there is no such verb."""
        module = VERBS.get(cmd_name)
        if module is None:
            return super().get_command(ctx, cmd_name)
        command = importlib.import_module(module).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, envvar="DEBUG", help="Show every command that is run, and tracebacks.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Show uvicorn issue 344, release by release."""
    context.obj = Path(__file__).resolve().parents[1]
    screen.show_log(debug=debug)


def main() -> None:
    """Run the command line and end the process."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        screen.err.print(f"error: {error.format_message()}", style="red")
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        screen.err.print("interrupted")
        code = 130
    except BrokenPipeError:
        # Whoever read the output has enough; Python must not meet the pipe again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Failure as error:
        if logging.getLogger("scripts").isEnabledFor(logging.DEBUG):
            screen.err.print_exception()
        for line in error.lines:
            screen.err.print(f"  {line}", style="dim")
        screen.err.print(f"error: {error.message}", style="red")
        code = error.exit_code
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets one line, and the traceback on request
        if logging.getLogger("scripts").isEnabledFor(logging.DEBUG):
            screen.err.print_exception()
        message = " ".join(f"{type(error).__name__}: {error}".split())
        screen.err.print(f"error: this is a bug of the tooling: {message}. Show more: DEBUG=1", style="red")
        code = 1
    sys.exit(code)

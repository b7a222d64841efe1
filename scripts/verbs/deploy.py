"""`deploy`: run a variant's branch on a platform."""

from pathlib import Path

import click

from scripts.verbs import options


@click.command("deploy")
@options.variant
@options.platform
@click.option("--port", envvar="PORT", type=int, help="Port of the local router, 8344 unless said; 0 = any free one.")
@click.option(
    "--segment", envvar="SEGMENT", type=int, help="Bytes of a segment, 1460 unless said; 0 = requests go on whole."
)
@options.app
@click.option("--force", envvar="FORCE", is_flag=True, help="Build at Heroku also what is live there already.")
@click.pass_obj
def command(root: Path, *, variant: str, to: str, port: int | None, segment: int | None, app: str, force: bool) -> None:
    """Run a variant, and print its address."""
    options.on(to).deploy(root, variant=variant, port=port, segment=segment, app=app, force=force)

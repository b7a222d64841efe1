"""`deploy`: run a variant's branch on a platform."""

from pathlib import Path

import click

from scripts import screen
from scripts.branches.publish import regenerate
from scripts.errors import Failure
from scripts.matrix import load
from scripts.platforms import local
from scripts.verbs import options


@click.command("deploy")
@options.variant
@options.platform
@click.option("--port", envvar="PORT", type=int, help="Port of the router, 8344 unless said; 0 = any free one.")
@click.option(
    "--segment", envvar="SEGMENT", type=int, help="Bytes of a segment, 1460 unless said; 0 = requests go on whole."
)
@click.pass_obj
def command(root: Path, *, variant: str, port: int | None, segment: int | None) -> None:
    """Run a variant, and print its address."""
    matrix = load(root)
    chosen = matrix.variants if variant == "all" else (matrix.one(variant),)
    failed = []
    for change in regenerate(matrix, chosen):
        screen.err.print(f"{change.branch} {change.commit[:10]}: {change.action}", style="dim")
        try:
            release = local.deploy(root, change.variant, change, port=port, segment_bytes=segment)
        except local.DeployFailed as failure:
            if len(chosen) == 1:
                raise
            for line in failure.lines:
                screen.err.print(f"  {line}", style="dim")
            screen.err.print(f"{change.variant.name}: {failure.message}", style="red")
            failed.append(change.variant.name)
            continue
        if not release.fresh:
            screen.err.print(f"{change.variant.name} runs already: nothing to do", style="dim")
        screen.out.print(release.address)
    if failed:
        raise Failure(f"{len(failed)} of {len(chosen)} variants did not come up", found=", ".join(failed))

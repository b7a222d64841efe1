"""The verbs for TO=local."""

from pathlib import Path

import msgspec

from scripts import screen
from scripts.errors import Failure, WrongUse
from scripts.platforms.local import local


def deploy(root: Path, *, variant: str, port: int | None, segment: int | None, app: str, force: bool) -> None:
    """Run a variant on this machine, and print its address."""
    if app or force:
        raise WrongUse("APP and FORCE are for Heroku", do="Add TO=heroku, or leave them out")
    from scripts.branches.generate import regenerate  # noqa: PLC0415 - `ps` needs none of it
    from scripts.matrix import load  # noqa: PLC0415

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
            done = "nothing to do" if segment is None else f"its router now takes SEGMENT={segment}"
            screen.err.print(f"{change.variant.name} runs already: {done}", style="dim")
        screen.out.print(release.address)
    if failed:
        raise Failure(f"{len(failed)} of {len(chosen)} variants did not come up", found=", ".join(failed))


def ps(root: Path, *, as_json: bool) -> None:
    """List what runs on this machine."""
    rows = local.releases(root)
    if as_json:
        screen.print_json(msgspec.to_builtins(rows))
        return
    if not rows:
        screen.out.print("nothing is running. Start something: make deploy VARIANT=v0.12.1")
    for row in rows:
        since = f"{row.since:%Y-%m-%d %H:%M:%S} UTC"
        screen.out.print(f"{row.variant:12} {row.state:9} {row.address}  {row.branch} {row.commit[:10]} since {since}")


def logs(root: Path, *, variant: str, lines: int, follow: bool, app: str) -> None:
    """Show the log of a variant's app, the router's lines among them."""
    if app:
        raise WrongUse("APP is for Heroku", do="Add TO=heroku, or leave it out")
    from scripts.matrix import load  # noqa: PLC0415

    for line in local.log_lines(root, load(root).one(variant), last=lines, follow=follow):
        screen.out.print(line)


def address(root: Path, *, variant: str) -> str:
    """Return where a variant is to be seen."""
    from scripts.matrix import load  # noqa: PLC0415

    chosen = load(root).one(variant)
    found = [row.address for row in local.releases(root) if row.variant == chosen.name]
    if not found:
        raise WrongUse(f"{chosen.name} does not run", do=f"Deploy it: make deploy VARIANT={chosen.name}")
    return found[0]

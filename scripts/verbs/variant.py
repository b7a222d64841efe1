"""`variant`: make any release of uvicorn a variant."""

from dataclasses import asdict
from pathlib import Path

import click
import msgspec
from packaging.version import InvalidVersion, Version

from scripts import screen
from scripts.branches.undo import BUSY, UPDATE, turn
from scripts.errors import WrongUse, nearest
from scripts.matrix import PARSERS, load
from scripts.pins.jobs import in_utc
from scripts.releases.add import Added, Addition, add, known_releases, plan, runtime_path, variant_of
from scripts.report.rendered import rendered
from scripts.runtimes import load_runtimes
from scripts.verbs import options
from scripts.verdicts.verdict import evidence_in_short


@click.command("variant")
@click.option("--version", "wanted", envvar="VERSION", default="", metavar="X.Y.Z", help="The release.")
@click.option("--from", "model", envvar="FROM", default="", metavar="NAME", help="The variant to model it on.")
@click.option(
    "--parser",
    envvar="PARSER",
    default="",
    metavar="NAME",
    help="The HTTP parser: httptools (the default), h11, zttp.",
)
@options.as_json
@click.pass_obj
def command(root: Path, *, wanted: str, model: str, parser: str, as_json: bool) -> None:
    """Add a variant for a release of uvicorn."""
    version = _version(wanted)
    if parser and parser not in PARSERS:
        raise WrongUse(f"unknown parser {parser!r}", do=nearest(parser, list(PARSERS)))
    if parser and model:
        raise WrongUse("FROM and PARSER exclude each other", found="a variant that follows another has its parser")
    with turn(root / UPDATE, root, busy=BUSY):
        matrix = load(root)
        followed = matrix.one(model) if model else None
        http = followed.http if followed else parser or PARSERS[0]
        if there := variant_of(matrix, version, http):
            unchanged(there.name, "is there already", as_json=as_json)
            return
        known = {release.version: release for release in known_releases()}
        if version not in known:
            raise WrongUse(f"there is no release {version} of uvicorn", do=nearest(str(version), [*map(str, known)]))
        addition = plan(matrix, load_runtimes(root), known[version], parser=http, model=followed)
        show(addition, add(matrix, addition, screen.progress, rendered), as_json=as_json)


def _version(text: str) -> Version:
    """Return the version that is asked for."""
    if not text:
        raise WrongUse("no release named", do="Name one: VERSION=0.15.0")
    try:
        return Version(text)
    except InvalidVersion:
        raise WrongUse(f"VERSION={text} is no PEP 440 version", do="Name a release: VERSION=0.15.0") from None


def unchanged(name: str, why: str, *, as_json: bool) -> None:
    """Say that the variant `name` makes adding one needless, and `why`."""
    if as_json:
        screen.print_json({"variant": name, "action": "unchanged", "why": why})
    else:
        screen.out.print(f"nothing to do: {name} {why}")


def show(addition: Addition, added: Added, *, as_json: bool) -> None:
    """Print what adding a release changed, as `update` does too."""
    variant, change = added.variant, added.change
    next_step = f"git add --all && git commit -m 'Add uvicorn {variant.name}' && git push origin main && make publish"
    if as_json:
        screen.print_json(
            {
                "variant": variant.name,
                "action": "added",
                "runtime": variant.runtime.name,
                "pinned": [asdict(pinned) for pinned in added.pinned],
                "branch": change.branch,
                "commit": change.commit,
                "verdict": msgspec.to_builtins(added.verdict),
                "news": added.news,
                "next": next_step,
            }
        )
        return
    moment = variant.runtime.resolved_as_of
    if moment and moment != addition.runtime.resolved_as_of:
        screen.out.print(f"{runtime_path(addition.runtime)}: resolved as of {in_utc(moment)}")
    screen.out.print(f"variants/{variant.name}/: written, on {addition.runtime.name}")
    for pinned in added.pinned:
        screen.out.print(f"{pinned.path}: {pinned.action} ({pinned.packages} packages)")
    screen.out.print(f"{change.branch}: {change.action}, {change.commit}")
    for path, changed in added.written.items():
        screen.out.print(f"{path}: {'written' if changed else 'unchanged'}")
    screen.out.print(f"{variant.name}: {evidence_in_short(added.verdict)}")
    if added.news:
        screen.out.print(f"That is news: {added.news}", style="bold yellow")
    screen.out.print(f"Next: {next_step}")

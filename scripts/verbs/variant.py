"""`variant`: make any release of uvicorn a variant."""

from pathlib import Path

import click
from packaging.version import InvalidVersion, Version

from scripts.branches.undo import BUSY, UPDATE, turn
from scripts.errors import WrongUse, nearest
from scripts.matrix import PARSERS, load
from scripts.releases.add import known_releases, plan
from scripts.runtimes import load_runtimes
from scripts.verbs import options
from scripts.verbs.adding import add_release, unchanged


@click.command("variant")
@click.option("--version", "wanted", envvar="VERSION", default="", metavar="X.Y.Z", help="The release.")
@click.option("--from", "model", envvar="FROM", default="", metavar="NAME", help="The variant that it shall follow.")
@click.option(
    "--parser",
    envvar="PARSER",
    default="",
    metavar="NAME",
    help="What shall read HTTP: httptools (the default), h11, zttp.",
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
        for variant in matrix.variants:
            if variant.version == version and variant.http == http and not variant.patch:
                unchanged(variant.name, "is there already", as_json=as_json)
                return
        known = {release.version: release for release in known_releases()}
        if version not in known:
            raise WrongUse(f"there is no release {version} of uvicorn", do=nearest(str(version), [*map(str, known)]))
        addition = plan(matrix, load_runtimes(root), known[version], parser=http, model=followed)
        add_release(matrix, addition, as_json=as_json)


def _version(text: str) -> Version:
    """Return the version that is asked for."""
    if not text:
        raise WrongUse("no release named", do="Name one: VERSION=0.15.0")
    try:
        return Version(text)
    except InvalidVersion:
        raise WrongUse(f"VERSION={text} is no PEP 440 version", do="Name a release: VERSION=0.15.0") from None

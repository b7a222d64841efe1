"""Which HTTP parsers a release of uvicorn has, by its own word: the choices of its `--http`."""

from pathlib import Path

from packaging.version import Version
from uv import find_uv_bin

from scripts.errors import Failure, WrongUse
from scripts.matrix import Variant
from scripts.pins.pip_settings import uv_environment
from scripts.pins.pythons import find_python
from scripts.process import run

ASK = """
from uvicorn.main import main
for option in main.params:
    if option.name == "http":
        print(*getattr(option.type, "choices", None) or option.metavar.strip("[]").split("|"))
"""
"""Newer releases take any name there, and list those of their own in what the option is shown with."""

AUTO = "auto"
"""The choice that leaves it to uvicorn: no parser."""


def parsers(release: Version, python: str) -> tuple[str, ...]:
    """Return the parsers of a release, in its own order; it is installed for a moment into Python `python` (3.N).

    Failure when the release cannot be installed, or its command line has no such option.
    """
    what = f"uvicorn {release} does not say which parsers it has"
    flags = ("--quiet", "--no-project", "--isolated", "--no-config")
    asked: tuple[str | Path, ...] = ("--python", find_python(python), "--with", f"uvicorn=={release}")
    said = (
        run([find_uv_bin(), "run", *flags, *asked, "python", "-I", "-c", ASK], env=uv_environment(), what=what)
        .stdout.decode("utf-8", "replace")
        .split()
    )
    if not said:
        raise Failure(what, found="its command line has no --http")
    return tuple(word for word in said if word != AUTO)


def refuse_unknown_parser(variant: Variant) -> None:
    """Refuse a variant whose release does not have its parser; raises what `parsers` raises, too."""
    has = parsers(variant.version, variant.runtime.python)
    if variant.http not in has:
        raise WrongUse(
            f"uvicorn {variant.version} has no parser {variant.http}",
            found=f"it has {', '.join(has)}",
            do=f"Choose one of these for {variant.name}",
        )

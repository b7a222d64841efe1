"""The files of a new variant as text, and the runtime's date moved on. Pure.

They are made from the release's facts and its runtime alone, or follow another variant: the same release gives the same
files whenever it is added.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, timedelta

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.errors import Failure, WrongUse
from scripts.matrix import PARSERS, Variant
from scripts.pins.index import Release
from scripts.pins.jobs import in_utc
from scripts.runtimes import Runtime

NOTE = "# Without the extra `standard` there is no httptools: h11 answers, and there is no bug to see.\n"

NOTE_ON_PARSER = "# The Procfile asks for {}. The extra `standard` brings what reads WebSockets.\n"

BRANCH = "quart-uvicorn-"
"""How the original's branches of a release begin."""

PIN = re.compile(r"^(?P<name>uvicorn(?:\[[^\]\s]*\])?==)(?P<version>[^\s;#]+)", re.MULTILINE)
"""The line of a requirements.in that pins uvicorn."""

MOMENT = re.compile(r"^(resolved_as_of[ \t]*=[ \t]*)[^\s#]+", re.MULTILINE)


@dataclass(frozen=True)
class NewVariant:
    """What a folder below variants/ shall hold."""

    name: str
    branch: str
    variant_toml: str
    requirements_in: str


def new_variant(
    release: Release,
    runtime: Runtime,
    *,
    newest: bool = False,
    parser: str = PARSERS[0],
    model: Variant | None = None,
    model_in: str = "",
) -> NewVariant:
    """Return the variant of a release that answers with `parser`; `newest` says that it is the newest one.

    `model` is the variant that it shall follow, also in its parser, and `model_in` its requirements.in; without one the
    runtime says what stands beside uvicorn. WrongUse for a model that no release can follow.
    """
    if model:
        return _following(release, runtime, model, model_in)
    usual = parser == PARSERS[0]
    name = release.name if usual else f"{release.name}-{parser}"
    branch = f"{BRANCH}{name}"
    description = f"uvicorn {release.name}" if usual else f"uvicorn {release.name} /w {parser}"
    reason = why(release, newest=newest, parser=parser)
    toml = _toml(release, runtime, branch=branch, description=description, reason=reason, parser=parser)
    own = [each for each in runtime.parsers if canonicalize_name(Requirement(each).name) == parser]
    lines = "".join(f"{each}\n" for each in (*runtime.app, f"uvicorn[standard]=={release.version}", *own))
    return NewVariant(name, branch, toml, f"{NOTE if usual else NOTE_ON_PARSER.format(parser)}{lines}")


def why(release: Release, *, newest: bool = False, parser: str = PARSERS[0]) -> str:
    """Return why a release is in the matrix."""
    when = f"Released on {release.uploaded.astimezone(UTC).date()}" if release.uploaded else "A release"
    if newest:
        return f"{when}, the newest one when it was added."
    return f"{when}." if parser == PARSERS[0] else f"{when}. Here {parser} reads HTTP."


def moved(toml: str, release: Release, runtime: Runtime) -> str:
    """Return a runtime's file with its `resolved_as_of` just after a release's upload; as it was where that is past.

    Only that one line changes. Failure where the file has no such line.
    """
    if not runtime.resolved_as_of or not release.uploaded or release.uploaded < runtime.resolved_as_of:
        return toml
    # The next whole second, as the moment itself is left out.
    moment = release.uploaded.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    text, count = MOMENT.subn(rf"\g<1>{in_utc(moment)}", toml)
    if count != 1:
        raise Failure(
            f"common/runtimes/{runtime.name}.toml cannot be moved on",
            found=f"{count} lines begin with `resolved_as_of =`",
            do="Write it on one line of its own",
        )
    return text


def _following(release: Release, runtime: Runtime, model: Variant, model_in: str) -> NewVariant:
    """Return the variant of a release that follows another variant in all but the release."""
    if model.patch:
        raise WrongUse(f"no release can follow {model.name}", found="it is patched", do="Name a plain variant: FROM=…")
    kind = model.name.removeprefix(f"v{model.version}")
    if kind == model.name or len(PIN.findall(model_in)) != 1:
        raise WrongUse(
            f"no release can follow {model.name}",
            found=f"its name does not begin with v{model.version}, or its requirements.in has no line `uvicorn==…`",
            do="Name another variant: FROM=…",
        )
    name = f"{release.name}{kind}"
    branch = f"{BRANCH}{name}"
    description = model.description.replace(str(model.version), str(release.version))
    reason = why(release)
    text = _toml(release, runtime, branch=branch, description=description, reason=reason, parser=model.http)
    return NewVariant(name, branch, text, PIN.sub(rf"\g<name>{release.version}", model_in))


def _toml(release: Release, runtime: Runtime, *, branch: str, description: str, reason: str, parser: str) -> str:
    """Return a variant.toml, which names the usual parser by naming none; a string of JSON is one of TOML too."""
    values = {
        "uvicorn": str(release.version),
        "branch": branch,
        "description": description,
        "runtime": runtime.name,
        "why": reason,
    }
    if parser != PARSERS[0]:
        values["http"] = parser
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())

"""The files of a new variant as text, and the runtime's date moved on. Pure.

They are made from the release's facts and its runtime alone, or follow another variant: the same release gives the same
files whenever it is added.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, timedelta

from scripts.errors import Failure, WrongUse
from scripts.matrix import Variant
from scripts.pins.jobs import in_utc
from scripts.releases.choose import Release
from scripts.runtimes import Runtime

NOTE = "# Without the extra `standard` there is no httptools: h11 answers, and there is no bug to see.\n"

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
    release: Release, runtime: Runtime, *, newest: bool, model: Variant | None, model_in: str
) -> NewVariant:
    """Return the variant of a release; `newest` says that it is the newest one.

    `model` is the variant that it shall follow and `model_in` its requirements.in; without one the runtime says what
    stands beside uvicorn. WrongUse for a model that no release can follow.
    """
    if model:
        return _following(release, runtime, model, model_in)
    name = release.name
    branch = f"{BRANCH}{name}"
    toml = _toml(release, branch, f"uvicorn {name}", runtime, why(release, newest=newest))
    lines = "".join(f"{requirement}\n" for requirement in runtime.app)
    return NewVariant(name, branch, toml, f"{NOTE}{lines}uvicorn[standard]=={release.version}\n")


def why(release: Release, *, newest: bool) -> str:
    """Return why a release is in the matrix."""
    when = f"Released on {release.uploaded.astimezone(UTC).date()}" if release.uploaded else "A release"
    return f"{when}, the newest one when it was added." if newest else f"{when}."


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
    text = _toml(release, branch, description, runtime, why(release, newest=False))
    if model.http != "httptools":
        text += f"http = {json.dumps(model.http)}\n"
    return NewVariant(name, branch, text, PIN.sub(rf"\g<name>{release.version}", model_in))


def _toml(release: Release, branch: str, description: str, runtime: Runtime, reason: str) -> str:
    """Return a variant.toml; a string of JSON is one of TOML too."""
    values = {
        "uvicorn": str(release.version),
        "branch": branch,
        "description": description,
        "runtime": runtime.name,
        "why": reason,
    }
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())

"""The rules for the files of a branch that a platform reads: app.json, heroku.yml, Dockerfile, Procfile.

They are held against Heroku's published rules before a tree is used, because Heroku would say what is wrong only after
a user has pressed the button.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

from scripts.errors import WrongUse

Address = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$")]


class EnvValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One variable of app.json's `env`. Its value is a string: Heroku refuses numbers."""

    value: str
    description: str = ""
    required: bool = True


class ManifestBuildpack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of app.json's `buildpacks`."""

    url: str


class AppJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What app.json may hold (Heroku Dev Center, "app.json Schema"): of its keys, those that a branch needs."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z_.-]+", max_length=30)]
    description: str
    website: Address
    repository: Address
    env: dict[Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9_]*$")], EnvValue]
    stack: Annotated[str, msgspec.Meta(pattern=r"^(container|heroku-\d\d)$")]
    buildpacks: list[ManifestBuildpack] = []


HEROKU_YML = re.compile(r"build:\n  docker:\n    web: Dockerfile\nrun:\n  web: (\"[^\n]*\")\n")
"""The one shape of heroku.yml that is generated: the image is built from the Dockerfile, `run` is a quoted command."""

CMD = re.compile(r"^CMD (\[.*\])$", re.MULTILINE)


def check_manifests(files: Mapping[str, bytes], *, container: bool, start: str) -> None:
    """Refuse a branch that a platform would refuse, or that would start differently here and there.

    `files` is the branch: path → content. WrongUse names the file and what is wrong in it.
    """
    try:
        app = msgspec.json.decode(_required(files, "app.json"), type=AppJson)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _wrong("app.json", str(error)) from None
    if (app.stack == "container") != container or container == bool(app.buildpacks):
        raise _wrong("app.json", "a stack other than the runtime's, or buildpacks that do not fit it")
    if _required(files, "Procfile") != f"web: {start}\n".encode():
        raise _wrong("Procfile", "it is not `web:` and the start command")
    if not container:
        return
    run = HEROKU_YML.fullmatch(_required(files, "heroku.yml").decode())
    if not run or _decoded("heroku.yml", run[1]) != start:
        raise _wrong("heroku.yml", "it is not the build of the Dockerfile and a run with the start command")
    commands = CMD.findall(_required(files, "Dockerfile").decode())
    if len(commands) != 1 or _decoded("Dockerfile", commands[0]) != ["sh", "-c", start]:
        raise _wrong("Dockerfile", "its CMD is not the start command, run by sh -c")


def _required(files: Mapping[str, bytes], path: str) -> bytes:
    """Return a file that must be there."""
    if path not in files:
        raise _wrong(path, "it is missing")
    return files[path]


def _decoded(path: str, text: str) -> object:
    """Return the JSON that stands inside another file."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(path, str(error)) from None


def _wrong(path: str, found: str) -> WrongUse:
    """Return the error about the file `path` of a branch."""
    return WrongUse(f"common/branch/ gives a wrong {path}", found=found, do=f"Mend the template of {path}")

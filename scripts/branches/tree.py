"""What a branch holds, as a pure function of its inputs, and git's own id of it.

Nothing is read here but the arguments. What is known only after the branch exists (its verdict, its deployment, the
commit that it was made from) is no argument, so no file can depend on it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from scripts.branches.manifests import check_manifests
from scripts.errors import WrongUse
from scripts.matrix import Project, Variant

if TYPE_CHECKING:
    import jinja2

CONTAINER = "container/"
"""Where below common/branch/ the templates are that a container branch alone has."""

SUFFIX = ".j2"


@dataclass(frozen=True)
class BranchFile:
    """A regular file of a branch."""

    content: bytes
    executable: bool = False

    @property
    def mode(self) -> str:
        """The file's mode as git writes it."""
        return "100755" if self.executable else "100644"


Files: TypeAlias = Mapping[str, BranchFile]
"""A whole tree: path, with slashes, → file."""


@dataclass(frozen=True)
class VendoredWheel:
    """A wheel that a branch carries in vendor/."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Inputs:
    """All that a branch's files are made from, beside the matrix."""

    app: Files
    """The files below common/app/."""
    templates: Mapping[str, str]
    """The templates below common/branch/: path → text."""
    requirements: bytes
    """The variant's requirements.txt."""
    license: bytes
    wheel: VendoredWheel | None = None


def branch_files(project: Project, variant: Variant, inputs: Inputs) -> dict[str, BranchFile]:
    """Return the files of a variant's branch, sorted by path.

    WrongUse when a template or one of the manifests that it gives is wrong, or when two files have one path.
    """
    vendored = {f"vendor/{inputs.wheel.name}": BranchFile(inputs.wheel.content)} if inputs.wheel else {}
    plain = {"requirements.txt": BranchFile(inputs.requirements), "LICENSE": BranchFile(inputs.license)}
    files: dict[str, BranchFile] = {}
    for part in (_rendered(project, variant, inputs), plain, vendored, inputs.app):
        for path, file in part.items():
            if path in files:
                raise WrongUse(f"common/app/{path} is in the way of the branch's own {path}", do="Give it another name")
            files[path] = file
    container = variant.runtime.stack == "container"
    check_manifests(
        {path: file.content for path, file in files.items()}, container=container, start=start_command(variant)
    )
    return dict(sorted(files.items()))


def start_command(variant: Variant) -> str:
    """Return the command that starts a variant's dyno, for a shell.

    Heroku's router reaches a dyno from outside, so the default is every interface; the local platform sets BIND_HOST.
    `exec` lets SIGTERM reach uvicorn and not a shell around it.
    """
    http = f" --http {variant.http}" if variant.names_parser else ""
    return f'exec uvicorn app:app --host "${{BIND_HOST:-0.0.0.0}}" --port "$PORT"{http}'


def button_address(project: Project, variant: Variant) -> str:
    """Return the address behind a branch's deploy button; it always names the branch (Heroku Dev Center)."""
    return f"https://www.heroku.com/deploy?template={_page(project)}/tree/{variant.branch}"


def blob_id(content: bytes, algorithm: str = "sha1") -> str:
    """Return git's id of a file's content; `algorithm` is the repository's object format, sha1 or sha256."""
    return _object_id("blob", content, algorithm)


def tree_id(files: Files, algorithm: str = "sha1") -> str:
    """Return git's id of the tree that holds exactly `files`; `algorithm` is the repository's object format.

    ValueError for a path that git refuses, or that is both a file and a folder.
    """
    entries: dict[str, tuple[str, str]] = {}
    folders: dict[str, dict[str, BranchFile]] = {}
    for path, file in files.items():
        name, slash, rest = path.partition("/")
        if name.lower() in ("", ".", "..", ".git") or "\0" in name:
            raise ValueError(f"{name!r} is no name of a file in git")
        if slash:
            folders.setdefault(name, {})[rest] = file
        else:
            entries[name] = file.mode, blob_id(file.content, algorithm)
    for name, below in folders.items():
        if name in entries:
            raise ValueError(f"{name!r} is a file and a folder")
        entries[name] = "40000", tree_id(below, algorithm)

    def place(name: str) -> bytes:
        # git's own order: a folder's name sorts as if it ended in a slash
        return as_bytes(name) + (b"/" if name in folders else b"")

    body = b"".join(
        f"{entries[name][0]} ".encode() + as_bytes(name) + b"\0" + bytes.fromhex(entries[name][1])
        for name in sorted(entries, key=place)
    )
    return _object_id("tree", body, algorithm)


def as_bytes(path: str) -> bytes:
    """Return a path as git stores it; what was no UTF-8 on disk comes back as it was."""
    return path.encode("utf-8", "surrogateescape")


def _object_id(kind: str, body: bytes, algorithm: str) -> str:
    """Return the id of a git object: the digest of its kind, its length and its body (gitformat-loose)."""
    return hashlib.new(algorithm, f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()


def _page(project: Project) -> str:
    """Return the address of the project's repository."""
    return f"https://github.com/{project.repository}"


def _rendered(project: Project, variant: Variant, inputs: Inputs) -> dict[str, BranchFile]:
    """Return the files that come from templates."""
    container = variant.runtime.stack == "container"
    values = {
        "variant": variant.name,
        "description": variant.description,
        "why": variant.why,
        "app": variant.app,
        "branch": variant.branch,
        "python": variant.runtime.python,
        "stack": variant.runtime.stack,
        "container": container,
        "image": variant.runtime.image,
        "wheel": inputs.wheel.name if inputs.wheel else "",
        "start": start_command(variant),
        "issue": project.issue,
        "button": button_address(project, variant),
        "repository_page": _page(project),
        "repository_name": project.repository.partition("/")[2],
        "branch_page": f"{_page(project)}/tree/{variant.branch}",
    }
    import jinja2  # noqa: PLC0415 - it is slow to import, and most runs that know of branches make none

    engine = _engine(tuple(sorted(inputs.templates.items())))
    files = {}
    for source in inputs.templates:
        if source.startswith(CONTAINER) and not container:
            continue
        try:
            text = engine.get_template(source).render(values)
        except jinja2.TemplateError as error:
            raise WrongUse(f"common/branch/{source} cannot be rendered", found=str(error)) from None
        files[source.removeprefix(CONTAINER).removesuffix(SUFFIX)] = BranchFile(text.encode())
    return files


@lru_cache(maxsize=4)
def _engine(templates: tuple[tuple[str, str], ...]) -> "jinja2.Environment":
    """Return the engine that knows `templates`; compiled ones are kept, as all variants share them."""
    import jinja2  # noqa: PLC0415 - see above

    engine = jinja2.Environment(
        loader=jinja2.DictLoader(dict(templates)),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - none of the files is HTML: each value is quoted by the filter of its format
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    engine.filters |= {"json": _json, "text": _text, "line": _line, "address": _address}
    return engine


def _json(value: str) -> str:
    """Return a string as JSON, which is also good YAML."""
    return json.dumps(value)


def _line(value: str) -> str:
    """Return Markdown that was written by hand as one line in which no HTML begins."""
    return " ".join(value.split()).replace("<", "&lt;")


def _text(value: str) -> str:
    """Return plain text as Markdown that shows it."""
    return re.sub(r"([\\`*_{}\[\]<>()#|~!&])", r"\\\1", " ".join(value.split()))


def _address(value: str) -> str:
    """Return an address as the target of a Markdown link."""
    return quote(value, safe="/:?#=&%~@+,;")

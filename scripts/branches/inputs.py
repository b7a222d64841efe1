"""The inputs of a branch, read from the working tree."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.branches.tree import SUFFIX, BranchFile, Files, Inputs, VendoredWheel, branch_files
from scripts.errors import Failure, WrongUse
from scripts.matrix import Matrix, Variant
from scripts.pins.patched_wheel import patched_wheel


@dataclass(frozen=True)
class Common:
    """The inputs that all branches share."""

    app: Files
    """The files below common/app/."""
    templates: Mapping[str, str]
    """The templates below common/branch/: path → text."""
    license: bytes


def read_common(root: Path) -> Common:
    """Return what all branches share, read once for all of them; WrongUse for a file that cannot be used."""
    return Common(_app(root / "common/app"), _templates(root / "common/branch"), _license(root / "LICENSE"))


def read_inputs(matrix: Matrix, variant: Variant, common: Common | None = None) -> Inputs:
    """Return all that a variant's branch is made from; `common` saves reading what branches share.

    Failure when it has no pins, or when its patched wheel is not the one that is pinned; raises what
    `read_common` raises.
    """
    common = common or read_common(matrix.root)
    requirements = _pins(variant)
    return Inputs(
        app=common.app,
        templates=common.templates,
        requirements=requirements,
        license=common.license,
        wheel=_wheel(matrix, variant, requirements) if variant.patch else None,
    )


def wanted_files(matrix: Matrix, variant: Variant, common: Common | None = None) -> dict[str, BranchFile]:
    """Return the files that a variant's branch should hold; raises what `read_inputs` and `branch_files` raise."""
    return branch_files(matrix.project, variant, read_inputs(matrix, variant, common))


def is_left_behind(path: str) -> bool:
    """Say whether a file below common/app/ is what a Python, an editor or a desktop leaves behind."""
    return any(part == "__pycache__" or part.startswith(".") or part.endswith("~") for part in path.split("/"))


def _app(folder: Path) -> Files:
    """Return the files of the app.

    Modes do not count, since not every file system keeps them. What tools leave behind is no part of the app.
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if is_left_behind("/".join(parts)):
            continue
        if path.is_symlink():
            raise WrongUse(f"common/app/{'/'.join(parts)} is a link", do="Put the file itself there")
        if path.is_file():
            files["/".join(parts)] = BranchFile(path.read_bytes())
    if not files:
        raise WrongUse("common/app/ holds no file", do="Restore it: git checkout -- common/app")
    return files


def _templates(folder: Path) -> dict[str, str]:
    """Return the templates of the other files."""
    templates = {}
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        name = path.relative_to(folder).as_posix()
        try:
            templates[name] = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise WrongUse(f"common/branch/{name} is no UTF-8", found=str(error)) from None
    return templates


def _pins(variant: Variant) -> bytes:
    """Return the variant's requirements.txt."""
    try:
        return (variant.folder / "requirements.txt").read_bytes()
    except FileNotFoundError:
        raise Failure(
            f"variants/{variant.name}/requirements.txt is missing", do=f"Compile it: make pin VARIANT={variant.name}"
        ) from None


def _license(path: Path) -> bytes:
    """Return the licence."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise WrongUse("LICENSE is missing", do="Restore it: git checkout -- LICENSE") from None


def _wheel(matrix: Matrix, variant: Variant, requirements: bytes) -> VendoredWheel:
    """Return the patched wheel; Failure when the pins do not have its hash."""
    wheel = patched_wheel(matrix.root, variant)
    if f"sha256:{wheel.sha256}".encode() not in requirements:
        raise Failure(
            f"variants/{variant.name}/requirements.txt is stale",
            found="it has not the hash of the patched wheel",
            do=f"Compile it anew: make pin VARIANT={variant.name}",
        )
    return VendoredWheel(wheel.name, wheel.content)

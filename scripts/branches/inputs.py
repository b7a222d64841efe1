"""The inputs of a branch, read from the working tree."""

from pathlib import Path

from scripts.branches.tree import SUFFIX, BranchFile, Files, Inputs, Wheel, branch_files
from scripts.errors import Failure, WrongUse
from scripts.matrix import Matrix, Variant
from scripts.pins.wheel import patched_wheel


def read_inputs(matrix: Matrix, variant: Variant) -> Inputs:
    """Return all that a variant's branch is made from.

    Failure when it has no pins, or when its patched wheel is not the one that is pinned; WrongUse for a file of
    common/ that cannot be used.
    """
    requirements = _pins(variant)
    return Inputs(
        app=_app(matrix.root / "common/app"),
        templates=_templates(matrix.root / "common/branch"),
        requirements=requirements,
        license=_license(matrix.root / "LICENSE"),
        wheel=_wheel(matrix, variant, requirements) if variant.patch else None,
    )


def wanted_files(matrix: Matrix, variant: Variant) -> dict[str, BranchFile]:
    """Return the files that a variant's branch should hold; raises what `read_inputs` and `branch_files` raise."""
    return branch_files(matrix.project, variant, read_inputs(matrix, variant))


def _app(folder: Path) -> Files:
    """Return the files of the app.

    Modes do not count, since not every file system keeps them. What a Python, an editor or a desktop leaves behind is
    no part of the app.
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if "__pycache__" in parts or any(part.startswith(".") or part.endswith("~") for part in parts):
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


def _wheel(matrix: Matrix, variant: Variant, requirements: bytes) -> Wheel:
    """Return the patched wheel; Failure when the pins do not have its hash."""
    wheel = patched_wheel(matrix.root, variant)
    if f"sha256:{wheel.sha256}".encode() not in requirements:
        raise Failure(
            f"variants/{variant.name}/requirements.txt is stale",
            found="it has not the hash of the patched wheel",
            do=f"Compile it anew: make pin VARIANT={variant.name}",
        )
    return Wheel(wheel.name, wheel.content)

"""A stand-in for a base image, where none can be pulled: this machine's CPython, its libraries and its shell.

It has what the Dockerfile relies on: python and pip on PATH, and sh. It also has this machine's way to the package
index (pip.conf and the certificates), so that the Dockerfile needs no change, and nothing of it gets into the layer
that is built on top.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from scripts.pins import pip_settings
from scripts.pins.pythons import find_python

CONTAINERFILE = """\
FROM scratch
COPY rootfs /
ENV PATH=/usr/local/bin:/bin LANG=C.UTF-8
RUN python -m ensurepip --default-pip
"""

ASKED = "import os, sys, sysconfig; print(os.path.realpath(sys.executable)); print(sysconfig.get_path('stdlib'))"
"""Makes a Python say where its program and its library are."""

UNUSED = ("__pycache__", "site-packages", "test", "config-*", "idlelib", "tkinter", "_tkinter.*", "EXTERNALLY-MANAGED")
"""Parts of the library that no variant uses; the last one would forbid ensurepip."""

BESIDE_LIBC = ("libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libgcc_s.so.1", "libstdc++.so.6")
"""What manylinux wheels may link to on any system, beside libc and libm (PEP 513), and Debian's images have."""

BUNDLE = "etc/ssl/certs/ca-certificates.crt"


def write_context(folder: Path, python: str) -> None:
    """Write what `buildah build` makes the stand-in from: a Containerfile and a root file system.

    `python` is the version of CPython, as major.minor.
    """
    root = folder / "rootfs"
    (root / "tmp").mkdir(parents=True)
    _copy_python(root, python)
    _copy_file(Path("/bin/sh"), root / "bin/sh")
    programs = [root / "bin/sh", *root.glob("usr/local/bin/python3.*"), *root.rglob("lib-dynload/*.so")]
    for library in _libraries(programs):
        _copy_file(library, root / library.relative_to("/"))
    _write_pip_conf(root)
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    (root / "tmp").chmod(0o1777)
    (folder / "Containerfile").write_text(CONTAINERFILE, encoding="utf-8")


def _copy_python(root: Path, version: str) -> None:
    """Put CPython below /usr/local, where the image of that name has it."""
    said = subprocess.run([find_python(version), "-c", ASKED], capture_output=True, encoding="utf-8", check=True)
    program, library = said.stdout.splitlines()
    _copy_file(Path(program), root / f"usr/local/bin/python{version}")
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to(f"python{version}")
    shutil.copytree(library, root / f"usr/local/lib/python{version}", ignore=shutil.ignore_patterns(*UNUSED))


def _libraries(programs: list[Path]) -> set[Path]:
    """Return the shared libraries that programs load, by the paths at which they look for them."""
    # Some of the files may be static, which is an error to ldd but none here.
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    found = {Path(path) for path in re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", said, re.MULTILINE)}
    beside = next(path.parent for path in found if path.name == "libc.so.6")
    return found | {beside / name for name in BESIDE_LIBC if (beside / name).exists()}


def _write_pip_conf(root: Path) -> None:
    """Tell the stand-in's pip how this machine's pip reaches the package index."""
    settings = pip_settings.read()
    reaching = {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in pip_settings.for_pip(settings, {}).items()
        if value and name not in ("PIP_CONFIG_FILE", "PIP_CERT", "PIP_CLIENT_CERT")
    }
    bundle = settings.get("cert") or os.environ.get("SSL_CERT_FILE")
    if bundle:
        _copy_file(Path(bundle), root / BUNDLE)
        reaching["cert"] = f"/{BUNDLE}"
    lines = ["[global]", *(f"{key} = {value}" for key, value in reaching.items()), ""]
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/pip.conf").write_text("\n".join(lines), encoding="utf-8")


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file, through links, with its mode."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)

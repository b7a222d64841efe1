"""Whether a compiled file can still be installed: uv does it, with hashes, and throws all of it away.

It is installed for the Python and the system that it is meant for.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from uv import find_uv_bin

from scripts.errors import Failure
from scripts.files import write_whole
from scripts.pins.jobs import LAST_PATCH, Job
from scripts.pins.patched_wheel import patched_wheel
from scripts.pins.pip_settings import as_place, uv_environment
from scripts.pins.pythons import locate
from scripts.process import run

COMMON_GLIBC = "2.28"
"""The glibc that wheels are commonly built for (manylinux_2_28): the tooling's own pins must suit any machine."""

GLIBCS = (17, 28, *range(31, 41))
"""The glibc 2.N for which uv knows the wheels that fit (its --python-platform)."""

INSTALL = ("pip", "install", "--refresh", "--require-hashes", "--no-config", "--no-progress", "--color", "never")
"""--refresh: what uv has kept says nothing about what the index still has.

No --dry-run: with that uv looks at no file, and passes one that was replaced under its name.
"""

WARNING = "warning: "
"""How uv begins the line about a release that was yanked; it has no other words for that."""


@dataclass(frozen=True)
class Installed:
    """What became of an install that was tried."""

    well: bool
    text: str
    """What there is to say of it."""
    lines: tuple[str, ...] = ()
    """What uv said."""


def try_install(root: Path, job: Job, glibc: str) -> Installed:
    """Install a compiled file of the checkout at `root` for its Python and a `glibc` (2.N), from the index alone."""
    place = f"Python {job.python} and glibc {glibc}"
    with TemporaryDirectory(prefix="doctor-") as scratch:
        env: dict[str, str | None] = {**uv_environment(), "UV_FIND_LINKS": None}  # it must be what everyone can get
        if job.variant and job.variant.patch:
            # No index has the patched wheel: it is made anew, from the released one that the index must still have.
            try:
                wheel = patched_wheel(Path(scratch), job.variant)
            except Failure as failure:
                return Installed(False, failure.message, failure.lines)
            write_whole(Path(scratch, "vendor", wheel.name), wheel.content)
            env["UV_FIND_LINKS"] = as_place(Path(scratch, "vendor"))
        minor = max(known for known in GLIBCS if known <= int(glibc.partition(".")[2]))
        asked = ["--python-version", f"{job.python}.{LAST_PATCH}", "--python-platform", f"x86_64-manylinux_2_{minor}"]
        python = locate(job.python) or sys.executable
        target = ["--python", python, "--target", Path(scratch, "target")]
        lock = (root / job.path).absolute()
        done = run([find_uv_bin(), *INSTALL, *asked, *target, "--requirements", lock], env=env, codes=range(256))
    said = tuple(line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip())
    if done.code:
        return Installed(False, f"cannot be installed on {place}", said)
    if yanked := tuple(line for line in said if line.startswith(WARNING)):
        return Installed(False, "pins what was taken back", yanked)
    return Installed(True, f"can be installed on {place}")

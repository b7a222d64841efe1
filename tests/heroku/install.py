"""Heroku's own command-line interface for the tests: npm's package in one version, installed once, below .local/.

    python -m tests.heroku.install

does it, and says what is missing where it cannot.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.files import alone

VERSION = "11.10.0"

PLACE = Path(__file__).resolve().parents[2] / ".local" / f"heroku-cli-{VERSION}"

PROGRAM = PLACE / "node_modules/.bin/heroku"


def missing() -> str:
    """Install the CLI where it is not installed; return what is missing for that, or nothing."""
    if PROGRAM.exists():
        return ""
    if not shutil.which("npm"):
        return "Heroku's CLI is not tested: there is no npm. Install Node.js 20 or later"
    with alone(PLACE.with_suffix(".lock")):
        if PROGRAM.exists():  # another process was first
            return ""
        print(f"installing Heroku's CLI {VERSION} below .local/ (once, about 30 s)", file=sys.stderr)  # noqa: T201
        beside = PLACE.with_suffix(".new")
        shutil.rmtree(beside, ignore_errors=True)
        flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        command = ["npm", "install", "--prefix", str(beside), *flags, f"heroku@{VERSION}"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            return f"Heroku's CLI is not tested: npm could not install it: {done.stderr.strip()[-500:]}"
        beside.rename(PLACE)
    return ""


if __name__ == "__main__":
    said = missing()
    if said and not os.environ.get("CI"):
        print(said, file=sys.stderr)  # noqa: T201
        said = ""
    sys.exit(said or 0)

"""The HTML validator: npm's html-validate in one version, installed once, below .local/."""

import json
import shutil
import subprocess
from pathlib import Path

from scripts.files import made_once

VERSION = "10.17.0"

PLACE = Path(__file__).resolve().parents[3] / ".local" / f"html-validate-{VERSION}"

PROGRAM = Path("node_modules/.bin/html-validate")

RULES = {
    "root": True,
    "extends": ["html-validate:recommended"],
    # A line of a request may end with a space: the page shows its bytes.
    "rules": {"no-trailing-whitespace": "off"},
}


def install() -> str:
    """Install it where it is not installed; return what is missing for that, or nothing."""
    if not shutil.which("npm"):
        return "there is no npm: install Node.js 20.19 or later"
    made_once(PLACE, _install, lambda place: (place / PROGRAM).exists())
    return ""


def complaints(folder: Path) -> list[str]:
    """Return what the validator has to say of the pages below a folder."""
    (folder / ".htmlvalidate.json").write_text(json.dumps(RULES))
    command = [str(PLACE / PROGRAM), "--formatter", "json", "**/*.html"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return [
        f"{found['filePath']}:{each['line']}: {each['ruleId']}: {each['message']}"
        for found in json.loads(done.stdout)
        for each in found["messages"]
    ]


def _install(beside: Path) -> None:
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    subprocess.run(["npm", "install", "--prefix", str(beside), *flags, f"html-validate@{VERSION}"], check=True)

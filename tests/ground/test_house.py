"""One word for one thing: what the names in scripts/ keep to, read from the code itself."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = PROJECT / "scripts"
MODULES = sorted(SCRIPTS.rglob("*.py"))

CUT = re.compile(r"(?<![a-z])cuts?(?![a-z])", re.IGNORECASE)
"""The word by itself, also as a part of a name: `first_cut`, `--cut`, but neither `shortcut` nor `execute`."""


def twice(names: Iterable[tuple[str, Path]]) -> dict[str, list[str]]:
    """Return what has a name that something else has too, with the places of both."""
    places = defaultdict(list)
    for name, path in names:
        places[name].append(str(path.relative_to(PROJECT)))
    return {name: found for name, found in places.items() if len(found) > 1}


def lines_with(word: re.Pattern[str], paths: Iterable[Path]) -> list[str]:
    """Return the lines that a word stands in, each with its place."""
    return [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if word.search(line)
    ]


def test_no_two_public_classes_have_one_name() -> None:
    """A class is called by its name alone wherever it is spoken of."""
    classes = (
        (node.name, path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert twice(classes) == {}


def test_no_two_modules_have_one_name() -> None:
    """But for the verbs, which are named after what the user types, and what Python itself names."""
    modules = ((path.stem, path) for path in MODULES if not path.stem.startswith("__"))
    assert twice((name, path) for name, path in modules if path.parent != SCRIPTS / "verbs") == {}


def test_a_request_is_split_and_never_cut() -> None:
    """Neither in a name nor in what is said to the user: the verb is "split"."""
    told = {".py", ".sh", ".html", ".in", ".css", ".j2", ".toml"}
    files = [path for folder in (SCRIPTS, PROJECT / "common") for path in folder.rglob("*") if path.suffix in told]
    assert lines_with(CUT, sorted([*files, PROJECT / "Makefile", PROJECT / "README.md"])) == []


def test_an_exchange_is_the_probes_alone() -> None:
    """Outside its room nobody speaks of one."""
    elsewhere = [path for path in MODULES if path.parent != SCRIPTS / "probe"]
    assert lines_with(re.compile(r"(?<!scripts\.probe\.)exchange(?! import)", re.IGNORECASE), elsewhere) == []

"""Which uvicorn a Python has, asked of that Python in a process of its own, isolated from this one's environment."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from scripts.errors import Failure, WrongUse
from scripts.history import which_uvicorn
from scripts.history.affected import ReleaseFinding, find
from scripts.history.asked import AskedRelease, read_asked
from scripts.history.rows import History
from scripts.matrix import PARSERS
from scripts.process import run

LIMIT_SECONDS = 30.0
"""How long a Python may take to say what it has."""

DISTRIBUTORS = frozenset({"debian", "dpkg", "rpm", "portage", "pacman", "apk"})
"""What the packages of distributions write into INSTALLER, where they write anything."""

DEBIAN = "/usr/lib/python3/dist-packages/"
"""Where packages of Debian and Ubuntu put their modules; pip puts its own elsewhere."""

BY_PATH = "import sys; del sys.path[0]; import runpy; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
"""Runs a file by its path, without the modules of its folder and of the working folder.

What a user installed for himself is there: `-I` would leave that out.
"""


class InstalledUvicorn(msgspec.Struct, frozen=True):
    """What a Python says of its uvicorn; each text is empty where there is none."""

    uvicorn: str
    parser: str
    versions: dict[str, str]
    place: str
    installer: str
    direct: bool
    """It was installed from an address or a folder, not from an index (PEP 610)."""

    @property
    def asked(self) -> AskedRelease:
        """The release that it says it is, with what must be said of that."""
        asked = read_asked(self.uvicorn)
        if self.place.startswith(DEBIAN) or self.installer.lower() in DISTRIBUTORS:
            note = "it is a distribution's package: patches of its own are not known here"
        elif self.direct:
            note = "it was installed from an address or a folder, and may differ from the release"
        else:
            return asked
        return AskedRelease(asked.version, asked.text, "; ".join(filter(None, (asked.note, note))))


@dataclass(frozen=True)
class Question:
    """Which Python is asked, and why that one."""

    python: str
    why: str


def chosen(python: str, environment: Mapping[str, str] = os.environ) -> Question:
    """Return the Python to ask: the one named, else that of the active environment, else python3 on the path.

    WrongUse where it is none that can be run.
    """
    active = environment.get("VIRTUAL_ENV", "")
    if python:
        word, why = python, f"PYTHON={python}"
    elif active:
        word, why = str(Path(active, "bin/python")), f"VIRTUAL_ENV={active}"
    else:
        word, why = "python3", "python3 on PATH"
    found = shutil.which(word, path=environment.get("PATH"))
    if not found:
        raise WrongUse(f"{why} is no Python that can be run", do="Name one: PYTHON=/path/of/python, or VERSION=0.15.0")
    return Question(found, why)


def look(question: Question) -> InstalledUvicorn:
    """Return what that Python has; Failure where it has no uvicorn, or does not answer."""
    do = "Name a Python that has one: PYTHON=/path/of/python, or a release: VERSION=0.15.0"
    what = f"{question.why} does not say which uvicorn it has"
    try:
        told = run(
            [question.python, "-E", "-c", BY_PATH, which_uvicorn.__file__, *PARSERS],
            what=what,
            do=do,
            limit=LIMIT_SECONDS,
        ).stdout
        found = msgspec.json.decode(told.splitlines()[-1] if told else b"", type=InstalledUvicorn)
    except (msgspec.DecodeError, UnicodeDecodeError):  # a ValidationError is one of the first
        raise Failure(what, found="it answers something else", do=do) from None
    if not found.uvicorn:
        raise Failure(f"{question.why} has no uvicorn", found=question.python, do=do)
    return found


def find_installed(history: History, question: Question, parser: str = "") -> ReleaseFinding:
    """Return what the history says of the uvicorn that a Python has, with the parser that it would take by itself.

    Raises what `look` and `find` raise.
    """
    found = look(question)
    finding = find(history, found.asked, parser or found.parser)
    notes = [f"that is what {question.python} has ({question.why})"]
    if parser and parser not in found.versions:
        notes.append(f"{parser} is not installed there")
    here = found.versions.get(finding.parser, "")
    then = finding.row.versions.get(finding.parser, "") if finding.row else ""
    if here and then and here != then:
        notes.append(f"it has {finding.parser} {here}, and was measured with {then}")
    return replace(finding, notes=(*notes, *finding.notes))

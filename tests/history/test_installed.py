"""Which uvicorn a Python has: real Pythons with real uvicorns are asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.errors import Failure, WrongUse
from scripts.history.installed import InstalledUvicorn, Question, chosen, look
from scripts.pins.environments import ready_environment
from tests.app.server import ENVIRONMENTS, Environment


def installed(*, place: str = "/home/me/venv/lib/uvicorn", installer: str = "pip", direct: bool = False) -> str:
    """Return what is said of a uvicorn that came in some way."""
    return InstalledUvicorn("0.15.0", "httptools", {}, place, installer, direct).asked.note


@pytest.fixture(scope="module")
def without_httptools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the environment of a current uvicorn in which nobody installed httptools."""
    folder = tmp_path_factory.mktemp("plain")
    blocks = ENVIRONMENTS["current"].lock.read_text("utf-8").replace("\\\n", "\\").split("\n")
    kept = [block for block in blocks if block.startswith(("uvicorn==", "h11==", "click=="))]
    lock = folder / "requirements.txt"
    lock.write_text("\n".join(kept).replace("\\", "\\\n") + "\n", "utf-8")
    return ready_environment(folder, ENVIRONMENTS["current"].python, lock) / "bin/python"


@pytest.mark.parametrize("place", ENVIRONMENTS.values(), ids=list(ENVIRONMENTS))
def test_a_python_says_which_uvicorn_it_has(place: Environment) -> None:
    """Old and new: its version, the parser that it takes, and what is there of each."""
    found = look(Question(str(place.programs / "python"), "PYTHON=x"))
    assert (found.uvicorn, found.parser) == (place.version("uvicorn"), "httptools")
    assert found.versions["httptools"] == place.version("httptools")
    assert found.versions["h11"] == place.version("h11")
    assert found.asked.note == ""


def test_without_httptools_it_takes_h11(without_httptools: Path) -> None:
    """As `pip install uvicorn` leaves it."""
    found = look(Question(str(without_httptools), "PYTHON=x"))
    assert (found.uvicorn, found.parser) == (ENVIRONMENTS["current"].version("uvicorn"), "h11")
    assert "httptools" not in found.versions


def test_modules_of_the_working_folder_are_not_looked_at(
    without_httptools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of PYTHONPATH: it is the environment's uvicorn that is meant."""
    (tmp_path / "httptools.py").write_text("raise SystemExit('must not be imported')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert look(Question(str(without_httptools), "PYTHON=x")).parser == "h11"


def test_a_uvicorn_that_was_installed_for_a_user_alone_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by `pip install --user`: what runs as `python3 -m uvicorn` is what is meant."""
    python = Path(sys.base_exec_prefix) / "bin/python3"
    monkeypatch.setenv("HOME", str(tmp_path))
    ask = "import site; print(site.getusersitepackages())"
    folder = Path(subprocess.run([python, "-E", "-c", ask], capture_output=True, text=True, check=True).stdout.strip())
    assert folder.is_relative_to(tmp_path)
    for path, text in {
        "uvicorn/__init__.py": '__version__ = "0.15.0"\n',
        "uvicorn-0.15.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: uvicorn\nVersion: 0.15.0\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    assert look(Question(str(python), "PYTHON=x")).uvicorn == "0.15.0"


def test_a_python_without_uvicorn_is_one_line() -> None:
    """With what to name instead."""
    with pytest.raises(Failure, match=r"^PYTHON=x has no uvicorn: .*VERSION=0.15.0"):
        look(Question(sys.executable, "PYTHON=x"))


def test_what_is_no_python_is_one_line(tmp_path: Path) -> None:
    """It answers something else, or nothing, or what is no text."""
    garbled = tmp_path / "garbled"
    garbled.write_text('#!/bin/sh\nprintf \'{"uvicorn": "\\377"}\'\n')
    garbled.chmod(0o755)
    for program in ("/bin/false", "/bin/true", "/bin/echo", str(garbled)):
        with pytest.raises(Failure, match="PYTHON=x does not say which uvicorn it has"):
            look(Question(program, "PYTHON=x"))


def test_the_active_environment_is_asked_unless_a_python_is_named(tmp_path: Path) -> None:
    """Else it is the python3 that a shell would run."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "active"], check=True)
    active = {"PATH": "/usr/bin:/bin", "VIRTUAL_ENV": str(tmp_path / "active")}
    assert chosen("", active) == Question(f"{tmp_path}/active/bin/python", f"VIRTUAL_ENV={tmp_path}/active")
    assert chosen(sys.executable, active) == Question(sys.executable, f"PYTHON={sys.executable}")
    assert chosen("", {"PATH": f"{tmp_path}/active/bin"}).python == f"{tmp_path}/active/bin/python3"


def test_a_python_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    """Whoever named it."""
    for python, environment in (
        (f"{tmp_path}/none", {}),
        ("", {"VIRTUAL_ENV": str(tmp_path)}),
        ("", {"PATH": "/none"}),
    ):
        with pytest.raises(WrongUse, match="is no Python that can be run"):
            chosen(python, environment)


def test_a_distributions_package_is_said_to_be_one() -> None:
    """By its place, or by what it says installed it; what pip put there itself is none."""
    known = "it is a distribution's package: patches of its own are not known here"
    assert installed(place="/usr/lib/python3/dist-packages/uvicorn/__init__.py", installer="") == known
    assert installed(installer="rpm") == known
    assert installed(place="/usr/local/lib/python3.10/dist-packages/uvicorn/__init__.py") == ""


def test_what_came_from_a_folder_may_differ_from_the_release() -> None:
    """Its version is what the folder says."""
    assert installed(direct=True) == "it was installed from an address or a folder, and may differ from the release"

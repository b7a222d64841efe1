"""The patched wheel: the same bytes everywhere, and a wheel as pip and uv take it."""

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import Failure
from scripts.matrix import Matrix, load
from scripts.pins import lockfile
from scripts.pins import patched_wheel as wheel
from scripts.pins.environments import ready_environment
from scripts.pins.patched_wheel import Entry, patched_wheel

REPOSITORY = Path(__file__).parents[2]

TOOLS = "common/runtimes/python3.8-tools.txt"

NAMES = st.text(st.characters(exclude_categories=["C"], exclude_characters="\\/:"), min_size=1, max_size=12)
DATES = st.tuples(
    st.integers(1980, 2107), st.integers(1, 12), st.integers(1, 28), st.integers(0, 23), st.integers(0, 59), st.just(58)
)
ENTRIES = st.dictionaries(NAMES, st.builds(Entry, st.binary(max_size=40), DATES), max_size=4)

BUILD = """
import sys
from pathlib import Path
from scripts.matrix import load
from scripts.pins.patched_wheel import patched_wheel
root = Path(sys.argv[1])
sys.stdout.write(patched_wheel(root, load(root).one("patched")).sha256)
"""


def committed_hash() -> str:
    """Return the SHA-256 of the patched wheel that the committed pins hold."""
    pins = lockfile.pins((REPOSITORY / "variants/patched/requirements.txt").read_text())
    ((kind_and_digits,),) = (pin.hashes for pin in pins if pin.name == "uvicorn")
    return kind_and_digits.removeprefix("sha256:")


def refusal(matrix: Matrix) -> str:
    """Return the message with which the patched wheel is not made."""
    with pytest.raises(Failure) as failure:
        patched_wheel(matrix.root, matrix.one("patched"))
    return "\n".join([*failure.value.lines, failure.value.message])


def archive(matrix: Matrix) -> zipfile.ZipFile:
    """Return the patched wheel, opened."""
    return zipfile.ZipFile(io.BytesIO(patched_wheel(matrix.root, matrix.one("patched")).content))


@given(entries=ENTRIES)
def test_what_is_packed_is_read_again(entries: dict[str, Entry]) -> None:
    """Packing and reading give the same files, contents and dates, in the same order, and the same bytes each time."""
    packed = wheel.pack(entries)
    assert list(wheel.read(packed).items()) == list(entries.items())
    assert wheel.pack(entries) == packed


@pytest.mark.parametrize(("umask", "zone"), [(0o022, "UTC"), (0o077, "Asia/Kolkata"), (0o000, "America/Caracas")])
def test_the_wheel_is_the_same_on_every_machine(checkout: Path, tmp_path: Path, umask: int, zone: str) -> None:
    """Folder, temporary folder, umask and time zone do not matter: the wheel is the one that is pinned."""
    scratch = tmp_path / f"scratch of {umask}"
    scratch.mkdir()
    env = {**os.environ, "TMPDIR": str(scratch), "TZ": zone, "PYTHONPATH": str(REPOSITORY), "LC_ALL": "C"}
    built = subprocess.run(
        [sys.executable, "-c", BUILD, checkout], env=env, umask=umask, check=True, capture_output=True, text=True
    )
    assert built.stdout == committed_hash()


def test_git_settings_and_repositories_around_do_not_matter(
    matrix: Matrix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who converts line ends, and works in a folder of a repository, gets the same wheel."""
    around = tmp_path / "around"
    subprocess.run(["git", "init", "--quiet", around], check=True)
    config = tmp_path / "gitconfig"
    attributes = tmp_path / "attributes"
    attributes.write_text("* text eol=crlf\n")
    config.write_text(f'[core]\n\tautocrlf = true\n\teol = crlf\n\tattributesFile = "{attributes}"\n')
    (around / ".git/info/attributes").write_text("* text eol=crlf\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", str(around / ".git"))
    monkeypatch.setattr("tempfile.tempdir", str(around))
    assert patched_wheel(matrix.root, matrix.one("patched")).sha256 == committed_hash()


def test_nothing_is_deflated_and_all_modes_are_set(matrix: Matrix) -> None:
    """Every entry is stored, as a plain file that all may read, whatever the machine."""
    with archive(matrix) as opened:
        found = {(info.compress_type, info.create_system, info.external_attr >> 16) for info in opened.infolist()}
    assert found == {(zipfile.ZIP_STORED, 3, 0o100644)}


def test_dates_are_the_released_wheels_own(matrix: Matrix) -> None:
    """No entry bears the time at which it was packed."""
    with archive(matrix) as opened:
        assert {info.date_time[:3] for info in opened.infolist()} == {(2020, 7, 31)}


def test_record_tells_each_file(matrix: Matrix) -> None:
    """RECORD, the last entry, lists every file with its true hash and size, and itself without."""
    with archive(matrix) as opened:
        names = opened.namelist()
        rows = list(csv.reader(io.StringIO(opened.read(names[-1]).decode())))
        contents = {name: opened.read(name) for name in names[:-1]}
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()) for name, data in contents.items()}
    expected = [[name, f"sha256={digests[name].rstrip(b'=').decode()}", str(len(contents[name]))] for name in contents]
    assert rows == [*expected, ["uvicorn-0.11.8+issue344.1.dist-info/RECORD", "", ""]]


def test_only_the_patched_file_and_the_label_differ(matrix: Matrix) -> None:
    """Beside its metadata, the wheel differs from the released one in the file that the patch names."""
    variant = matrix.one("patched")
    assert variant.patch
    built = wheel.read(patched_wheel(matrix.root, variant).content)
    (kept,) = (matrix.root / ".local/wheels" / variant.patch.released_sha256).iterdir()
    released = wheel.read(kept.read_bytes())
    changed = {
        name
        for name, entry in released.items()
        if built.get(name.replace("0.11.8.dist-info", "0.11.8+issue344.1.dist-info")) != entry
    }
    about = "uvicorn-0.11.8.dist-info"
    assert changed == {"uvicorn/protocols/http/httptools_impl.py", f"{about}/METADATA", f"{about}/RECORD"}


def test_installers_see_the_labelled_version(patched_environment: Path) -> None:
    """The wheel, installed by uv, shows its labelled version and what it requires."""
    asked = "import importlib.metadata as m; print(m.version('uvicorn'), m.requires('uvicorn')[0])"
    printed = subprocess.check_output([patched_environment / "bin/python", "-c", asked], text=True)
    assert printed.split() == ["0.11.8+issue344.1", "click", "(==7.*)"]


def test_pip_installs_and_checks_it(matrix: Matrix, patched_environment: Path, tmp_path: Path) -> None:
    """The runtime's pip takes the wheel by its hash, and finds nothing broken where it is installed."""
    built = patched_wheel(matrix.root, matrix.one("patched"))
    (tmp_path / built.name).write_bytes(built.content)
    wanted, target = tmp_path / "r.txt", tmp_path / "to"
    wanted.write_text(f"uvicorn==0.11.8+issue344.1 --hash=sha256:{built.sha256}\n")
    tools = ready_environment(matrix.root / ".local/environments", "3.8", matrix.root / TOOLS)
    env = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def pip(*words: str | Path) -> str:
        args: list[str | Path] = [tools / "bin/python", "-I", "-m", "pip", *words]
        return subprocess.check_output(args, env=env, text=True)

    pip("install", "--no-deps", "--no-index", "--require-hashes", "-f", tmp_path, "-r", wanted, "-t", target)
    assert (target / "uvicorn/protocols/http/httptools_impl.py").exists()
    assert pip("--python", patched_environment / "bin/python", "check") == "No broken requirements found.\n"


def test_a_changed_file_in_the_cache_is_refused(matrix: Matrix, shared: Path) -> None:
    """A kept wheel whose bytes were changed is not used; the message says which file to remove."""
    patched_wheel(matrix.root, matrix.one("patched"))
    variant = matrix.one("patched")
    assert variant.patch
    (matrix.root / ".local/wheels").unlink()
    (kept,) = (shared / "wheels" / variant.patch.released_sha256).iterdir()
    place = matrix.root / ".local/wheels" / variant.patch.released_sha256 / kept.name
    place.parent.mkdir(parents=True)
    place.write_bytes(kept.read_bytes() + b"x")
    where = place.relative_to(matrix.root)
    assert refusal(matrix) == f"{where} was changed: its SHA-256 is another. Remove it: rm {where}"


def test_a_kept_wheel_needs_no_network(matrix: Matrix, request: pytest.FixtureRequest) -> None:
    """What was fetched once is used from then on."""
    patched_wheel(matrix.root, matrix.one("patched"))
    request.getfixturevalue("no_network")
    assert patched_wheel(matrix.root, matrix.one("patched")).sha256 == committed_hash()


@pytest.mark.usefixtures("no_network")
def test_a_missing_network_is_said_so(matrix: Matrix) -> None:
    """Where nothing is kept and nothing can be fetched, the message says that it is the network."""
    (matrix.root / ".local/wheels").unlink()
    assert "Connection refused" in refusal(matrix)


def test_a_hash_that_does_not_match_is_said_so(checkout: Path) -> None:
    """A released wheel with another hash than the pinned one is refused, and not kept."""
    toml = checkout / "variants/patched/variant.toml"
    toml.write_text(toml.read_text().replace('"4b70', '"5b70'))
    shown = refusal(load(checkout))
    assert "uvicorn==0.11.8 cannot be fetched" in shown
    assert "Got        4b70" in shown
    assert not list((checkout / ".local/wheels").glob("5b70*"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-        self.expect_100_continue = False", "-        self.expect_100_continue = None"),
        ("@@ -", "@@ -x"),
    ],
)
def test_a_patch_that_does_not_fit_is_named(checkout: Path, old: str, new: str) -> None:
    """A patch against other lines, or one that is no patch, ends in one line with the patch's name."""
    patch = checkout / "variants/patched/patches/0001-parse-the-whole-url.patch"
    text = patch.read_text()
    assert old in text
    patch.write_text(text.replace(old, new))
    message = refusal(load(checkout))
    assert message.startswith("error: ")
    assert "patches/0001-parse-the-whole-url.patch does not apply to the released wheel" in message

"""The doctor: dates and pinned files, held against what is known of them."""

import functools
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from scripts.errors import Failure, WrongUse
from scripts.matrix import load
from scripts.pins import pip_settings
from scripts.pins.pythons import fetchable
from scripts.releases import doctor
from scripts.releases.index_files import NoIndex, listing
from scripts.releases.pinned_files import IndexFile, Wanted, judge, supported_tags
from scripts.releases.support import SOON, Finding, Level, debian_of, runtime_findings, staleness
from scripts.runtimes import Runtime
from scripts.verbs.doctor import command

PROJECT = Path(__file__).resolve().parents[2]
SUPPORT = doctor.read_support(PROJECT)
TODAY = date(2026, 11, 22)

CONTAINER = Runtime(
    python="3.8", stack="container", uvicorn="", app=(), tools=(), image="python:3.8-slim-bookworm", name="old"
)
BUILDPACK = Runtime(python="3.13", stack="heroku-24", uvicorn="", app=(), tools=(), name="current")

HASH = "a" * 64
OTHER = "b" * 64
WANTED = Wanted("pkg", Version("1.0"), frozenset([HASH]), "3.8", "2.36", "v0.12.0", "make pin VARIANT=v0.12.0")
WHEEL = IndexFile("pkg-1.0-cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", HASH)


def levels(findings: list[Finding]) -> list[Level]:
    """Return the levels of what was found beyond the summary."""
    return [finding.level for finding in findings if finding.subject != "pins"]


def about(runtime: Runtime, today: date = TODAY) -> dict[str, Level]:
    """Return text → level of what is said of a runtime on a day."""
    return {finding.text: finding.level for finding in runtime_findings(runtime, SUPPORT, today)}


def test_the_old_python_of_a_container_is_a_fact_and_no_alarm() -> None:
    """Python 3.8 has ended and its variants need it: that is said with its date, and nothing is to be done."""
    said = about(CONTAINER)
    (text,) = (text for text in said if "Python 3.8" in text)
    assert "2024-10-07" in text
    assert said[text] is Level.NOTE
    assert not any(level.pressing for level in said.values())


def test_a_container_ends_with_its_images_debian() -> None:
    """Heroku sets the container stack no end; what ends is the Debian in it, on its last day plus one."""
    until = SUPPORT.debians["bookworm"].until
    assert Level.SOON in about(CONTAINER, until).values()
    assert Level.GONE in about(CONTAINER, until + timedelta(days=1)).values()
    assert not any("buildpack" in text for text in about(CONTAINER))


@pytest.mark.parametrize(
    ("python", "level"), [("3.14", Level.OK), ("3.10", Level.SOON), ("3.9", Level.GONE), ("3.8", Level.GONE)]
)
def test_the_buildpacks_pythons_decide_for_its_runtimes(python: str, level: Level) -> None:
    """A supported Python is well, a deprecated one must be left soon, and one that is gone now."""
    said = about(msgspec.structs.replace(BUILDPACK, python=python))
    assert next(value for text, value in said.items() if "buildpack" in text) is level


def test_a_stacks_end_is_announced_a_year_ahead() -> None:
    """It is well until then, to be done soon until its last day, and gone from the day after."""
    until = SUPPORT.stacks["heroku-24"].until
    days = [until - SOON - timedelta(days=1), until - SOON, until, until + timedelta(days=1)]
    found = [next(level for text, level in about(BUILDPACK, day).items() if "heroku-24" in text) for day in days]
    assert found == [Level.OK, Level.SOON, Level.SOON, Level.GONE]


@pytest.mark.parametrize(
    "runtime",
    [
        msgspec.structs.replace(BUILDPACK, stack="heroku-99"),
        msgspec.structs.replace(BUILDPACK, python="3.99"),
        msgspec.structs.replace(CONTAINER, image="python:3.8-slim-someday"),
        msgspec.structs.replace(CONTAINER, image="python:3.8"),
    ],
    ids=["stack", "python", "debian", "no debian named"],
)
def test_what_the_data_does_not_know_is_said(runtime: Runtime) -> None:
    """A runtime that common/support.toml has no date for is never taken to be well."""
    assert Level.UNKNOWN in about(runtime).values()


def test_every_date_on_record_is_looked_at_again_after_a_year() -> None:
    """Dates that nobody compared with their sources for a year are themselves a finding."""
    assert list(staleness(SUPPORT, SUPPORT.compared + timedelta(days=365))) == []
    (old,) = staleness(SUPPORT, SUPPORT.compared + timedelta(days=366))
    assert old.level is Level.SOON


def test_every_runtime_of_this_project_is_known() -> None:
    """common/support.toml has all that the runtimes stand on."""
    findings = [f for runtime in load(PROJECT).runtimes for f in runtime_findings(runtime, SUPPORT, SUPPORT.compared)]
    assert findings
    assert Level.UNKNOWN not in {finding.level for finding in findings}


@given(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.sampled_from(["", "@sha256:" + HASH]))
def test_an_images_debian_is_the_end_of_its_tag(name: str, pinned: str) -> None:
    """Whatever it is called, and whether or not the image is pinned by its digest."""
    assert debian_of(f"docker.example/python:3.8-slim-{name}{pinned}") == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("compared = 2026-11-22\nsurprise = 1\n", "surprise"),
        ("compared = 'soon'\n", "compared"),
        ("compared = 2026-11-22\n", "pythons"),
        ("=", "wrong"),
    ],
)
def test_wrong_data_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """An unknown key, a wrong type, a missing table and no TOML at all each give one line."""
    (tmp_path / "common").mkdir()
    (tmp_path / "common/support.toml").write_text(text)
    with pytest.raises(WrongUse, match=said):
        doctor.read_support(tmp_path)


def test_a_date_without_a_source_is_refused(tmp_path: Path) -> None:
    """Every table must say where its dates are from."""
    (tmp_path / "common").mkdir()
    text = (PROJECT / "common/support.toml").read_text("utf-8")
    (tmp_path / "common/support.toml").write_text(text.replace('source = "https://wiki.debian.org/LTS"\n', "", 1))
    with pytest.raises(WrongUse, match="source"):
        doctor.read_support(tmp_path)


def test_a_pinned_wheel_that_is_there_is_well() -> None:
    """Nothing is said but that it can be had."""
    (finding,) = judge([WANTED], {"pkg": [WHEEL]})
    assert (finding.level, finding.text) == (Level.OK, "1 of 1 pinned releases can be had")


@pytest.mark.parametrize(
    ("files", "level", "said"),
    [
        ([], Level.GONE, "has it no more"),
        ([replace(WHEEL, name=WHEEL.name.replace("1.0", "1.1"), sha256=OTHER)], Level.GONE, "has it no more"),
        ([replace(WHEEL, sha256=OTHER)], Level.GONE, "pinned hash"),
        ([replace(WHEEL, yanked=True, reason="breaks\nall")], Level.GONE, "yanked: breaks all"),
        ([IndexFile("pkg-1.0-cp39-cp39-manylinux_2_17_x86_64.whl", HASH)], Level.GONE, "no file of it installs"),
        ([IndexFile("pkg-1.0-cp38-cp38-manylinux_2_39_x86_64.whl", HASH)], Level.GONE, "no file of it installs"),
        ([IndexFile("pkg-1.0-cp38-cp38-macosx_11_0_arm64.whl", HASH)], Level.GONE, "no file of it installs"),
        ([replace(WHEEL, requires_python=">=3.9")], Level.GONE, "no file of it installs"),
        ([IndexFile("pkg-1.0.tar.gz", HASH)], Level.NOTE, "built from source"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_pin_that_does_not_hold_is_told_apart(files: list[IndexFile], level: Level, said: str) -> None:
    """Removed, replaced, yanked, not for this Python, not for this glibc and to be built are different facts."""
    (finding,) = (finding for finding in judge([WANTED], {"pkg": files}) if finding.subject != "pins")
    assert finding.level is level
    assert said in finding.text
    assert "v0.12.0" in finding.text
    assert (WANTED.mend in finding.do) == level.pressing


@pytest.mark.parametrize(
    "file",
    [
        IndexFile("pkg-1.0-py2.py3-none-any.whl", HASH),
        IndexFile("pkg-1.0-cp36-abi3-manylinux2010_x86_64.whl", HASH),
        replace(WHEEL, requires_python=">=3.8.1"),
        replace(WHEEL, requires_python="nonsense"),
    ],
    ids=["pure", "stable ABI", "a later patch release", "unreadable"],
)
def test_a_wheel_that_pip_would_take_is_taken(file: IndexFile) -> None:
    """Pure wheels, those of the stable ABI, and those whose Requires-Python some 3.8 satisfies."""
    assert levels(judge([WANTED], {"pkg": [file]})) == []


def test_a_pinned_file_that_is_gone_and_not_needed_is_a_note() -> None:
    """The wheel is there; a file for another system is not."""
    wanted = replace(WANTED, hashes=frozenset([HASH, OTHER]))
    assert levels(judge([wanted], {"pkg": [WHEEL]})) == [Level.NOTE]


def test_what_several_variants_pin_is_said_once() -> None:
    """One line names all of them."""
    twice = [WANTED, replace(WANTED, where="v0.12.1", mend="make pin VARIANT=v0.12.1")]
    (finding,) = (finding for finding in judge(twice, {"pkg": []}) if finding.subject != "pins")
    assert "v0.12.0, v0.12.1" in finding.text
    assert "make pin VARIANT=v0.12.0 && make pin VARIANT=v0.12.1" in finding.do


def test_the_tags_are_those_of_the_python_that_is_asked_about() -> None:
    """Not of the one that runs the tooling, and never of a newer glibc."""
    tags = {str(tag) for tag in supported_tags("3.8", "2.17")}
    assert {"cp38-cp38-manylinux2014_x86_64", "cp38-cp38-manylinux1_x86_64", "py3-none-any"} <= tags
    assert not any("manylinux_2_18" in tag or "cp39" in tag or "cp311" in tag for tag in tags)


def test_a_python_that_uv_has_can_be_had_and_another_cannot() -> None:
    """It says so without a network."""
    assert fetchable("3.8")
    assert not fetchable("3.2")


class Index(BaseHTTPRequestHandler):
    """A package index (PEP 691) that has `there`, answers nonsense for `nonsense`, and knows no other package."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        """Answer."""
        name = self.path.strip("/").rpartition("/")[2]
        bodies = {
            "there": json.dumps(
                {
                    "meta": {"api-version": "1.1"},
                    "name": "there",
                    "versions": ["1.0"],
                    "files": [
                        {
                            "filename": "there-1.0-py3-none-any.whl",
                            "url": "there-1.0-py3-none-any.whl",
                            "hashes": {"sha256": HASH},
                            "requires-python": ">=3.8",
                            "yanked": "a mistake",
                            "size": 1,
                        }
                    ],
                }
            ),
            "nonsense": "[1, 2",
        }
        body = bodies.get(name, "").encode()
        status = 200 if name in bodies else 500 if name == "broken" else 404
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """Run the index, and have the user's pip ask it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=functools.partial(server.serve_forever, 0.01))
        thread.start()
        asked = {"index-url": f"http://127.0.0.1:{server.server_port}/simple/", "extra-index-url": "file:///none"}
        monkeypatch.setattr(pip_settings, "read", lambda: asked)
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("index")
def test_the_index_of_the_users_pip_is_asked() -> None:
    """What it lists comes with hash, Requires-Python and the reason of a yank; a package it lacks has no files."""
    found = listing(["there", "missing", "there"])
    file = IndexFile("there-1.0-py3-none-any.whl", HASH, ">=3.8", yanked=True, reason="a mistake")
    assert found.files == {"there": (file,), "missing": ()}
    assert found.unclear == {}


@pytest.mark.usefixtures("index")
def test_an_answer_that_makes_no_sense_concerns_its_package_alone() -> None:
    """The others are still read."""
    found = listing(["nonsense", "broken", "there"])
    assert set(found.files) == {"there"}
    assert "makes no sense" in found.unclear["nonsense"]
    assert "500" in found.unclear["broken"]


def test_an_index_that_is_down_is_said_at_once(index: ThreadingHTTPServer) -> None:
    """One line, for all packages."""
    index.server_close()
    with pytest.raises(NoIndex, match="the package index does not answer"):
        listing(["there", "missing"])


def test_the_patched_variant_asks_for_the_release_that_it_is_made_from(tmp_path: Path) -> None:
    """Nobody has the patched wheel; the released one must be to be had, with its hash. Every compiled file is asked."""
    for name in ("common", "variants", "scripts", "tests"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    wanted = list(doctor.wanted_files(load(tmp_path), SUPPORT))
    patched = next(want for want in wanted if want.where == "patched" and want.package == "uvicorn")
    assert patched.version == Version("0.11.8")
    patch = load(tmp_path).one("patched").patch
    assert patch
    assert patched.hashes == {patch.released_sha256}
    assert {want.where for want in wanted} >= {v.name for v in load(tmp_path).variants} | {"scripts/requirements.txt"}


def test_without_an_index_the_verb_says_what_it_could_not_do(
    index: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """That is no all-clear: it fails, with one line for it; told to leave it out, it passes and says so."""
    index.server_close()
    monkeypatch.setattr(doctor, "locate", lambda version: Path("/usr/bin", f"python{version}"))
    with pytest.raises(Failure, match="something needs doing now: 1 of "):
        command.main([], obj=PROJECT, standalone_mode=False)
    (line,) = (line for line in capfd.readouterr().out.splitlines() if line.startswith("unknown"))
    assert "does not answer" in line
    assert "OFFLINE=1" in line
    command.main(["--offline", "--json"], obj=PROJECT, standalone_mode=False)
    found = json.loads(capfd.readouterr().out)
    assert {"pins"} == {each["subject"] for each in found if "OFFLINE=1" in each["text"]}
    assert {"level", "subject", "text", "do", "until", "source"} == set(found[0])


def test_the_verb_fails_when_something_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is nowhere needs doing now."""
    monkeypatch.setattr(doctor, "locate", lambda _: None)
    monkeypatch.setattr(doctor, "fetchable", lambda version: version == "3.8")
    with pytest.raises(Failure, match="something needs doing now: 1 of "):
        command.main(["--offline"], obj=PROJECT, standalone_mode=False)

"""The doctor: dates and pinned files, held against what is known of them."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import Failure, WrongUse
from scripts.matrix import load
from scripts.pins import pip_settings
from scripts.pins.jobs import Job, all_jobs
from scripts.pins.pythons import fetchable
from scripts.releases import doctor
from scripts.releases.support import SOON, Finding, Level, debian_of, runtime_findings, staleness
from scripts.runtimes import Runtime
from scripts.verbs.doctor import command
from tests.pins.fake_index import Answer, file, lists, send, serving
from tests.pins.test_environments import write_wheel

PROJECT = Path(__file__).resolve().parents[2]
SUPPORT = doctor.read_support(PROJECT)
TODAY = date(2026, 11, 22)

CONTAINER = Runtime(
    python="3.8", stack="container", uvicorn="", app=(), tools=(), image="python:3.8-slim-bookworm", name="old"
)
BUILDPACK = Runtime(python="3.13", stack="heroku-24", uvicorn="", app=(), tools=(), name="current")


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
    assert until
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
    assert until
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


@given(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.sampled_from(["", f"@sha256:{'a' * 64}"]))
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


def test_an_end_that_no_source_names_is_said_and_is_no_alarm() -> None:
    """A stack may be too new for that."""
    said = about(msgspec.structs.replace(BUILDPACK, stack="heroku-26"))
    (text,) = (text for text in said if "heroku-26" in text)
    assert "no source names its end" in text
    assert said[text] is Level.NOTE


def test_what_holds_of_heroku_as_a_whole_is_said() -> None:
    """That it is kept up and no more, and where there are no containers."""
    said = " ".join(f"{f.subject} {f.text}" for f in doctor.check_runtimes(load(PROJECT), SUPPORT, TODAY))
    assert "sustaining mode" in said
    assert "Fir" in said


def test_a_python_that_uv_has_can_be_had_and_another_cannot() -> None:
    """It says so without a network."""
    assert fetchable("3.8")
    assert not fetchable("3.2")


LOCK = "requirements.txt"
PURE = "pkg-1.0-py3-none-any.whl"
BUILT = "pkg-1.0-cp38-cp38-{}.whl"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a compiled file for a wheel that an index may or may not have; uv and pip keep nothing of other tests."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, "")
    (tmp_path / LOCK).write_text(write_wheel(tmp_path / "wheels", "pkg", "hello"))
    yield tmp_path / LOCK
    pip_settings.read.cache_clear()


def index_of(lock: Path, *files: dict[str, Any]) -> Answer:
    """Return an index that lists these files of pkg, each of which is the pinned wheel, and has no other package."""

    def answer(handler: BaseHTTPRequestHandler, name: str) -> None:
        if name.endswith(".whl"):
            send(handler, (lock.parent / "wheels" / PURE).read_bytes(), "application/octet-stream")
        elif name == "pkg" and files:
            lists(list(files))(handler, name)
        else:
            send(handler, b"", "text/plain", 404)

    return answer


def listed(lock: Path, name: str = PURE, **more: Any) -> dict[str, Any]:
    """Return the index's entry of the pinned wheel, under a name."""
    return file(name, **{"hashes": {"sha256": lock.read_text().strip().rpartition(":")[2]}, **more})


def asked(lock: Path, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> Finding:
    """Return what the doctor says of the compiled file while the index that pip is told of answers so."""
    job = Job(LOCK, "requirements.in", "3.8", "", "make pin VARIANT=v0.12.0")
    with serving(answer) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        pip_settings.read.cache_clear()
        return doctor.installable(replace(load(PROJECT), root=lock.parent), SUPPORT, job)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"name": "pkg-1.0-py2.py3-none-any.whl"},
        {"name": "pkg-1.0-cp36-abi3-manylinux2010_x86_64.whl"},
        {"name": BUILT.format("manylinux_2_28_x86_64")},
        {"requires-python": ">=3.8.1"},
    ],
    ids=["there", "pure", "stable ABI", "its very glibc", "a later patch release"],
)
def test_a_pin_that_can_be_installed_is_well(
    lock: Path, entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pure wheels, those of the stable ABI, and those whose Requires-Python some 3.8 satisfies."""
    finding = asked(lock, index_of(lock, listed(lock, **entry)), monkeypatch)
    assert (finding.level, finding.text) == (Level.OK, "can be installed on Python 3.8 and glibc 2.28")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (None, "pkg"),
        ({"name": "pkg-1.1-py3-none-any.whl"}, "pkg==1.0"),
        ({"yanked": "breaks all"}, "breaks all"),
        ({"name": "pkg-1.0-cp39-cp39-manylinux_2_17_x86_64.whl"}, "pkg==1.0"),
        ({"name": BUILT.format("manylinux_2_39_x86_64")}, "pkg==1.0"),
        ({"name": BUILT.format("macosx_11_0_arm64")}, "pkg==1.0"),
        ({"requires-python": ">=3.9"}, "3.9"),
    ],
    ids=["no package", "another release", "yanked", "Python", "glibc", "system", "Requires-Python"],
)
def test_a_pin_that_does_not_hold_is_gone_in_uvs_own_words(
    lock: Path, entry: dict[str, Any] | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed, yanked, not for this Python, glibc or system: uv says which, and the doctor what to do."""
    files = [] if entry is None else [listed(lock, **entry)]
    finding = asked(lock, index_of(lock, *files), monkeypatch)
    assert finding.level is Level.GONE
    assert finding.subject == LOCK
    assert any(said in line for line in finding.lines)
    assert finding.do == "Pin another release in requirements.in, then: make pin VARIANT=v0.12.0"


def test_what_uv_has_kept_does_not_count(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release whose file was replaced or removed is gone, also on the machine that installed it yesterday."""
    entry = listed(lock)
    there = [entry]

    def answer(handler: BaseHTTPRequestHandler, name: str) -> None:
        index_of(lock, *there)(handler, name)

    job = Job(LOCK, "requirements.in", "3.8", "", "make pin")
    with serving(answer) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        pip_settings.read.cache_clear()
        matrix = replace(load(PROJECT), root=lock.parent)
        assert doctor.installable(matrix, SUPPORT, job).level is Level.OK
        pinned = write_wheel(lock.parent / "wheels", "pkg", "another")
        for listed_hash in (entry["hashes"]["sha256"], pinned.strip().rpartition(":")[2]):
            there[:] = [entry | {"hashes": {"sha256": listed_hash}}]
            replaced = doctor.installable(matrix, SUPPORT, job)
            assert replaced.level is Level.GONE, listed_hash
            assert any("pkg" in line for line in replaced.lines)
        there.clear()
        assert doctor.installable(matrix, SUPPORT, job).level is Level.GONE


@pytest.mark.usefixtures("lock")
def test_every_compiled_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On an index that has uvicorn's page and nothing else, none can be installed: the patched variant's neither."""

    def answer(handler: BaseHTTPRequestHandler, name: str) -> None:
        files = lists([file("uvicorn-99.0-py3-none-any.whl")])
        files(handler, name) if name == "uvicorn" else send(handler, b"", "text/plain", 404)

    with serving(answer) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        pip_settings.read.cache_clear()
        found = doctor.check_pins(load(PROJECT), SUPPORT)
    assert [finding.subject for finding in found] == [job.path for job in all_jobs(load(PROJECT))]
    assert {finding.level for finding in found} == {Level.GONE}
    (patched,) = (finding for finding in found if "patched" in finding.subject)
    assert "the released wheel of uvicorn==0.11.8 cannot be fetched" in patched.text


def test_the_patched_variant_is_made_from_what_the_index_still_has() -> None:
    """Nobody has the patched wheel itself: it is made anew, and uv is given it."""
    matrix = load(PROJECT)
    (job,) = (job for job in all_jobs(matrix) if job.variant and job.variant.patch)
    assert doctor.installable(matrix, SUPPORT, job).level is Level.OK


def test_without_an_index_the_verb_says_what_it_could_not_do(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """That is no all-clear: it fails, with one line for it; told to leave it out, it passes and says so."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = {"index-url": f"http://127.0.0.1:{gone.getsockname()[1]}/simple"}
    monkeypatch.setattr(pip_settings, "read", lambda: nobody)
    monkeypatch.setattr(doctor, "locate", lambda version: Path("/usr/bin", f"python{version}"))
    with pytest.raises(Failure, match="something needs doing now: 1 of "):
        command.main([], obj=PROJECT, standalone_mode=False)
    (line,) = (line for line in capfd.readouterr().out.splitlines() if line.startswith("unknown"))
    assert "does not answer" in line
    assert "OFFLINE=1" in line
    command.main(["--offline", "--json"], obj=PROJECT, standalone_mode=False)
    found = json.loads(capfd.readouterr().out)
    assert {"pins"} == {each["subject"] for each in found if "OFFLINE=1" in each["text"]}
    assert {"level", "subject", "text", "do", "until", "source", "lines"} == set(found[0])


def test_the_verb_fails_when_something_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is nowhere needs doing now."""
    monkeypatch.setattr(doctor, "locate", lambda _: None)
    monkeypatch.setattr(doctor, "fetchable", lambda version: version == "3.8")
    with pytest.raises(Failure, match="something needs doing now: 1 of "):
        command.main(["--offline"], obj=PROJECT, standalone_mode=False)

"""The files for programs: they keep to their schemas, agree with `make affected`, and say what is a draft."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from packaging.version import Version

from scripts.history.affected import find
from scripts.history.affected_words import sentence
from scripts.history.asked import read_asked
from scripts.matrix import load
from scripts.report.site.issue_spans import issue_spans
from scripts.report.site.osv import osv_record
from tests.history.samples import story
from tests.report.site.osv_schema import read_schema
from tests.report.site.sample import releases, sample

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def records(files: dict[str, str]) -> dict[str, Any]:
    """Read the record of each release."""
    return {release: json.loads(files[f"api/{release}.json"]) for release in releases()}


def test_each_record_keeps_to_the_schema(files: dict[str, str], records: dict[str, Any]) -> None:
    """The schema is one of JSON Schema's own, and refuses a record without its answer."""
    schema = json.loads(files["api/schema.json"])
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    assert [error.message for record in records.values() for error in check.iter_errors(record)] == []
    broken = records["0.16.0"] | {"parsers": {"httptools": {"standing": "fine"}}}
    assert not check.is_valid(broken)


def test_a_record_says_what_make_affected_says(records: dict[str, Any]) -> None:
    """For each parser of the release."""
    for release in ("0.12.1", "0.16.0", "0.17.5", "0.54.0"):
        for parser, told in records[release]["parsers"].items():
            assert told["text"] == sentence(find(sample(), read_asked(release), parser))


def test_a_record_has_each_outcome_with_its_offsets(records: dict[str, Any]) -> None:
    """What is in no range is intact."""
    form = records["0.16.0"]["parsers"]["httptools"]["cases"]["form"]
    assert (form["bytes"], form["worst"], form["offsets"]) == (3927, "dropped", {"dropped": [[5, 3905]]})
    assert records["0.17.5"]["parsers"]["httptools"]["cases"]["form"]["offsets"] == {}
    assert records["0.12.1"]["parsers"]["httptools"]["cases"]["pipelined"]["joined"] == "hung"


def test_a_release_that_was_not_measured_says_why(records: dict[str, Any], files: dict[str, str]) -> None:
    """Its badge is neither green nor red."""
    assert records["0.0.1"]["parsers"] == {}
    assert records["0.0.1"]["reason"].startswith("it does not start")
    assert json.loads(files["api/badge/0.0.1.json"])["message"] == "unknown"


def test_the_index_lists_every_release_with_files_that_are_there(files: dict[str, str]) -> None:
    """The addresses in it begin where it stands."""
    index = json.loads(files["api/index.json"])
    assert list(index["releases"]) == releases()
    assert index["newest"] == "0.54.0"
    assert {f"api/{each[kind]}" for each in index["releases"].values() for kind in ("record", "badge")} <= files.keys()
    assert index["issue"]["httptools"] == [{"first": "0.0.5", "last": "0.17.4", "fixed": "0.17.5"}]


@pytest.mark.parametrize(
    ("release", "message"), [("0.16.0", "affected with httptools"), ("0.30.1", "intact with httptools")]
)
def test_a_badge_keeps_to_the_endpoint_of_shields(files: dict[str, str], release: str, message: str) -> None:
    """The fields that it demands, and a colour."""
    badge = json.loads(files[f"api/badge/{release}.json"])
    assert badge.keys() == {"schemaVersion", "label", "message", "color"}
    assert (badge["schemaVersion"], badge["message"]) == (1, message)


def test_the_osv_record_is_a_draft_of_the_measured_range(files: dict[str, str]) -> None:
    """It names the first affected release, the one that fixed it, and every one between, and no other."""
    record = json.loads(files["api/osv.json"])
    [affected] = record["affected"]
    assert affected["ranges"] == [{"type": "ECOSYSTEM", "events": [{"introduced": "0.0.5"}, {"fixed": "0.17.5"}]}]
    assert affected["versions"] == [
        each for each in releases() if Version("0.0.5") <= Version(each) < Version("0.17.5")
    ]
    assert affected["package"] == {"ecosystem": "PyPI", "name": "uvicorn", "purl": "pkg:pypi/uvicorn"}
    assert record["database_specific"]["draft"] is True
    assert "draft" in record["summary"]
    assert record["modified"] == "2026-11-26T00:00:00Z"


def test_the_osv_record_names_the_commit_that_ended_the_run_alone() -> None:
    """A commit that made one outcome of another is no fix."""
    history = sample()
    (fix,) = history.commits
    other = msgspec.structs.replace(fix, start="0.2.3", end="0.2.4", commit="1" * 40)
    record = osv_record(msgspec.structs.replace(history, commits=(other, fix)), load(PROJECT).project)
    assert isinstance(record["references"], list)
    assert [each["url"][-40:] for each in record["references"] if each["type"] == "FIX"] == [fix.commit]


def test_the_osv_record_keeps_to_the_published_schema(files: dict[str, str]) -> None:
    """But for its id: a draft has none of a database that OSV knows. With one it is a record; with less it is none."""
    check = Draft202012Validator(read_schema())
    record = json.loads(files["api/osv.json"])
    assert [error.json_path for error in check.iter_errors(record)] == ["$.id"]
    assert [error.message for error in check.iter_errors(record | {"id": "PYSEC-0000-344"})] == []
    assert not check.is_valid({"id": "PYSEC-0000-344"})
    assert not check.is_valid(record | {"id": "PYSEC-0000-344", "affected": [{"ranges": [{"type": "ECOSYSTEM"}]}]})


def test_only_a_case_that_decides_makes_the_issue() -> None:
    """`pipelined` of the story fails in fewer releases than `form`."""
    assert [(each.first.release, each.last.release) for each in issue_spans(story(), "httptools")] == [
        ("0.10.9", "0.17.4")
    ]

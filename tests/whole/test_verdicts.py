"""The verdicts that are committed are what is measured here and now."""

import json
from pathlib import Path

from tests.whole.conftest import Clone

PATCHED = Path("patched/verdict.json")


def test_every_committed_verdict_is_measured_again(clone: Clone) -> None:
    """A second measurement of every variant finds the same counts, at the same offsets, from the same tree."""
    measured = clone.done("verify")
    assert measured.count("; verdict.json unchanged]") == len(list((clone.root / "variants").glob("*/")))
    assert clone.run("git", "status", "--porcelain").stdout == ""


def test_a_verdict_is_checked_without_writing(clone: Clone) -> None:
    """Against the committed one, which stays."""
    assert "; as committed]" in clone.done("verify", VARIANT="patched", CHECK="1")


def test_measuring_again_changes_no_file(clone: Clone) -> None:
    """Evidence that is the same is not written again, whatever the day."""
    path = clone.root / "variants/patched/verdict.json"
    verdict = json.loads(path.read_text())
    verdict["measured"] = "2020-11-26"
    path.write_text(json.dumps(verdict))
    assert "verdict.json unchanged" in clone.done("verify", VARIANT="patched")
    assert json.loads(path.read_text())["measured"] == "2020-11-26"
    clone.run("git", "checkout", "--quiet", "--", "variants")


def test_a_verdict_typed_by_hand_is_found_out(clone: Clone) -> None:
    """What contradicts its own counts does not stand."""
    path = clone.root / "variants/patched/verdict.json"
    path.write_text(path.read_text().replace('"has_issue": false', '"has_issue": true'))
    checked = clone.verb("verify", VARIANT="patched", CHECK="1")
    assert checked.returncode == 2
    assert "has_issue is True, and every split is intact. Measure again: make verify" in checked.stderr
    clone.run("git", "checkout", "--quiet", "--", "variants")


def test_a_share_is_measured_into_a_folder_and_gathered(clone: Clone, tmp_path: Path) -> None:
    """A verdict that was measured elsewhere takes the place of one that is not here; nothing else changes."""
    into = tmp_path / "a folder"
    measured = clone.done("verify", VARIANT="patched", INTO=str(into))
    assert f"{into / PATCHED} written" in measured
    assert [path.relative_to(into) for path in into.rglob("*.json")] == [PATCHED]
    assert clone.run("git", "status", "--porcelain").stdout == ""
    (clone.root / "variants" / PATCHED).unlink()
    assert "**differs** in 1 place" in clone.done("gather", FROM=str(into))
    assert (clone.root / "variants" / PATCHED).read_bytes() == (into / PATCHED).read_bytes()
    clone.run("git", "checkout", "--quiet", "--", "variants")

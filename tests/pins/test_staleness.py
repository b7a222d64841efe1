"""Which compiled files are stale, found by reading alone."""

import re
from pathlib import Path

import pytest

from scripts.errors import Failure
from scripts.matrix import load
from scripts.pins import lockfile
from scripts.pins.jobs import Stale, all_jobs, misfits, stale, variant_job

VARIANT = "variants/v0.12.1/requirements.txt"
MEND = "make pin VARIANT=v0.12.1"


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first `old` in a file, which must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def found(checkout: Path) -> dict[str, str]:
    """Return the stale files of a checkout, each with the reason."""
    return {each.path: each.why for each in stale(load(checkout))}


def on_python38(checkout: Path) -> list[str]:
    """Return the names of the variants that run on Python 3.8."""
    return [variant.name for variant in load(checkout).variants if variant.runtime.name == "python3.8"]


def test_what_is_committed_is_current(checkout: Path) -> None:
    """The compiled files of this very repository are what their inputs ask for."""
    assert stale(load(checkout)) == []


def test_a_hand_edit_is_found(checkout: Path) -> None:
    """A changed version in a compiled file is found, with the command that mends it."""
    edit(checkout / VARIANT, "h11==0.12.0", "h11==0.11.0")
    assert stale(load(checkout)) == [Stale(VARIANT, "was edited by hand", MEND)]


def test_a_missing_file_is_found(checkout: Path) -> None:
    """A compiled file that is not there is stale."""
    (checkout / VARIANT).unlink()
    assert stale(load(checkout)) == [Stale(VARIANT, "is missing", MEND)]


def test_a_file_without_a_header_is_found(checkout: Path) -> None:
    """A requirements file that something else compiled is stale."""
    (checkout / VARIANT).write_text("h11==0.12.0\n")
    assert found(checkout) == {VARIANT: "was not compiled by make pin"}


def test_a_changed_requirement_is_found(checkout: Path) -> None:
    """A change of requirements.in makes that variant's file stale, and no other."""
    edit(checkout / "variants/v0.12.1/requirements.in", "quart==0.13.1", "quart==0.13.0")
    why = found(checkout)
    assert why.keys() == {VARIANT}
    assert "variants/v0.12.1/requirements.in" in why[VARIANT]


def test_a_changed_constraint_is_found_in_all_variants_of_the_runtime(checkout: Path) -> None:
    """A change of a runtime's constraints makes the pins of all its variants stale, and not those of its tools."""
    edit(checkout / "common/runtimes/python3.8.toml", "h11<0.13", "h11<0.12")
    why = found(checkout)
    assert why.keys() == {f"variants/{name}/requirements.txt" for name in on_python38(checkout)}
    assert "common/runtimes/python3.8.toml" in why[VARIANT]


def test_changed_tools_are_found_in_all_that_they_compile(checkout: Path) -> None:
    """Another pip-tools makes its own pins stale and all variants' pins."""
    edit(checkout / "common/runtimes/python3.8.toml", "pip-tools==7.4.1", "pip-tools==7.4.0")
    assert len(found(checkout)) == 1 + len(on_python38(checkout))


def test_a_date_that_moves_on_makes_nothing_stale(checkout: Path) -> None:
    """What was resolved as of an earlier moment stays pinned: no branch changes because a newer release came."""
    edit(checkout / "common/runtimes/python3.13.toml", "resolved_as_of = 20", "resolved_as_of = 21")
    assert found(checkout) == {}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("patches/0001-parse-the-whole-url.patch", "Keep the pieces", "Keep all the pieces"),
        ("variant.toml", "issue344.1", "issue344.2"),
        ("variant.toml", '"4b70', '"5b70'),
    ],
)
def test_a_changed_patch_is_found_in_the_patched_variant(checkout: Path, path: str, old: str, new: str) -> None:
    """Patches, released hash and local version are inputs of the patched variant's pins alone."""
    edit(checkout / "variants/patched" / path, old, new)
    assert found(checkout).keys() == {"variants/patched/requirements.txt"}


def test_tests_are_stale_when_the_tooling_is_pinned_anew(checkout: Path) -> None:
    """tests/requirements.in is constrained by the tooling's pins, so it is compiled again after them."""
    path = checkout / "scripts/requirements.txt"
    lock = lockfile.read(path.read_text())
    assert lock
    path.write_text(lockfile.compose("Compiled anew", "make pin", lock.inputs, lock.body))
    assert found(checkout).keys() == {"tests/requirements.txt"}


def test_a_variant_whose_two_files_disagree_is_found(checkout: Path) -> None:
    """A variant.toml that names another uvicorn than the one that is pinned makes the pins stale."""
    edit(checkout / "variants/v0.12.1/variant.toml", 'uvicorn = "0.12.1"', 'uvicorn = "0.12.4"')
    assert found(checkout) == {VARIANT: "it pins uvicorn 0.12.1, variant.toml says 0.12.4"}


def test_pins_without_httptools_are_found(checkout: Path) -> None:
    """Pins under which h11 would answer are not those of a variant that is about httptools."""
    path = checkout / VARIANT
    lock = lockfile.read(path.read_text())
    assert lock
    body = re.sub(r"^httptools==.*?(?=^\S)", "", lock.body, flags=re.MULTILINE | re.DOTALL)
    path.write_text(lockfile.compose("Compiled", "make pin", lock.inputs, body))
    assert "it pins no httptools" in found(checkout)[VARIANT]


def test_another_parser_makes_the_pins_stale(checkout: Path) -> None:
    """The release was never asked whether it has that one, though its package is pinned."""
    edit(checkout / "variants/v0.54.0-zttp/variant.toml", '"zttp"', '"h11"')
    (why,) = found(checkout).values()
    assert why.endswith("or variants/v0.54.0-zttp/variant.toml")


def test_a_parser_that_nothing_requires_is_found(checkout: Path) -> None:
    """Where a variant's parser comes with no extra, its requirements must name it."""
    without = lockfile.read((checkout / "variants/v0.54.0-h11/requirements.txt").read_text())
    assert without
    assert misfits(variant_job(load(checkout).one("v0.54.0-zttp")), without.body) == [
        "it pins no zttp (variants/v0.54.0-zttp/requirements.in must name it)"
    ]


def test_a_missing_input_is_named(checkout: Path) -> None:
    """Where an input is not there, the message says which, and of what."""
    (checkout / "tests/requirements.in").unlink()
    with pytest.raises(Failure, match=r"tests/requirements.txt cannot be compiled: tests/requirements.in is missing"):
        stale(load(checkout))


def test_each_compilation_comes_after_those_that_it_reads(checkout: Path) -> None:
    """The order of the jobs is one in which each can use the results of those before it."""
    done: set[str] = set()
    jobs = all_jobs(load(checkout))
    for job in jobs:
        done.add(job.path)
        needed = {*job.files, job.tools} & {each.path for each in jobs}
        assert needed <= done

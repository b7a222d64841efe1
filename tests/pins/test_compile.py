"""`make pin` with the real pip-tools and the real package index, in copies of the checkout."""

import re
from pathlib import Path

import pytest

from scripts.errors import Failure
from scripts.matrix import load
from scripts.pins import jobs as plan
from scripts.pins import lockfile
from scripts.pins.compile import Pinned, pin
from scripts.pins.jobs import stale
from scripts.pins.patched_wheel import patched_wheel

VARIANT = "v0.11.8"
PATH = f"variants/{VARIANT}/requirements.txt"
TOOLS = "common/runtimes/python3.8-tools.txt"


@pytest.fixture
def small(checkout: Path) -> Path:
    """Return a checkout whose variant v0.11.8 asks for uvicorn alone, which compiles quickly; its pins are stale."""
    (checkout / "variants/v0.11.8/requirements.in").write_text("uvicorn==0.11.8\n")
    return checkout


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first `old` in a file, which must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def compiled(root: Path, name: str = VARIANT, *, upgrade: bool = False) -> dict[str, Pinned]:
    """Pin one variant, and return what became of each file."""
    matrix = load(root)
    return {each.path: each for each in pin(matrix, matrix.select(name), upgrade=upgrade, everything=False)}


def contents(root: Path) -> dict[Path, bytes]:
    """Return all that stands in a checkout outside .local."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".local" not in path.parts}


def refusal(root: Path, name: str = VARIANT) -> str:
    """Return the message with which pinning a variant fails, having changed no file."""
    before = contents(root)
    with pytest.raises(Failure) as failure:
        compiled(root, name)
    assert contents(root) == before
    return "\n".join([*failure.value.lines, failure.value.message])


def pin_by_hand(root: Path, old: str, new: str) -> None:
    """Pin another release in the small variant's file, as an older compilation of the same inputs would have."""
    matrix, lock = load(root), lockfile.read((root / PATH).read_text())
    assert lock
    assert old in lock.body
    inputs = plan.inputs(plan.variant_job(matrix.one(VARIANT)), plan.reader(matrix))
    (root / PATH).write_text(lockfile.compose("Compiled", "make pin", inputs, lock.body.replace(old, new)))


def test_a_stale_variant_is_compiled(small: Path) -> None:
    """What requirements.in asks for is pinned with hashes, is written, and is no longer stale."""
    assert compiled(small)[PATH] == Pinned(PATH, "written", 6)
    versions = lockfile.versions((small / PATH).read_text())
    assert versions.keys() == {"click", "h11", "httptools", "uvicorn", "uvloop", "websockets"}
    assert stale(load(small)) == []


def test_the_header_names_the_command_and_the_tools(small: Path) -> None:
    """Whoever opens a compiled file reads what made it and what makes it again."""
    compiled(small)
    made, mend = (small / PATH).read_text().splitlines()[:2]
    assert made.startswith("# Compiled by `make pin VARIANT=v0.11.8` from requirements.in under Python 3.8")
    assert made.endswith("with pip 24.0 and pip-tools 7.4.1.")
    assert mend.endswith("run: make pin VARIANT=v0.11.8")


def test_an_edited_hash_is_replaced_by_the_index_own(checkout: Path) -> None:
    """Compiling a file in which a hash was changed by hand brings back the pins that are committed."""
    path = checkout / "variants/v0.12.1/requirements.txt"
    committed = path.read_text()
    first = re.search(r"sha256:([0-9a-f]{64})", committed)
    assert first
    path.write_text(committed.replace(first[1], "0" * 64))
    compiled(checkout, "v0.12.1")
    assert "0" * 64 not in path.read_text()
    assert lockfile.versions(path.read_text()) == lockfile.versions(committed)
    assert first[1] in path.read_text()


@pytest.mark.usefixtures("no_network")
def test_nothing_is_done_where_nothing_is_stale(checkout: Path) -> None:
    """Without a network, all files count as unchanged and keep their times of change."""
    times = {path: (checkout / path).stat().st_mtime_ns for path in contents(checkout)}
    matrix = load(checkout)
    actions = [each.action for each in pin(matrix, matrix.variants, everything=True)]
    assert actions == ["unchanged"] * (5 + len(matrix.runtimes) + len(matrix.variants))
    assert {path: (checkout / path).stat().st_mtime_ns for path in contents(checkout)} == times


def test_what_is_pinned_stays_pinned(small: Path) -> None:
    """A stale file is compiled with the releases that it has, though there are newer ones."""
    pin_by_hand(small, "websockets==8.1", "websockets==8.0.2")
    edit(small / "variants/v0.11.8/requirements.in", "uvicorn", "# changed\nuvicorn")
    compiled(small)
    assert str(lockfile.versions((small / PATH).read_text())["websockets"]) == "8.0.2"


@pytest.mark.parametrize("other", ["click==8.1.0", "click==99.0"], ids=["older", "newer"])
def test_pins_as_of_a_moment_stand_on_it_alone(checkout: Path, other: str) -> None:
    """Resolving again gives the committed bytes, whatever an older or a later compilation had pinned."""
    path = checkout / "variants/v0.54.0/requirements.txt"
    committed = path.read_bytes()
    path.write_text(re.sub(r"click==[0-9.]+", other, committed.decode()))
    compiled(checkout, "v0.54.0")
    assert path.read_bytes() == committed


def test_an_upgrade_takes_the_newest(small: Path) -> None:
    """On demand, pins move to the newest releases that fit, also where nothing is stale."""
    pin_by_hand(small, "websockets==8.1", "websockets==8.0.2")
    assert stale(load(small)) == []
    compiled(small, upgrade=True)
    assert str(lockfile.versions((small / PATH).read_text())["websockets"]) == "8.1"


def test_indexes_of_this_machine_are_not_asked(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel in one of the user's own folders does not get into the pins."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "click-7.1.99-py3-none-any.whl").write_bytes(b"no wheel")
    monkeypatch.setenv("PIP_FIND_LINKS", str(own))
    compiled(small)
    assert str(lockfile.versions((small / PATH).read_text())["click"]) == "7.1.2"


def test_missing_tools_are_compiled_first(small: Path) -> None:
    """Where the pins of pip-tools itself are missing, they are made, hold what the runtime asks for, and are used."""
    (small / TOOLS).unlink()
    assert [each.action for each in compiled(small).values()] == ["written", "written"]
    tools = lockfile.versions((small / TOOLS).read_text())
    assert (str(tools["pip"]), str(tools["pip-tools"])) == ("24.0", "7.4.1")
    assert stale(load(small)) == []


def test_a_changed_patch_gives_other_pins(checkout: Path) -> None:
    """The patched variant's pins hold the hash of the wheel that its patches make now."""
    edit(checkout / "variants/patched/requirements.in", "quart==0.13.1\n", "")
    patch = checkout / "variants/patched/patches/0001-parse-the-whole-url.patch"
    edit(patch, "each starts with nothing", "each one starts with nothing")
    compiled(checkout, "patched")
    lock = (checkout / "variants/patched/requirements.txt").read_text()
    wheel = patched_wheel(checkout, load(checkout).one("patched"))
    (uvicorn,) = [each for each in lockfile.pins(lock) if each.name == "uvicorn"]
    assert uvicorn.hashes == (f"sha256:{wheel.sha256}",)


def test_an_unknown_release_is_named_and_nothing_is_written(small: Path) -> None:
    """When one variant of two cannot be compiled, the other one's file stays as it was too."""
    edit(small / "variants/v0.12.0/variant.toml", 'uvicorn = "0.12.0"', 'uvicorn = "0.12.99"')
    (small / "variants/v0.12.0/requirements.in").write_text("uvicorn[standard]==0.12.99\n")
    before, matrix = contents(small), load(small)
    with pytest.raises(Failure, match=r"^variants/v0.12.0/requirements.txt cannot be compiled") as failure:
        list(pin(matrix, [matrix.one("v0.11.8"), matrix.one("v0.12.0")], everything=False))
    assert any("uvicorn==0.12.99" in line for line in failure.value.lines)
    assert contents(small) == before


@pytest.mark.usefixtures("no_network")
def test_a_missing_network_is_said_so(small: Path) -> None:
    """Stale pins without a network end in a line that says so, and change nothing."""
    assert "Connection refused" in refusal(small)


def test_constraints_that_exclude_a_requirement_are_named(small: Path) -> None:
    """Where no releases fit together, the message names the files to look at."""
    edit(small / "common/runtimes/python3.8.toml", '"h11<0.13"', '"h11<0.7"')
    message = refusal(small)
    assert "h11<0.10,>=0.8" in message
    assert "variants/v0.11.8/requirements.in and common/runtimes/python3.8.toml" in message


def test_a_result_that_is_no_good_is_refused(small: Path) -> None:
    """Pins under which h11 would answer in place of httptools are not written."""
    (small / "variants/v0.12.0/requirements.in").write_text("uvicorn==0.12.0\n")
    message = refusal(small, "v0.12.0")
    assert "variants/v0.12.0/requirements.txt would be no good: it pins no httptools" in message


def test_a_parser_that_the_release_does_not_have_is_refused(small: Path) -> None:
    """The release itself is asked, before pip-tools looks for a parser that it could not use."""
    edit(small / "variants/v0.11.8-h11/variant.toml", '"h11"', '"zttp"')
    edit(small / "variants/v0.11.8-h11/requirements.in", "uvicorn==", "zttp\nuvicorn==")
    message = refusal(small, "v0.11.8-h11")
    assert "uvicorn 0.11.8 has no parser zttp: it has h" in message


def test_edited_tools_are_not_run(small: Path) -> None:
    """pip-tools is not run from pins that somebody edited, when that file itself is not compiled again."""
    edit(small / "scripts/requirements.txt", "pip-tools==", "pip-tools===")
    matrix = load(small)
    with pytest.raises(Failure, match=r"scripts/requirements.txt is not as it was compiled.*git checkout"):
        list(pin(matrix, matrix.variants, everything=True))


def test_a_missing_python_is_named(small: Path) -> None:
    """A runtime whose Python cannot be had ends in a line that names it."""
    edit(small / "common/runtimes/python3.8.toml", 'python = "3.8"', 'python = "3.99"')
    assert "Python 3.99 is missing" in refusal(small)

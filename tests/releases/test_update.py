"""`update` and `variant` as their user runs them, in a clone: what they add, and that a failure changes nothing."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from scripts.branches.undo import UPDATE, Before, all_or_nothing, contents, turn
from scripts.errors import Failure
from scripts.files import alone
from scripts.history.rows import HISTORY_FILE, encode, read_history
from scripts.matrix import load
from scripts.records import read_record
from scripts.runtimes import load_runtimes
from scripts.verdicts.verdict import Verdict, same_evidence
from tests.branches.checkouts import Checkout, new_checkout
from tests.pins.fake_index import Answer, as_of, file, lists, serving
from tests.whole.conftest import Clone, clone_working_tree

PROJECT = Path(__file__).resolve().parents[2]
LATEST = load(PROJECT).latest
RELEASED = file("uvicorn-99.0.0-py3-none-any.whl", "2090-01-01T00:00:00Z")
OLDER = file("uvicorn-0.11.8-py3-none-any.whl")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Give the module a clone whose newest variant was taken away, its history too, and that is committed."""
    made = clone_working_tree(tmp_path_factory.mktemp("update"))
    shutil.rmtree(made.root / "variants" / LATEST.name)
    history = read_history(made.root)
    assert history
    rows = tuple(row for row in history.rows if row.release != str(LATEST.version))
    (made.root / HISTORY_FILE).write_text(encode(msgspec.structs.replace(history, rows=rows)), "utf-8")
    made.done("readme")
    commit(made)
    yield made
    made.done("down")


def commit(clone: Clone) -> None:
    """Commit the clone's working tree."""
    identity = ("-c", "user.name=Keeper", "-c", "user.email=keeper@example.invalid")
    assert clone.run("git", "add", "--all").returncode == 0
    clone.run("git", *identity, "commit", "--quiet", "--message", "A change")


def known_to_the_index() -> Answer:
    """Return the real index as it was when the newest variant was added, with a release that it does not hold."""
    moment = next(each.resolved_as_of for each in load_runtimes(PROJECT) if each.name == LATEST.runtime.name)
    assert moment
    return as_of(moment)


def state(root: Path) -> str:
    """Return a digest of all files but git's and .local's, and of all branches."""
    refs = subprocess.run(["git", "for-each-ref"], cwd=root, capture_output=True, check=True).stdout
    whole = hashlib.sha256(refs)
    for path in sorted(root.rglob("*")):
        if path.is_file() and not {".git", ".local", "__pycache__"} & set(path.relative_to(root).parts):
            whole.update(f"{path}\0{path.stat().st_mode}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def failure(finished: "subprocess.CompletedProcess[str]", code: int) -> str:
    """Return the last line of a run that must fail with this exit code."""
    assert finished.returncode == code, finished.stdout + finished.stderr
    return finished.stderr.strip().splitlines()[-1].removeprefix("error: ")


@pytest.mark.parametrize(
    ("verb", "variables", "code", "said"),
    [
        ("variant", {"VERSION": "9.9.9"}, 2, "there is no release 9.9.9 of uvicorn"),
        ("variant", {"VERSION": "../x"}, 2, "VERSION=../x is no PEP 440 version"),
        ("variant", {"VERSION": "0.11.7", "FROM": "nobody"}, 2, "unknown variant 'nobody'"),
        ("variant", {"VERSION": "0.11.7"}, 1, "v0.11.7 cannot become a variant: it has no wheel"),
        (
            "variant",
            {"VERSION": "0.11.8", "PARSER": "htptools"},
            2,
            "unknown parser 'htptools'. Did you mean httptools?",
        ),
        ("variant", {"VERSION": "0.11.7", "PARSER": "h11", "FROM": "v0.12.1"}, 2, "FROM and PARSER exclude each other"),
        ("variant", {}, 2, "no release named"),
    ],
    ids=str,
)
def test_a_wrong_request_changes_nothing(
    clone: Clone, verb: str, variables: dict[str, str], code: int, said: str
) -> None:
    """One line says what is wrong with it."""
    before = state(clone.root)
    with serving(lists([OLDER, file("uvicorn-0.11.7.tar.gz")])) as index:
        finished = clone.verb(verb, PIP_INDEX_URL=index, **variables)
    assert said in failure(finished, code)
    assert len(finished.stderr.strip().splitlines()) == 1
    assert state(clone.root) == before


def test_a_release_that_is_there_already_needs_nothing(clone: Clone) -> None:
    """That is said without asking the index."""
    assert clone.done("variant", VERSION="0.12.1", PIP_INDEX_URL="http://127.0.0.1:9/") == (
        "nothing to do: v0.12.1 is there already\n"
    )


@pytest.mark.parametrize(
    ("files", "variables", "code", "said"),
    [
        ([OLDER, RELEASED], {}, 1, "v99.0.0 (2090-01-01) is new"),
        ([OLDER, {**RELEASED, "yanked": True}], {}, 0, "nothing to do"),
        ([OLDER, file("uvicorn-99.0rc1-py3-none-any.whl")], {}, 0, "nothing to do"),
        ([OLDER, file("uvicorn-99.0rc1-py3-none-any.whl")], {"PRE": "1"}, 1, "v99.0rc1 (2020-01-01) is new"),
        ([OLDER], {}, 0, "nothing to do"),
    ],
    ids=["newer", "yanked", "pre-release", "pre-release asked for", "older"],
)
def test_the_check_only_reports(
    clone: Clone, files: list[dict[str, object]], variables: dict[str, str], code: int, said: str
) -> None:
    """Exit code 1 when something is new; no file changes."""
    before = state(clone.root)
    with serving(lists(files)) as index:
        finished = clone.verb("update", CHECK="1", PIP_INDEX_URL=index, **variables)
    assert finished.returncode == code, finished.stderr
    assert said in finished.stdout
    assert state(clone.root) == before


def test_two_updates_at_once_are_refused(clone: Clone) -> None:
    """The second one says so and ends."""
    with alone(clone.root / ".local/update.lock"):
        finished = clone.verb("update", PIP_INDEX_URL="http://127.0.0.1:9/")
    assert failure(finished, 1) == "another update runs in this checkout. Wait for it to end, then again"


def test_a_release_that_cannot_be_pinned_leaves_all_as_it_was(clone: Clone) -> None:
    """The index names a release that it does not have; pip finds that out when the runtime's date was moved already."""
    before = state(clone.root)
    with serving(lists([RELEASED])) as index:
        finished = clone.verb("update", PIP_INDEX_URL=index)
    assert failure(finished, 1).startswith("v99.0.0 is not added, all is as it was: ")
    assert state(clone.root) == before


def test_a_parser_that_the_release_does_not_have_leaves_all_as_it_was(clone: Clone) -> None:
    """The release's own list of parsers is in the message, and nothing is added."""
    before = state(clone.root)
    said = failure(clone.verb("variant", VERSION="0.15.0", PARSER="zttp"), 2)
    assert said.startswith("v0.15.0 is not added, all is as it was: uvicorn 0.15.0 has no parser zttp: it has h")
    assert state(clone.root) == before


@pytest.mark.parametrize(
    "how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda how: how.name
)
def test_an_ended_update_leaves_all_as_it_was(clone: Clone, how: signal.Signals) -> None:
    """Ctrl-C while pins are being compiled undoes it and ends with code 130; what is killed the next command undoes."""
    before = state(clone.root)
    with serving(lists([RELEASED])) as index:
        running = subprocess.Popen(
            [sys.executable, "-m", "scripts", "update"],
            cwd=clone.root,
            env={**os.environ, "PIP_INDEX_URL": index},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        with running:
            assert running.stderr
            for line in running.stderr:
                if line.startswith(b"compile variants/"):
                    running.send_signal(how)
                    break
            rest = running.stderr.read()
    assert running.returncode == (130 if how == signal.SIGINT else -how), rest
    if how != signal.SIGINT:
        assert state(clone.root) != before
        told = clone.verb("matrix")
        assert "v99" not in told.stdout
        assert told.stderr == "adding v99.0.0 did not end: files and branches go back to what they were\n"
    assert state(clone.root) == before


def test_an_update_brings_the_newest_variant_back_as_it_was(clone: Clone) -> None:
    """With its folder and its history removed, `update` makes them again, equal but for dates, and what shows them.

    Then there is nothing to do.
    """
    with serving(known_to_the_index()) as index:
        said = clone.done("update", PIP_INDEX_URL=index)
        assert f"{LATEST.branch}: created" in said
        assert "README.md: written" in said
        commit(clone)
        again = clone.done("update", PIP_INDEX_URL=index)
    assert again == f"nothing to do: v{LATEST.version} is the newest\n"
    assert clone.run("git", "status", "--porcelain").stdout == ""
    verdict = f"variants/{LATEST.name}/verdict.json"
    differing = clone.run("git", "diff", "--name-only", "origin/main").stdout.split()
    assert set(differing) <= {verdict}
    one, other = (read_record(root / verdict, Verdict) for root in (PROJECT, clone.root))
    assert same_evidence(one, other)
    assert json.loads((clone.root / verdict).read_text())["tree"] == one.tree


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Make a small checkout with its branches."""
    made = new_checkout(tmp_path / "check out")
    made.regenerate()
    return made


@pytest.mark.parametrize("error", [Failure("no"), KeyboardInterrupt(), SystemExit(3), ValueError("bug")], ids=repr)
def test_whatever_ends_a_change_undoes_it(checkout: Checkout, error: BaseException) -> None:
    """A changed file, a new one, a new folder and a branch that moved are as they were; the error goes on."""
    before, root = state(checkout.root), checkout.root
    with pytest.raises(type(error)) as caught:
        _change(checkout, [root / "LICENSE", root / "fresh"], error)
    assert caught.value is error
    assert state(root) == before


def _change(checkout: Checkout, files: list[Path], error: BaseException) -> None:
    """Change all that may change, then fail."""
    root = checkout.root
    tip = checkout.git("rev-parse", "quart")
    before = Before("a change", contents(root, files), "variants/v0.99.0", refs={"refs/heads/quart": (tip, None)})
    with turn(root / UPDATE, root), all_or_nothing(root / UPDATE, root, before):
        checkout.write("LICENSE", "Do what you want\n")
        checkout.write("fresh", "x")
        checkout.regenerate("v0.11.8")
        checkout.write("variants/v0.99.0/deep/file", "x")
        raise error


def test_a_folder_that_is_there_is_nobodys_to_remove(checkout: Checkout) -> None:
    """What was there before would be lost with it."""
    note = checkout.root / UPDATE
    with (
        turn(note, checkout.root),
        pytest.raises(Failure, match=r"^variants/v0\.12\.1/ is there already"),
        all_or_nothing(note, checkout.root, Before("a change", folder="variants/v0.12.1")),
    ):
        pass
    assert (checkout.root / "variants/v0.12.1").is_dir()

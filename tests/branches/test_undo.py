"""All or nothing, with processes that are really killed, disks that are really full, and real git."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.branches.generate import regenerate
from scripts.branches.git import git, open_repository
from scripts.branches.undo import BRANCHES, UPDATE, Before, all_or_nothing, contents, recover, turn
from scripts.errors import Failure
from scripts.files import write_all
from scripts.matrix import load
from tests.branches.checkouts import PROJECT, Checkout, actions_of, wrap_git
from tests.releases.test_update import state

QUART = "refs/heads/quart"
NEXT = "refs/heads/quart-uvicorn-v0.12.1"

REGENERATE = (
    "import sys, pathlib; from scripts.matrix import load; from scripts.branches.generate import regenerate; "
    "matrix = load(pathlib.Path(sys.argv[1])); regenerate(matrix, matrix.variants)"
)


def killed(program: str, root: Path) -> None:
    """Run a program on the checkout at `root`, in a process group of its own, until it is killed."""
    args = [sys.executable, "-c", program, str(root)]
    done = subprocess.run(args, cwd=PROJECT, capture_output=True, timeout=60, check=False, start_new_session=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def half_moved(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str) -> dict[str, str]:
    """Have the branches' move end when one has moved and the other one is locked; return the branches before it."""
    checkout.regenerate()
    checkout.change_app("# new")
    before = checkout.branches()
    script = f"""
        if [ "$3" = "make branches" ]; then
            read start; read update one new old; read update other newer rest
            "$git" update-ref "$one" "$new" "$old"
            echo "$newer" >"{checkout.root}/.git/$other.lock"
            {then}
        fi"""
    with monkeypatch.context() as patch:
        wrap_git(tmp_path / "killing", patch, "update-ref", script)
        if "PPID" in then:
            killed(REGENERATE, checkout.root)
        else:
            with pytest.raises(Failure, match=r"^git update-ref ended with code -9"):
                checkout.regenerate()
    return before


def test_a_process_killed_between_two_branches_leaves_what_the_next_command_undoes(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One had moved, the other one's lock was there: both are as they were, and no lock is left."""
    before = half_moved(checkout, tmp_path, monkeypatch, "kill -9 $PPID; exit 1")
    assert checkout.branches() != before
    recover(checkout.root)
    assert checkout.branches() == before
    assert list((checkout.root / ".git").rglob("*.lock")) == [(checkout.root / ".git" / BRANCHES).with_suffix(".lock")]
    assert not (checkout.root / ".git" / BRANCHES).exists()


def test_the_next_run_undoes_it_by_itself_and_moves_all(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make branches` after one that was killed ends as if that had never been."""
    half_moved(checkout, tmp_path, monkeypatch, "kill -9 $PPID; exit 1")
    assert set(actions_of(checkout.regenerate()).values()) == {"updated"}


def test_a_git_that_is_killed_moves_no_branch(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where git alone is killed, as by a system without memory, its half is undone at once."""
    before = half_moved(checkout, tmp_path, monkeypatch, "kill -9 $$")
    assert checkout.branches() == before
    assert set(actions_of(checkout.regenerate()).values()) == {"updated"}


def test_a_branch_that_was_moved_by_hand_meanwhile_stays(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What a killed command had done to it is nobody's business any more; that is said."""
    before = half_moved(checkout, tmp_path, monkeypatch, "kill -9 $PPID; exit 1")
    hand = checkout.git("commit-tree", "quart^{tree}", "-p", "quart", "-m", "By hand")
    checkout.git("update-ref", QUART, hand)
    recover(checkout.root)
    assert checkout.branches() == {**before, QUART: hand}
    assert f"{QUART} was moved meanwhile, and stays" in caplog.text


def test_what_a_living_process_is_about_is_not_undone(checkout: Checkout) -> None:
    """Another command leaves it alone while its process holds the lock."""
    note = checkout.root / UPDATE
    with turn(note, checkout.root), all_or_nothing(note, checkout.root, Before("a change", files={"LICENSE": b"old"})):
        args = [sys.executable, "-c", "import sys, pathlib; from scripts.branches.undo import recover; "]
        args[-1] += "recover(pathlib.Path(sys.argv[1]))"
        subprocess.run([*args, checkout.root], cwd=PROJECT, check=True)
        assert note.exists()
    assert (checkout.root / "LICENSE").read_bytes() != b"old"


def test_a_kill_at_any_call_of_git_leaves_all_branches_or_none(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process group is killed at the first call, the second one, and so on, until a run has no more calls."""
    checkout.regenerate()
    old = checkout.branches()
    checkout.change_app("# new")
    count = tmp_path / "count"
    with monkeypatch.context() as patch:
        script = f'echo >>"{count}"; [ "$(wc -l <"{count}")" -lt "$KILL_AT" ] || kill -9 0'
        wrap_git(tmp_path / "killing", patch, '"$1"', script)
        for number in range(1, 100):
            count.write_text("", encoding="utf-8")
            patch.setenv("KILL_AT", str(number))
            done = subprocess.run(
                [sys.executable, "-c", REGENERATE, checkout.root],
                cwd=PROJECT,
                capture_output=True,
                check=False,
                start_new_session=True,
            )
            if done.returncode == 0:
                break
            assert done.returncode == -signal.SIGKILL
            patch.setenv("KILL_AT", "1000")
            recover(checkout.root)
            now = checkout.branches()
            assert all(now[ref] == old[ref] for ref in old) or all(now[ref] != old[ref] for ref in old), number
            for ref, commit in old.items():
                checkout.git("update-ref", ref, commit)
    assert number > 8
    assert all(checkout.branches()[ref] != old[ref] for ref in old)


CHANGE = """
import os, pathlib, signal, sys
from scripts.branches.generate import regenerate
from scripts.branches.undo import UPDATE, Before, all_or_nothing, contents, turn
from scripts.files import write_whole
from scripts.matrix import load
root = pathlib.Path(sys.argv[1])
before = Before(
    "a change",
    files=contents(root, [root / "LICENSE", root / "fresh"]),
    folder="variants/v0.99.0",
    refs={"refs/heads/quart": (sys.argv[2] if len(sys.argv) > 2 else TIP, None)},
)
def end(stage):
    if stage == STAGE: os.kill(os.getpid(), signal.SIGKILL)
with turn(root / UPDATE, root), all_or_nothing(root / UPDATE, root, before):
    end(0)
    write_whole(root / "LICENSE", "Do what you want\\n"); write_whole(root / "fresh", "x"); end(1)
    (root / ".LICENSE.abcdefgh.new").write_text("half"); end(2)
    matrix = load(root); regenerate(matrix, [matrix.one("v0.11.8")]); end(3)
    write_whole(root / "variants/v0.99.0/deep/file", "x"); end(4)
"""


@pytest.mark.parametrize("stage", range(5))
def test_what_a_killed_change_had_done_is_put_back(checkout: Checkout, stage: int) -> None:
    """A changed file, a new one, one that was half written, a new folder and a branch are as they were."""
    checkout.regenerate()
    before, root = state(checkout.root), checkout.root
    tip = checkout.git("rev-parse", "quart")
    killed(CHANGE.replace("STAGE", str(stage)).replace("TIP", repr(tip)), root)
    recover(root)
    assert state(root) == before
    assert not (root / UPDATE).exists()


FILES = """
import os, pathlib, signal, sys
from scripts.branches.undo import UPDATE, Before, all_or_nothing, contents, turn
from scripts.files import write_all
root = pathlib.Path(sys.argv[1])
paths = [root / f"variants/{name}/requirements.txt" for name in ("v0.11.8", "v0.12.1")] + [root / "fresh"]
replace, calls = pathlib.Path.replace, []
def killing(self, target):
    calls.append(target)
    if len(calls) > STAGE: os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
with turn(root / UPDATE, root), all_or_nothing(root / UPDATE, root, Before("pins", contents(root, paths))):
    pathlib.Path.replace = killing
    write_all({path: "new" for path in paths})
"""


@pytest.mark.parametrize("stage", range(3))
def test_of_several_files_none_is_changed_by_a_killed_process(checkout: Checkout, stage: int) -> None:
    """It is killed when this many were renamed into their places; what waited beside them is gone as well."""
    before = state(checkout.root)
    killed(FILES.replace("STAGE", str(stage)), checkout.root)
    assert state(checkout.root) != before
    recover(checkout.root)
    assert state(checkout.root) == before


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_of_several_files_a_full_disk_changes_none(small_disk: Checkout) -> None:
    """There is room for two of three; the error names the file for which there is none."""
    before = state(small_disk.root)
    disk = small_disk.root.parent
    fill(disk, 8 << 10)
    paths = [small_disk.root / f"common/{name}" for name in ("a", "b", "c")]
    with pytest.raises(OSError, match="No space left on device") as failure:
        write_all({path: bytes(4096) for path in paths})
    assert failure.value.filename in map(str, paths)
    (disk / "full").unlink()
    assert state(small_disk.root) == before


def test_what_comes_in_the_way_is_kept_aside(checkout: Checkout) -> None:
    """Somebody may have worked on it since the process was killed."""
    checkout.regenerate()
    tip = checkout.git("rev-parse", "quart")
    killed(CHANGE.replace("STAGE", "4").replace("TIP", repr(tip)), checkout.root)
    checkout.write("LICENSE", "My own words\n")
    recover(checkout.root)
    kept = checkout.root / ".local/undone"
    assert (kept / "LICENSE").read_text() == "My own words\n"
    assert (kept / "variants/v0.99.0/deep/file").read_text() == "x"


def test_a_folder_that_was_moved_away_comes_back(checkout: Checkout) -> None:
    """As when a variant was being taken out."""
    before, root = state(checkout.root), checkout.root
    note = root / UPDATE
    (root / ".local/removed").mkdir(parents=True)
    moved = Before("a removal", folder="variants/v0.12.1", aside=".local/removed/v0.12.1")

    def fail() -> None:
        with turn(note, root), all_or_nothing(note, root, moved):
            (root / moved.folder).rename(root / moved.aside)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert state(root) == before


def test_a_lock_that_a_killed_git_left_is_named_with_its_mend(checkout: Checkout) -> None:
    """All of them, so that one command removes them; the branches are as they were."""
    checkout.regenerate()
    checkout.change_app("# new")
    before = checkout.branches()
    locks = sorted(checkout.root / ".git" / f"{ref}.lock" for ref in (QUART, NEXT))
    for lock in locks:
        lock.write_text("", encoding="utf-8")
    with pytest.raises(Failure) as failure:
        checkout.regenerate()
    assert f"git holds {locks[1]}, or was killed when it did" in failure.value.message
    remove = f"rm '{locks[0]}' '{locks[1]}'"
    assert failure.value.message.endswith(remove)
    assert checkout.branches() == before
    subprocess.run(["sh", "-c", remove], check=True)
    assert set(actions_of(checkout.regenerate()).values()) == {"updated"}


@pytest.fixture
def small_disk(checkout: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """Move the checkout to a file system of 8 MB; skipped where none can be mounted."""
    disk = tmp_path / "small disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"only root may mount a small disk: {mounted.stderr.strip()}")
    try:
        shutil.copytree(checkout.root, disk / "it", symlinks=True)
        yield Checkout(disk / "it")
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path, left: int) -> None:
    """Fill a disk but for `left` bytes."""
    free = os.statvfs(disk)
    size = free.f_bavail * free.f_frsize - left
    (disk / "full").write_bytes(bytes(max(size, 0)))


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_a_full_disk_moves_no_branch_or_all(small_disk: Checkout) -> None:
    """Whatever is left on it, to the block: none is made of origin's, or all are."""
    disk, moved = small_disk.root.parent, []
    small_disk.regenerate()
    for ref, commit in small_disk.branches().items():
        small_disk.git("update-ref", ref.replace("heads", "remotes/origin"), commit)
    for left in range(0, 256, 4):
        for ref in small_disk.branches():
            small_disk.git("update-ref", "-d", ref)
        fill(disk, left << 10)
        with suppress(Failure, OSError):
            small_disk.regenerate()
        (disk / "full").unlink()
        assert len(small_disk.branches()) in (0, 2), left
        moved.append(bool(small_disk.branches()))
    assert moved == sorted(moved)
    assert len(set(moved)) == 2


@pytest.mark.parametrize("dangling", [False, True], ids=["main's", "of a branch that is not there"])
def test_a_branch_that_is_a_symbolic_ref_moves_no_other(checkout: Checkout, dangling: bool) -> None:
    """It is refused by its name; where the other is not there, it becomes a branch of its own."""
    other = "refs/heads/other" if dangling else "refs/heads/main"
    checkout.git("symbolic-ref", QUART, other)
    main = checkout.git("rev-parse", "main")
    if dangling:
        checkout.regenerate()
        assert not git(checkout.root, "for-each-ref", other).text
    else:
        with pytest.raises(Failure, match=rf"^branch quart is a symbolic ref: it stands for {other}\. .*{QUART}$"):
            checkout.regenerate()
    assert checkout.git("rev-parse", "main") == main


def test_a_checkout_below_a_path_with_a_line_break_is_no_other(checkout: Checkout, tmp_path: Path) -> None:
    """Nor do a colon and a dollar sign count in it: its branches are those of any other clone."""
    odd = tmp_path / "a\nb:c$HOME"
    shutil.copytree(checkout.root, odd, symlinks=True)
    matrix = load(odd)
    regenerate(matrix, matrix.variants)
    checkout.regenerate()
    assert Checkout(odd).branches() == checkout.branches()
    assert open_repository(odd).common == odd / ".git"


def test_what_ends_well_stays(checkout: Checkout) -> None:
    """Nothing is undone then, and the note is gone."""
    note, root = checkout.root / UPDATE, checkout.root
    with turn(note, root), all_or_nothing(note, root, Before("a change", files=contents(root, [root / "LICENSE"]))):
        checkout.write("LICENSE", "Do what you want\n")
    assert (root / "LICENSE").read_text() == "Do what you want\n"
    assert not note.exists()

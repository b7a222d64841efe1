"""Slugs from real trees of real repositories, with real environments."""

import hashlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.errors import Failure
from scripts.platforms.local.messages import CODE
from scripts.platforms.local.slug import MANIFEST, build, is_whole, prune, seal

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


def wheel() -> bytes:
    """Return a wheel of a small package that no index has."""
    files = {
        "issue344_shout.py": b"WORD = 'loud'\n",
        "issue344_shout-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: issue344-shout\nVersion: 1.0\n",
        "issue344_shout-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "issue344_shout-1.0.dist-info/RECORD,,\n"
    for name, content in files.items():
        digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in {**files, "issue344_shout-1.0.dist-info/RECORD": record.encode()}.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


WHEEL = wheel()
FILES = {
    "Procfile": b"web: exec python app.py\n",
    ".python-version": f"{PYTHON}\n".encode(),
    "requirements.txt": f"issue344-shout==1.0 --hash=sha256:{hashlib.sha256(WHEEL).hexdigest()}\n".encode(),
    "vendor/issue344_shout-1.0-py3-none-any.whl": WHEEL,
}

BUILD = """
import sys
from pathlib import Path
from scripts.platforms.local.slug import build
build(Path(sys.argv[1]), sys.argv[2])
"""


@dataclass(frozen=True)
class Repository:
    """A checkout whose trees are written by the tests."""

    root: Path

    def git(self, *args: str, stdin: bytes = b"") -> str:
        """Run git here, and return what it printed."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(["git", *args], cwd=self.root, env=env, input=stdin, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode().strip()

    def tree(self, files: dict[str, bytes]) -> str:
        """Store files, and return the id of their tree."""
        entries = ""
        for path, content in files.items():
            blob = self.git("hash-object", "-w", "--no-filters", "--stdin", stdin=content)
            entries += f"100644 {blob}\t{path}\n"
        self.git("read-tree", "--empty")
        self.git("update-index", "--add", "--index-info", stdin=entries.encode())
        return self.git("write-tree")

    @property
    def kept(self) -> list[str]:
        """The names of all that is kept among the slugs."""
        slugs = self.root / ".local/slugs"
        return sorted(path.name for path in slugs.iterdir()) if slugs.exists() else []


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a checkout below a path with spaces; what it installs is all in its trees."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    repository = Repository(tmp_path / "a check out")
    repository.root.mkdir()
    repository.git("init", "--quiet")
    return repository


def test_a_slug_has_the_trees_files_and_its_pins(repository: Repository) -> None:
    """It is kept by the tree's id, with the tree's Python, and the wheels of vendor/ are found."""
    tree = repository.tree(FILES)
    slug = build(repository.root, tree)
    assert slug.folder == repository.root / ".local/slugs" / tree
    assert (slug.folder / "Procfile").read_bytes() == FILES["Procfile"]
    say = "import sys, issue344_shout; print(issue344_shout.WORD, '%d.%d' % sys.version_info[:2])"
    done = subprocess.run([slug.python, "-c", say], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().split() == ["loud", PYTHON]


def test_a_tree_is_built_once(repository: Repository) -> None:
    """The second build needs neither git nor an installer: the repository may be gone."""
    tree = repository.tree(FILES)
    slug = build(repository.root, tree)
    (repository.root / ".git").rename(repository.root / "gone")
    assert build(repository.root, tree) == slug


def test_two_builds_at_once_make_one_slug(repository: Repository) -> None:
    """The second one waits for the first, and takes what it made."""
    tree = repository.tree(FILES)
    with ThreadPoolExecutor() as threads:
        first, second = threads.map(build, [repository.root] * 2, [tree] * 2)
    assert first == second
    assert repository.kept == [tree]


def test_a_slug_whose_python_is_gone_is_built_again(repository: Repository) -> None:
    """A Python may be removed from the machine after the build."""
    tree = repository.tree(FILES)
    python = build(repository.root, tree).python
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert build(repository.root, tree).python.exists()
    assert repository.kept == [tree]


def test_a_slug_shares_no_file_with_the_installers_cache(repository: Repository) -> None:
    """Else damage to one slug would be damage to all."""
    slug = build(repository.root, repository.tree(FILES))
    (installed,) = slug.folder.glob(".venv/lib/*/site-packages/issue344_shout.py")
    assert installed.stat().st_nlink == 1


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_bytes(b"WORD = 'mute'\n")])
def test_a_damaged_slug_is_built_again(repository: Repository, change: Callable[[Path], object]) -> None:
    """A file is gone, or holds something else of the same length."""
    tree = repository.tree(FILES)
    slug = build(repository.root, tree)
    (installed,) = slug.folder.glob(".venv/lib/*/site-packages/issue344_shout.py")
    change(installed)
    build(repository.root, tree)
    assert installed.read_bytes() == b"WORD = 'loud'\n"
    assert repository.kept == [tree]


@pytest.mark.parametrize("manifest", [b"", b"[", b'[["\xff",0,0,""]]'])
def test_a_slug_whose_manifest_is_damaged_is_not_whole(tmp_path: Path, manifest: bytes) -> None:
    """What its files were is not known then."""
    seal(tmp_path)
    assert is_whole(tmp_path)
    (tmp_path / MANIFEST).write_bytes(manifest)
    assert not is_whole(tmp_path)


def test_what_is_added_to_a_slug_or_touched_is_no_damage(repository: Repository) -> None:
    """A running app writes bytecode, and a backup may set times."""
    tree = repository.tree(FILES)
    slug = build(repository.root, tree)
    (slug.folder / "witness").touch()
    os.utime(slug.folder / "Procfile")
    assert build(repository.root, tree) == slug
    assert (slug.folder / "witness").exists()


def test_slugs_that_nothing_needs_are_removed(repository: Repository) -> None:
    """The last three trees of a branch keep theirs, and those in use."""
    trees = [repository.tree({**FILES, "n": str(number).encode()}) for number in range(6)]
    tip = ""
    for tree in trees[:5]:
        parent = ["-p", tip] if tip else []
        tip = repository.git("-c", "user.name=n", "-c", "user.email=e", "commit-tree", *parent, "-m", "n", tree)
    repository.git("update-ref", "refs/heads/branch", tip)
    for tree in trees:
        (repository.root / ".local/slugs" / tree).mkdir(parents=True)
    prune(repository.root, [trees[0]])
    assert repository.kept == sorted([trees[0], *trees[2:5]])


def test_without_git_no_slug_is_removed(repository: Repository) -> None:
    """What cannot be known is not needed by nobody."""
    (repository.root / ".local/slugs" / ("a" * 40)).mkdir(parents=True)
    (repository.root / ".git").rename(repository.root / "gone")
    prune(repository.root, [])
    assert repository.kept == ["a" * 40]


@pytest.mark.parametrize("name", ["Procfile", ".python-version", "requirements.txt"])
def test_a_tree_that_lacks_a_file_is_no_slug(repository: Repository, name: str) -> None:
    """The error names the file, and nothing is left."""
    tree = repository.tree({path: content for path, content in FILES.items() if path != name})
    with pytest.raises(Failure, match=f"no {re.escape(name)}"):
        build(repository.root, tree)
    assert repository.kept == []


@pytest.mark.parametrize("version", [b"", b"3", b"2.7", b"3.11; rm", b"--help", b"\xff", b"3.11\n3.12"])
def test_a_python_version_that_is_none_is_refused(repository: Repository, version: bytes) -> None:
    """It becomes an argument of a command."""
    tree = repository.tree({**FILES, ".python-version": version})
    with pytest.raises(Failure, match=r"\.python-version"):
        build(repository.root, tree)
    assert repository.kept == []


def test_a_pin_whose_hash_does_not_match_is_not_installed(repository: Repository) -> None:
    """The build fails, and nothing is left."""
    wrong = FILES["requirements.txt"].replace(hashlib.sha256(WHEEL).hexdigest().encode(), b"0" * 64)
    tree = repository.tree({**FILES, "requirements.txt": wrong})
    with pytest.raises(Failure, match="hash"):
        build(repository.root, tree)
    assert repository.kept == []


@pytest.mark.parametrize("tree", ["", "main", "../../etc", "a" * 39, "A" * 40, f"{'a' * 40}\n", f"{'a' * 40}/.."])
def test_what_is_no_id_of_a_tree_is_refused(repository: Repository, tree: str) -> None:
    """It becomes a folder's name."""
    with pytest.raises(Failure, match="no id of a git tree"):
        build(repository.root, tree)
    assert repository.kept == []


def test_a_tree_that_is_not_there_leaves_nothing(repository: Repository) -> None:
    """A branch may have been pruned since its tree was named."""
    with pytest.raises(Failure):
        build(repository.root, "a" * 40)
    assert repository.kept == []


@pytest.mark.parametrize(("number", "leaves"), [(signal.SIGINT, False), (signal.SIGKILL, True)])
def test_an_interrupted_build_makes_no_slug(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, leaves: bool
) -> None:
    """Ctrl-C clears what was begun; what SIGKILL leaves is cleared by the next build."""
    with socket.create_server(("127.0.0.1", 0)) as index:
        monkeypatch.delenv("UV_OFFLINE")
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{index.getsockname()[1]}/")
        tree = repository.tree({**FILES, "requirements.txt": b"issue344-whisper==1.0 --hash=sha256:" + b"0" * 64})
        command = [sys.executable, "-c", BUILD, str(repository.root), tree]
        with (
            subprocess.Popen(command, cwd=CODE.parent, start_new_session=True, stderr=subprocess.PIPE) as building,
            index.accept()[0],  # an index that does not answer: now it installs
        ):
            os.killpg(building.pid, number)
            building.communicate()
    assert bool(repository.kept) == leaves
    assert tree not in repository.kept
    monkeypatch.setenv("UV_OFFLINE", "1")
    other = repository.tree(FILES)
    build(repository.root, other)
    assert repository.kept == [other]

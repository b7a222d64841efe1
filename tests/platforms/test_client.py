"""How a command reaches the supervisor, whatever state the files and the messages are in."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.errors import Failure
from scripts.platforms.local import client, messages
from scripts.platforms.local.places import Places
from tests.platforms.stage import Stage


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that counts as the tooling's code."""
    folder = tmp_path / "scripts"
    (folder / "below").mkdir(parents=True)
    (folder / "below/one.py").write_text("one\n")
    monkeypatch.setattr(messages, "CODE", folder)
    return folder


def open_files() -> int:
    """Return how many files, sockets among them, this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_fingerprint_differs_with_each_file_of_the_code(code: Path) -> None:
    """A file that is changed, added or renamed makes another one; what is no Python does not."""
    seen = [messages.fingerprint()]
    (code / "two.py").write_text("two\n")
    seen.append(messages.fingerprint())
    (code / "two.py").write_text("2\n")
    seen.append(messages.fingerprint())
    (code / "two.py").rename(code / "three.py")
    seen.append(messages.fingerprint())
    assert len(set(seen)) == len(seen)
    (code / "notes").write_text("")
    assert messages.fingerprint() == seen[-1]


def test_what_is_no_file_is_no_part_of_the_fingerprint(code: Path) -> None:
    """An editor's lock is a link to nowhere, beside the file that is being edited."""
    before = messages.fingerprint()
    (code / ".#one.py").symlink_to("somebody@somewhere.1234:1")
    (code / "folder.py").mkdir()
    os.mkfifo(code / "pipe.py")
    assert messages.fingerprint() == before


@pytest.mark.parametrize(
    "line", [b"{", b'{"type":"Ps","more":1}', b'{"type":"\xff"}', b'{"type":"Refused","message":"\xff"}']
)
@pytest.mark.parametrize("read", [messages.read_request, messages.read_reply])
def test_a_message_that_is_none_is_one_line(read: Callable[[bytes], object], line: bytes) -> None:
    """Another state of the tooling may have sent it, or no tooling at all."""
    with pytest.raises(Failure, match="do not understand each other"):
        read(line)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"type":"State","socket":"\xff"}', b'{"type":"Running","ended":"\xff"}']
)
def test_a_file_of_the_supervisors_that_is_broken_is_as_none(tmp_path: Path, content: bytes) -> None:
    """Whoever reads it looks for a supervisor in another way."""
    places = Places(tmp_path)
    places.local.mkdir()
    places.state.write_bytes(content)
    places.running.write_bytes(content)
    assert messages.read_state(places) is None
    assert messages.read_running(places) is None


def test_code_that_cannot_be_read_leaves_no_connection_open(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command fails, and the supervisor has nobody to wait for."""
    stage.deploy(stage.slug("a"))
    code = stage.root / "code"
    code.mkdir()
    (code / "one.py").symlink_to("/proc/self/mem")  # a file that not even root can read from its beginning
    with monkeypatch.context() as changed:
        changed.setattr(messages, "CODE", code)
        before = open_files()
        with pytest.raises(OSError, match="Input/output error"):
            client.connect(Places(stage.root))
        assert open_files() == before

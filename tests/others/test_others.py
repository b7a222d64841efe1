"""`make others`: it measures what has no row, keeps what has one, and holds what is committed against a new look."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.others.measure_others import check_others, measure_others, plan_others, stale_others
from scripts.others.others_file import OTHERS_FILE, OtherRow, read_others
from scripts.probe.cases import FILE

PROJECT = Path(__file__).resolve().parents[2]

LIST = """
python = "3.13"
[[servers]]
name = "waitress"
command = "waitress-serve --listen=127.0.0.1:{port} bare_wsgi:app"
answers = ["waitress"]
"""

SHORT = '''
[form]
shows = "A short request."
requests = ["""GET /view?a HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"""]
[misroute]
shows = "Another."
requests = ["""GET /view?b HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"""]
'''


@contextmanager
def unseen(_name: str, _total: int) -> Iterator[Callable[[int], None]]:
    """Show no progress."""
    yield lambda _done: None


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout with one server and short cases; environments are those of this one."""
    folder = tmp_path / "common/servers/current"
    folder.mkdir(parents=True)
    (folder / "servers.toml").write_text(LIST)
    shutil.copy(PROJECT / "common/servers/current/requirements.txt", folder)
    (tmp_path / FILE).write_text(SHORT)
    (tmp_path / ".local").mkdir()
    (PROJECT / ".local/environments").mkdir(parents=True, exist_ok=True)
    (tmp_path / ".local/environments").symlink_to(PROJECT / ".local/environments")
    return tmp_path


def run(root: Path) -> list[str]:
    """Measure what has no row; return the names of what was measured."""
    said: list[OtherRow] = []
    measure_others(plan_others(root), unseen, said.append)
    return [row.name for row in said]


def test_what_was_measured_is_not_measured_again(checkout: Path) -> None:
    """The file stays as it is, to the byte."""
    assert "waitress" in stale_others(checkout)
    assert run(checkout) == ["waitress"]
    text = (checkout / OTHERS_FILE).read_bytes()
    assert stale_others(checkout) == ""
    assert run(checkout) == []
    assert (checkout / OTHERS_FILE).read_bytes() == text


def test_equal_evidence_leaves_the_file_as_it_was(checkout: Path) -> None:
    """Also where all is measured again on another day."""
    run(checkout)
    file = checkout / OTHERS_FILE
    others = read_others(checkout)
    assert others
    day = str(others.servers[0].measured)
    file.write_text(file.read_text().replace(day, "2026-01-01"))
    text = file.read_bytes()
    assert not measure_others(plan_others(checkout, anew=True), unseen, lambda _: None)
    assert file.read_bytes() == text


def test_a_check_names_what_differs_and_changes_nothing(checkout: Path) -> None:
    """A version that is not the one that answers, for one."""
    run(checkout)
    file = checkout / OTHERS_FILE
    plan = plan_others(checkout, anew=True)
    assert check_others(plan, unseen, lambda _: None) == []
    (row,) = plan.before.servers
    file.write_text(file.read_text().replace(row.versions["waitress"], "2.0"))
    text = file.read_bytes()
    found = check_others(plan_others(checkout, anew=True), unseen, lambda _: None)
    assert found == [f"waitress versions.waitress: 2.0 → {row.versions['waitress']}"]
    assert file.read_bytes() == text


def test_a_server_that_is_listed_no_more_loses_its_row(checkout: Path) -> None:
    """Nothing is measured for that."""
    run(checkout)
    list_ = checkout / "common/servers/current/servers.toml"
    list_.write_text(list_.read_text().replace('"waitress"\ncommand', '"another"\ncommand'))
    assert run(checkout) == ["another"]
    others = read_others(checkout)
    assert others
    assert [row.name for row in others.servers] == ["another"]


def test_rows_of_other_cases_are_not_kept(checkout: Path) -> None:
    """A case whose bytes changed is another one."""
    run(checkout)
    (checkout / FILE).write_text(SHORT.replace("view?b", "view?c"))
    assert "waitress" in stale_others(checkout)
    assert run(checkout) == ["waitress"]


def test_the_command_says_that_there_is_nothing_to_do() -> None:
    """With what is committed, as text and as JSON, and it measures nothing."""
    command = [sys.executable, "-m", "scripts", "others"]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, encoding="utf-8", check=True)
    assert said.stdout.startswith(f"nothing to do: {OTHERS_FILE} has all ")
    told = subprocess.run([*command, "--json"], cwd=PROJECT, capture_output=True, encoding="utf-8", check=True)
    others = read_others(PROJECT)
    assert others
    assert [row["name"] for row in json.loads(told.stdout)["servers"]] == [row.name for row in others.servers]

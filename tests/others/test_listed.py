"""The list of servers: read strictly, pinned, and each with a row in the committed file."""

from pathlib import Path

import pytest

from scripts.errors import WrongUse
from scripts.matrix import load
from scripts.others.listed import OtherServer, load_servers
from scripts.others.measure_others import plan_others, stale_others
from scripts.others.others_file import encode_others, read_others
from scripts.pins import lockfile
from scripts.pins.jobs import all_jobs
from scripts.probe.cases import load_cases

PROJECT = Path(__file__).resolve().parents[2]

CASES = load_cases(PROJECT)

FILE = """
python = "3.13"
[[servers]]
name = "a"
command = "a --port {port}"
answers = ["a"]
"""


def listed(root: Path, text: str = FILE) -> list[OtherServer]:
    """Read a list of one file."""
    folder = root / "common/servers/current"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "servers.toml").write_text(text)
    (folder / "requirements.txt").write_text("a==1\n")
    return load_servers(root, CASES)


def inputs(server: OtherServer) -> str:
    """Return what a server is measured from."""
    return server.inputs([("form", "0")])


def test_every_listed_server_has_a_row() -> None:
    """And each row is of a server that is listed, measured from what stands there now."""
    others = read_others(PROJECT)
    assert others
    assert [row.name for row in others.servers] == [server.name for server in load_servers(PROJECT, CASES)]
    assert stale_others(PROJECT) == ""
    assert plan_others(PROJECT).todo == ()


def test_at_least_ten_servers_were_measured() -> None:
    """In the cases that matter most, by a proof; uvicorn alone is none of them."""
    others = read_others(PROJECT)
    assert others
    measured = [row for row in others.servers if row.cases]
    assert len({next(iter(row.versions)) for row in measured}) >= 10
    for row in measured:
        assert {"form", "misroute", "post", "pipelined"} <= row.cases.keys(), row.name
        assert row.proof, row.name


def test_the_committed_file_is_as_it_would_be_written() -> None:
    """A line a server, in the list's order, so that a diff reads as news."""
    others = read_others(PROJECT)
    assert others
    text = (PROJECT / "variants/others.json").read_text("utf-8")
    assert encode_others(others) == text
    assert sum(line.startswith('{"name": ') for line in text.splitlines()) == len(others.servers)


def test_what_is_listed_is_pinned_by_make_pin_under_its_python() -> None:
    """Every environment is one of its compilations."""
    jobs = {PROJECT / job.path: job for job in all_jobs(load(PROJECT))}
    for server in load_servers(PROJECT, CASES):
        assert jobs[server.lock].python == server.python
        lock = lockfile.read(server.lock.read_text("utf-8"))
        assert lock
        assert lock.intact


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((" {port}", ""), "a: its command is a program of the environment that is given {port}"),
        (('"a --port', '"/bin/a --port'), "a: its command is a program of the environment"),
        (('["a"]', "[]"), "a: it must name the packages that answer"),
        (('["a"]', '["a"]\nunasked.nothing = "it has none"'), "a: there is no case 'nothing'"),
        (('["a"]', '["a"]\nport = 1'), "unknown field `port`"),
        (('"3.13"', '"13"'), "python = '13' is not of the form 3.N"),
        (("[[servers]]", '[[servers]]\nname="a"\ncommand="a {port}"\nanswers=["a"]\n[[servers]]'), "two of this name"),
    ],
    ids=["no port", "a path", "no package", "no case", "unknown", "python", "twice"],
)
def test_a_list_that_is_wrong_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    """The error says which server, and what is the matter."""
    with pytest.raises(WrongUse) as refused:
        listed(tmp_path, FILE.replace(*change))
    assert said in refused.value.message


def test_a_change_of_command_or_pins_is_another_measurement(tmp_path: Path) -> None:
    """So is another digest of a case; a second look is not."""
    (server,) = listed(tmp_path)
    before = inputs(server)
    assert inputs(server) == before
    assert server.inputs([("form", "1")]) != before
    (other,) = listed(tmp_path, FILE.replace("--port", "-p"))
    assert inputs(other) != before
    server.lock.write_text("a==2\n")
    assert inputs(server) != before

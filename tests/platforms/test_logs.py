"""The log files of the local platform."""

import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from scripts.platforms.local.logs import Logs, log_file, read_lines, shortened
from scripts.platforms.local.messages import CODE


def test_a_line_has_its_time_and_who_speaks(tmp_path: Path) -> None:
    """The form is Heroku's: an ISO 8601 time in UTC with microseconds, then the source."""
    logs = Logs(tmp_path / "logs")
    logs.write("app-1", "heroku[router]", "at=info")
    logs.close()
    (line,) = read_lines(log_file(tmp_path / "logs", "app-1"), last=10)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 heroku\[router\]: at=info", line)


def test_the_routers_last_lines_outlive_what_an_app_prints(tmp_path: Path) -> None:
    """Over all apps but the platform's own page, with long paths shortened; there are 20 at most."""
    logs = Logs(tmp_path, limit=1000)
    for number in range(30):
        logs.write(f"app-{number % 2}", "heroku[router]", f'at=info path="/{number}{"x" * 300}"')
        logs.write("live", "heroku[router]", "at=info")
        logs.write("app-1", "app[web.1]", "x" * 500)
    logs.close()
    told = list(logs.router_lines)
    assert [line.partition('path="/')[2][:2] for line in told] == [str(number) for number in range(10, 30)]
    assert all("...[+" in line for line in told)


def test_each_app_has_its_own_log(tmp_path: Path) -> None:
    """What one app says is not in the other's."""
    logs = Logs(tmp_path)
    logs.write("one", "app[web.1]", "first")
    logs.write("two", "app[web.1]", "second")
    logs.close()
    assert log_file(tmp_path, "one").read_text().endswith("first\n")
    assert log_file(tmp_path, "two").read_text().endswith("second\n")


def test_a_log_is_bounded(tmp_path: Path) -> None:
    """However much is written, two files of the limit are all that is kept, and the last lines are among them."""
    logs = Logs(tmp_path, limit=1000)
    for number in range(200):
        logs.write("app", "app[web.1]", str(number))
    logs.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.log", "app.log.1"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert [line.split()[-1] for line in read_lines(log_file(tmp_path, "app"), last=15)] == [
        str(n) for n in range(185, 200)
    ]


@pytest.mark.parametrize("last", [0, 1, 3, 100])
def test_the_last_lines_are_read_oldest_first(tmp_path: Path, last: int) -> None:
    """As many as were asked for, or as there are."""
    path = tmp_path / "app.log"
    path.write_text("1\n2\n3\n4\n")
    assert list(read_lines(path, last=last)) == ["1", "2", "3", "4"][4 - min(last, 4) :]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/view", "/view"),
        ("/" + "x" * 199, "/" + "x" * 199),
        ("/" + "x" * 200, "/" + "x" * 199 + "...[+1]"),
        ("/" + "x" * 4095 + "...[+904]", "/" + "x" * 199 + "...[+4800]"),
        ("/" + "x" * 199 + "...[+904]", "/" + "x" * 199 + "...[+904]"),
        # A client may ask for a path that ends so: what is no count of the router's is a part of the path.
        ("/" + "x" * 199 + "...[+" + "9" * 5000 + "]", "/" + "x" * 199 + "...[+5006]"),
    ],
)
@pytest.mark.parametrize("line", ['at=error path="{}" host=a', "GET {} 200", 'uvicorn: "GET {}"', "{}"])
def test_long_paths_are_shortened_by_what_is_told(line: str, path: str, shown: str) -> None:
    """Above 200 characters the rest is counted, together with what the router left out itself."""
    assert shortened(line.format(path)) == line.format(shown)


def test_no_log_has_no_lines(tmp_path: Path) -> None:
    """A file that is not there is no error."""
    assert list(read_lines(tmp_path / "app.log", last=10)) == []


def test_a_followed_log_goes_on_across_files_that_are_put_aside(tmp_path: Path) -> None:
    """No line is lost or told twice when a log reaches its limit while it is read."""
    logs = Logs(tmp_path, limit=200)
    logs.write("app", "app[web.1]", "0")
    lines = read_lines(log_file(tmp_path, "app"), last=10, follow=True)
    seen = [next(lines)]
    for number in range(1, 20):
        logs.write("app", "app[web.1]", str(number))
        seen += islice(lines, 1)
    lines.close()
    logs.close()
    assert log_file(tmp_path, "app").with_name("app.log.1").exists()
    assert [line.split()[-1] for line in seen] == [str(number) for number in range(20)]


def test_a_log_may_be_followed_before_there_is_one(tmp_path: Path) -> None:
    """Following begins before the first deploy writes."""
    path = tmp_path / "app.log"
    lines = read_lines(path, last=10, follow=True)
    path.write_text("first\nsec")
    assert next(lines) == "first"
    with path.open("a") as file:
        file.write("ond\n")
    assert next(lines) == "second"
    lines.close()


def test_what_a_process_prints_moves_on_with_its_bounded_log(tmp_path: Path) -> None:
    """Python's own complaints come by another way than the lines of the log, and go to the same file."""
    program = """
import logging, os, sys
from pathlib import Path
from scripts.platforms.local.logs import ProcessLog
log = ProcessLog(Path(sys.argv[1]), limit=1000)
for number in range(200):
    log.emit(logging.makeLogRecord({"msg": f"line {number}"}))
os.write(2, b"a complaint\\n")
"""
    path = tmp_path / "folder/process.log"
    subprocess.run([sys.executable, "-c", program, path], cwd=CODE.parent, check=True)
    assert sorted(each.name for each in path.parent.iterdir()) == ["process.log", "process.log.1"]
    assert all(each.stat().st_size <= 1000 for each in path.parent.iterdir())
    assert path.read_text().splitlines()[-2:] == ["line 199", "a complaint"]

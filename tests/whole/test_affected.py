"""`affected` as its users call it: the answer in a line, and by exit code."""

import json
from pathlib import Path

import pytest

from scripts.history.rows import HISTORY_FILE, encode
from tests.app.server import ENVIRONMENTS
from tests.history.samples import story
from tests.whole.conftest import Clone


@pytest.fixture
def asking(clone: Clone) -> Clone:
    """Return the clone with the story as its history."""
    (clone.root / HISTORY_FILE).write_text(encode(story()), "utf-8")
    return clone


@pytest.mark.parametrize(
    ("variables", "code", "begins"),
    [
        ({"VERSION": "0.12.2"}, 1, "uvicorn 0.12.2 with httptools is affected, since 0.10.9 until 0.17.4: "),
        ({"VERSION": "0.12.2", "PARSER": "h11"}, 0, "uvicorn 0.12.2 with h11 is intact"),
        ({"VERSION": "0.17.5"}, 0, "uvicorn 0.17.5 with httptools is intact"),
        ({"VERSION": "0.17.4-1"}, 1, "uvicorn 0.17.4 with httptools is affected"),
        ({"VERSION": "0.99.0"}, 2, "uvicorn 0.99.0: unknown, it is newer than the history"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_the_answer_is_a_line_and_an_exit_code(
    asking: Clone, variables: dict[str, str], code: int, begins: str
) -> None:
    """0 intact, 1 affected, 2 unknown."""
    finished = asking.verb("affected", **variables)
    assert (finished.returncode, finished.stderr) == (code, "")
    (line,) = finished.stdout.splitlines()
    assert line.startswith(begins)
    assert line.endswith(".")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"VERSION": "abc"}, "error: VERSION=abc is no version of uvicorn. Name a release: VERSION=0.15.0"),
        ({"VERSION": "0.17.4", "PARSER": "zttp"}, "error: uvicorn 0.17.4 has no parser 'zttp'. In the history"),
        ({"PYTHON": "/bin/false"}, "error: PYTHON=/bin/false does not say which uvicorn it has"),
        ({"PYTHON": "/no/such"}, "error: PYTHON=/no/such is no Python that can be run"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_what_cannot_be_answered_never_ends_with_an_answers_code(
    asking: Clone, variables: dict[str, str], says: str
) -> None:
    """Also where the run failed: code 1 would say "affected"."""
    finished = asking.verb("affected", **variables)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert says in finished.stderr


def test_without_a_version_the_uvicorn_of_a_python_is_looked_at(asking: Clone) -> None:
    """It says which Python that is; a release that the history does not have is wrong use as ever."""
    place = ENVIRONMENTS["of its time"]
    (asking.root / HISTORY_FILE).write_text(encode(story()).replace("0.12.2", place.version("uvicorn")), "utf-8")
    python = str(place.programs / "python")
    finished = asking.verb("affected", PYTHON=python)
    assert finished.returncode == 1
    assert finished.stdout.startswith(f"uvicorn {place.version('uvicorn')} with httptools is affected")
    assert f"That is what {python} has (PYTHON={python})" in finished.stdout
    told = json.loads(asking.verb("affected", PYTHON=python, PARSER="h11", JSON="1").stdout)
    assert (told["answer"], told["parser"], told["python"]) == ("intact", "h11", python)


def test_programs_get_the_answer_as_json(asking: Clone) -> None:
    """With the line for people in it."""
    told = json.loads(asking.verb("affected", VERSION="0.12.2", JSON="1").stdout)
    assert (told["answer"], told["upgrade"], told["http"]) == ("affected", "0.17.5", ["h11"])
    assert told["text"].startswith("uvicorn 0.12.2 with httptools is affected")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "error: there is no variants/history.json. Measure it: make history"),
        ("{", "error: variants/history.json is wrong: "),
        ('{"format": 2}', "error: variants/history.json has format 2"),
    ],
)
def test_a_history_that_cannot_be_read_is_one_line(asking: Clone, content: str | None, says: str) -> None:
    """Missing, damaged, of another format."""
    path: Path = asking.root / HISTORY_FILE
    path.unlink() if content is None else path.write_text(content)
    finished = asking.verb("affected", VERSION="0.12.2")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith(says)

"""A uvicorn with the bare app: one that answers, one that ends, one that hangs."""

import os
import time
from pathlib import Path

import pytest

from scripts.history.answering import NotServed
from scripts.history.serve import serving


def environment(tmp_path: Path, main: str) -> Path:
    """Return an environment whose uvicorn is a module with this text."""
    import subprocess
    import sys

    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    (folder,) = place.glob("lib/python3.*/site-packages")
    (folder / "uvicorn").mkdir()
    (folder / "uvicorn/__init__.py").touch()
    (folder / "uvicorn/main.py").write_text(main)
    return place


def test_one_that_ends_is_not_served_and_its_last_error_says_why(tmp_path: Path) -> None:
    """A module that is missing is named, so that it can be installed."""
    with (
        pytest.raises(NotServed, match=r"cannot be started: ModuleNotFoundError: .*'httptools'") as failure,
        serving(environment(tmp_path, "import httptools\n")),
    ):
        pass
    assert failure.value.missing == "httptools"


def test_one_that_hangs_at_boot_is_ended(tmp_path: Path) -> None:
    """It leaves no process behind."""
    note = tmp_path / "pid"
    text = f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(1000)\n"
    with (
        pytest.raises(NotServed, match="cannot be started: it does not answer"),
        serving(environment(tmp_path, text), limit=2),
    ):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


@pytest.mark.parametrize("answer", ["", "def do_GET(self): self.wfile.write(ANSWER)"], ids=["no answer", "no text"])
def test_one_that_answers_nonsense_is_not_served(tmp_path: Path, answer: str) -> None:
    """What it says of itself must be what the bare app says."""
    text = (
        "import sys\nfrom http.server import BaseHTTPRequestHandler, HTTPServer\n"
        'ANSWER = b\'HTTP/1.0 200 OK\\r\\n\\r\\n{"uvicorn": "\\xff"}\'\n'
        f"class Handler(BaseHTTPRequestHandler):\n    {answer or 'pass'}\n"
        "def run():\n    port = int(sys.argv[2].rpartition(':')[2])\n"
        "    HTTPServer(('127.0.0.1', port), Handler).serve_forever()\n"
    )
    began = time.monotonic()
    with pytest.raises(NotServed, match="its first answer makes no sense"), serving(environment(tmp_path, text)):
        pass
    assert time.monotonic() - began < 15

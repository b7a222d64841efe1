"""How long a whole measurement takes, against wrk asking the same server as many whole requests.

Both open a connection for each request. A measurement has a proof and its whole requests.
The servers: the app as a branch has it, under a current uvicorn; a small app under daphne; nginx, which answers itself.
"""

import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from scripts.probe.cases import load_cases
from scripts.probe.endpoint import Endpoint
from scripts.probe.measure import probe
from tests.app.server import ENVIRONMENTS, copy_app, uvicorn
from tests.probe.test_real import BY_NAME, running

PROJECT = Path(__file__).resolve().parents[2]
CONNECTIONS = 64
SECONDS = 3


def wrk(port: int, target: str) -> float:
    """Return how many whole requests a second wrk gets answered, each over a connection of its own."""
    command = ["wrk", f"-c{CONNECTIONS}", "-t1", f"-d{SECONDS}", "-H", "Connection: close"]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}{target}"], capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s*([\d.]+)", said.stdout)
    assert found, said.stdout
    return float(found[1])


def compare(name: str, server: Endpoint, rounds: int) -> None:
    """Print how many times as long the probe takes as wrk: the median of the rounds."""
    case = load_cases(PROJECT)["form"]
    ratios = []
    for _ in range(rounds):
        begun = time.perf_counter()
        measurement = probe(server, case)
        took = time.perf_counter() - begun
        assert measurement.intact, name
        requests = len(measurement.trials) + measurement.wholes.sent
        ratios.append(took * wrk(server.port, case.target) / requests)
    print(  # noqa: T201 - its whole purpose
        f"probing every offset of {name}, against wrk asking as many whole requests: {statistics.median(ratios):.2f} "
        f"times ({min(ratios):.2f} to {max(ratios):.2f}, {rounds} rounds)"
    )


def main(rounds: int) -> None:
    """Print the ratio for each server."""
    if not shutil.which("wrk"):
        print("the probe's speed is left out: wrk is not installed")  # noqa: T201 - its whole purpose
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with uvicorn(ENVIRONMENTS["current"], copy_app(folder / "app"), VARIANT="v9.8.7") as server:
            compare("uvicorn", Endpoint("127.0.0.1", server.port), rounds)
        for other in ("daphne", "nginx"):
            (folder / other).mkdir()
            with running(BY_NAME[other], folder / other) as (endpoint, _):
                compare(other, endpoint, rounds)

"""How long a whole measurement takes, against wrk asking the same server as many whole requests.

Both open a connection for each request.
The server is the app as a branch has it, under a current uvicorn. A measurement has a proof and its whole requests.
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


def main(rounds: int) -> None:
    """Print the ratio."""
    if not shutil.which("wrk"):
        print("the probe's speed is left out: wrk is not installed")  # noqa: T201 - its whole purpose
        return
    case = load_cases(PROJECT)["form"]
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        app = copy_app(Path(name) / "app")
        with uvicorn(ENVIRONMENTS["current"], app, VARIANT="v9.8.7") as server:
            for _ in range(rounds):
                begun = time.perf_counter()
                measurement = probe(Endpoint("127.0.0.1", server.port), case)
                took = time.perf_counter() - begun
                assert measurement.intact
                requests = len(measurement.trials) + measurement.wholes.sent
                ratios.append(took * wrk(server.port, case.target) / requests)
    print(  # noqa: T201
        f"probing every offset, against wrk asking as many whole requests: {statistics.median(ratios):.2f} times "
        f"({min(ratios):.2f} to {max(ratios):.2f}, {rounds} rounds)"
    )

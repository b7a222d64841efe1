"""How many requests a second the router carries, against nginx in front of the same dyno, side by side.

nginx keeps no connection to the dyno, as Heroku's legacy router does not; the router sends heads whole (SEGMENT=0). The
dyno is the app as a branch has it, under a current uvicorn.

    python -m tests.router.throughput FOLDER DYNO_PORT

is the router by itself, as the supervisor runs it: it prints its port, and serves until it is ended.
"""

import asyncio
import contextlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.platforms.local.logs import Logs
from scripts.process import end, environment, start
from scripts.router.router import DynoState, RoutedDyno, Router
from tests.app.server import ENVIRONMENTS, PROJECT, copy_app, uvicorn

CONNECTIONS = 1, 32, 256
SECONDS = 3
OPEN = 1000
MISSING = [program for program in ("nginx", "wrk") if not shutil.which(program, path="/usr/sbin:/usr/bin:/bin")]

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log {folder}/access.log; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{dyno}; }} }}
}}
"""


async def _route(folder: Path, dyno: int) -> None:
    """Be the router in front of the dyno at a port."""
    logs = Logs(folder)
    router = Router(segment_bytes=0, log=lambda app, line: logs.write(app, "heroku[router]", line))
    await router.start(0)
    router.route("127.0.0.1", "app", RoutedDyno(state=DynoState.UP, address=("127.0.0.1", dyno)))
    print(router.port, flush=True)  # noqa: T201 - its whole purpose
    await asyncio.Event().wait()


@contextlib.contextmanager
def routing(folder: Path, dyno: int) -> Iterator[tuple[int, int]]:
    """Run the router in a process of its own; give its port and its process id."""
    with start(
        [sys.executable, "-m", "tests.router.throughput", folder, str(dyno)], cwd=PROJECT, env=environment({})
    ) as child:
        try:
            assert child.stdout
            yield int(child.stdout.readline()), child.pid
        finally:
            end(child)


@contextlib.contextmanager
def nginx(folder: Path, dyno: int, port: int) -> Iterator[int]:
    """Run nginx in front of the dyno at a port; give its own."""
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=port, dyno=dyno))
    with start(
        ["/usr/sbin/nginx", "-p", folder, "-c", conf, "-e", folder / "error.log"], cwd=folder, env=environment({})
    ) as child:
        try:
            yield port
        finally:
            end(child)


def rate(port: int, connections: int) -> float:
    """Return how many requests a second a proxy carries; every one of them must be answered with 200."""
    url = f"http://127.0.0.1:{port}/"
    said = subprocess.run(
        ["wrk", f"-c{connections}", "-t1", f"-d{SECONDS}", url], capture_output=True, text=True, check=True
    ).stdout
    assert "Non-2xx" not in said, said
    assert "Socket errors" not in said, said
    found = re.search(r"Requests/sec:\s*([\d.]+)", said)
    assert found, said
    return float(found[1])


def megabytes(port: int, router: int) -> float:
    """Return the memory that the router holds with OPEN clients connected that have each asked once."""
    with contextlib.ExitStack() as held:
        for _ in range(OPEN):
            client = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
        found = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{router}/status").read_text())
    assert found
    return int(found[1]) / 1024


def main(rounds: int) -> None:
    """Print the ratio at each number of connections, and the router's memory."""
    if MISSING:
        print(f"the router's throughput is left out: {' and '.join(MISSING)} not installed")  # noqa: T201
        return
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as held:
        folder = Path(name)
        dyno = held.enter_context(uvicorn(ENVIRONMENTS["current"], copy_app(folder / "app"), VARIANT="v9.8.7")).port
        ours, router = held.enter_context(routing(folder, dyno))
        theirs = held.enter_context(nginx(folder, dyno, _free_port()))
        rate(dyno, 1)
        for connections in CONNECTIONS:
            pairs = [(rate(ours, connections), rate(theirs, connections)) for _ in range(rounds)]
            ratios = [one / other for one, other in pairs]
            print(  # noqa: T201
                f"router against nginx, {connections} connections: {statistics.median(ratios):.2f} times the requests "
                f"({min(ratios):.2f} to {max(ratios):.2f}, {rounds} rounds; "
                f"{statistics.median(one for one, _ in pairs):.0f} against "
                f"{statistics.median(other for _, other in pairs):.0f} a second)"
            )
        print(f"router with {OPEN} clients connected: {megabytes(ours, router):.0f} MB")  # noqa: T201


def _free_port() -> int:
    """Return a port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    asyncio.run(_route(Path(sys.argv[1]), int(sys.argv[2])))

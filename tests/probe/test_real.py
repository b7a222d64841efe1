"""The table of real servers: the truth by plain sockets, and the probe's word. It is never wrong."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from scripts.others.measure_server import environment_of, serving_other
from scripts.probe.endpoint import Endpoint
from scripts.process import end
from tests.app.server import PROJECT
from tests.probe import raw
from tests.probe.real.servers import HERE, SERVERS, Real
from tests.probe.test_odd import word

BY_NAME = {server.name: server for server in SERVERS}
LIMIT_SECONDS = 20.0


def free_port(host: str) -> int:
    """Return a port that nobody listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as found:
        found.bind((host, 0))
        return int(found.getsockname()[1])


def wait(connect: raw.Connect, child: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server takes connections."""
    until = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            connect().close()
        except OSError:
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        else:
            return


@contextmanager
def running(server: Real, folder: Path) -> Iterator[tuple[Endpoint, raw.Connect]]:
    """Run a server, and first what it passes on to; give how the probe and how plain sockets reach it."""
    if server.listed:
        with serving_other(environment_of(PROJECT, server.listed), server.listed) as served:
            yield Endpoint(*served.address), raw.tcp(served.address[1])
        return
    with ExitStack() as stack:
        behind = ""
        if server.behind:
            (folder / "b").mkdir()
            upstream, _ = stack.enter_context(running(BY_NAME[server.behind], folder / "b"))
            behind = upstream.path or str(upstream.port)
        host, path = "::1" if server.at == "ipv6" else "127.0.0.1", str(folder / "s")
        port = free_port(host)
        filled = {"port": str(port), "path": path, "folder": str(folder), "behind": behind}
        if server.environment:
            filled["bin"] = str(server.environment.programs)
        shutil.copy(HERE / "served.py", folder)
        for name, text in server.files:
            for key, value in filled.items():
                text = text.replace(f"{{{key}}}", value)  # noqa: PLW2901
            (folder / name).write_text(text)
        if server.at == "tls":
            names = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-subj", "/CN=localhost"]
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names], check=True, capture_output=True
            )
        if server.passer and (linked := shutil.which(server.passer, path=f"{os.environ['PATH']}:/usr/sbin")):
            (folder / "passer").symlink_to(linked)
        program, *words = server.command.format(**filled).split()
        found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
        if (
            missing := (server.passer or program)
            if not found
            else server.needs
            if not Path(server.needs or "/").exists()
            else ""
        ):
            assert not os.environ.get("CI"), f"{missing} is missing: see .ci/run"
            pytest.skip(f"{missing} is not installed")
        assert found
        log = folder / "log"
        with log.open("wb") as out:
            child = subprocess.Popen([found, *words], cwd=folder, stdout=out, stderr=out, start_new_session=True)
        stack.callback(end, child)
        connect = raw.unix(path) if server.at == "unix" else raw.tcp(port, host, tls=server.at == "tls")
        wait(connect, child, log)
        tls = "localhost" if server.at == "tls" else ""
        yield Endpoint(path=path) if server.at == "unix" else Endpoint(host, port, tls=tls), connect


@pytest.mark.parametrize("name", BY_NAME)
def test_the_word_is_right(name: str, tmp_path: Path) -> None:
    """No wrong "affected", no wrong "intact"."""
    server = BY_NAME[name]
    with running(server, tmp_path) as (endpoint, connect):
        assert raw.truth(connect) == server.truth
        said = word(endpoint)
        assert said.partition(" (")[0] == server.word, said

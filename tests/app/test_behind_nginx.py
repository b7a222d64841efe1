"""The app behind a stock nginx, as dokku and piku put one in front: no setting but where it passes requests on to."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.probe.cases import load_cases
from tests.app.server import PROJECT, Server

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONF = """
daemon off; pid nginx.pid; {user}
events {{}}
http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
       scgi_temp_path t5;
       server {{ listen 127.0.0.1:{port} rcvbuf=64k; location / {{ proxy_pass http://127.0.0.1:{behind}; }} }} }}
"""


@contextmanager
def nginx(folder: Path, behind: int) -> Iterator[Server]:
    """Run nginx in front of a port of loopback."""
    if not NGINX:
        assert os.environ.get("CI") != "true", "nginx is not installed"
        pytest.skip("nginx is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONF.format(port=port, behind=behind, user=user))
    with subprocess.Popen([NGINX, "-p", folder, "-c", "nginx.conf", "-e", "error.log"]) as child:
        try:
            end = time.monotonic() + 20
            while child.poll() is None and time.monotonic() < end:
                with socket.socket() as trial:
                    if trial.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.01)
            yield Server(port, None)  # type: ignore[arg-type]  # what runs behind it has the environment
        finally:
            child.terminate()


def test_the_forms_redirect_is_served_behind_a_stock_nginx(server: Server, tmp_path: Path) -> None:
    """Where the server has no bug: neither the redirect's head nor the story's is too long for nginx's buffers."""
    target = load_cases(PROJECT)["form"].target
    with nginx(tmp_path, server.port) as front:
        redirect = front.ask("/create-new", form={"story": " ".join(map(str, range(1000)))})
        answer = front.ask(target)
    assert (redirect.status, redirect.headers["Location"]) == (302, target.removeprefix("/"))
    assert answer.status == 200
    assert "997 998 999" in answer.text

"""The real servers, each by the command that runs it, with the truth about it and the word that the probe must say."""

from dataclasses import dataclass
from pathlib import Path

from scripts.others.listed import OtherServer, load_servers
from scripts.probe.cases import load_cases
from tests.app.server import PROJECT, Environment

CURRENT = Environment("3.13", PROJECT / "common/servers/current/requirements.txt")

HERE = Path(__file__).parent

INTACT, AFFECTED, UNTOLD = "intact", "affected", "could not tell"


@dataclass(frozen=True)
class Real:
    """A real server; in its command {port}, {behind}, {path}, {folder} and {bin} are filled in."""

    name: str
    command: str
    truth: str = INTACT
    word: str = INTACT
    environment: Environment | None = CURRENT
    """Where its programs are; None: the system's."""
    at: str = "tcp"
    """How it is reached: tcp, ipv6, tls or unix."""
    behind: str = ""
    """The name of the server that it passes on to, listening at {behind}."""
    files: tuple[tuple[str, str], ...] = ()
    """Files in its folder, and what they hold."""
    needs: str = ""
    """A file that it needs beside its program."""
    passer: str = ""
    """The program that is linked into its folder as `passer`."""
    listed: OtherServer | None = None
    """What `make others` measures: it is started as that does."""


def variant(name: str) -> Environment:
    """Return the environment of a variant on Python 3.8."""
    return Environment("3.8", PROJECT / f"variants/{name}/requirements.txt")


def served(name: str) -> Real:
    """Return a server that `served.py` runs."""
    return Real(name.replace("_", " "), f"{{bin}}/python {{folder}}/served.py {name} {{port}}")


def listed(server: OtherServer) -> Real:
    """Return a server that `make others` measures."""
    word = AFFECTED if server.name == "sanic 0.4.1" else INTACT
    return Real(server.name, server.command, word, word, listed=server)


def uvicorn(name: str, options: str = "", where: Environment = CURRENT, truth: str = INTACT, at: str = "tcp") -> Real:
    """Return a uvicorn."""
    place = {"tcp": "--port {port}", "tls": "--port {port}", "ipv6": "--host ::1 --port {port}", "unix": "--uds {path}"}
    command = f"{{bin}}/uvicorn served:asgi --no-access-log {place[at]} {options}"
    return Real(name, command, truth, truth, where, at)


NGINX = "nginx -p {folder} -c nginx.conf -e error.log"
NGINX_CONF = """
daemon off; pid nginx.pid; worker_processes 1; %s
events {}
http { access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
       scgi_temp_path t5; default_type text/plain;
       server { listen 127.0.0.1:{port}; location / { %s } } }
"""
STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
STREAM_CONF = """
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; pid nginx.pid; worker_processes 1; events {}
stream { server { listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{behind}; } }
"""
HAPROXY_CONF = """
defaults
  mode %s
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server s 127.0.0.1:{behind}
"""
NODE = """
require('http').createServer((q, a) => a.end(q.url)).listen({port}, '127.0.0.1')
"""


def nginx(name: str, location: str, *, word: str = INTACT, behind: str = "") -> Real:
    """Return an nginx with one location."""
    conf = NGINX_CONF % ("user root;", location)
    return Real(name, NGINX, environment=None, files=(("nginx.conf", conf),), word=word, behind=behind)


def proxy(
    name: str,
    command: str,
    conf: str = "",
    *,
    truth: str = INTACT,
    behind: str = "uvicorn 0.12.1",
    needs: str = "",
    passer: str = "",
) -> Real:
    """Return a proxy in front of another server: nothing can be told, whatever it does to a split request."""
    files = (("conf", conf),) if conf else ()
    return Real(name, command, truth, UNTOLD, None, behind=behind, files=files, needs=needs, passer=passer)


OLD, LAST = variant("v0.12.1"), variant("v0.17.4")
TLS = "--ssl-keyfile {folder}/key.pem --ssl-certfile {folder}/cert.pem"

SERVERS = [
    uvicorn("uvicorn", "--http httptools"),
    uvicorn("uvicorn h11", "--http h11"),
    uvicorn("uvicorn zttp", "--http zttp"),
    uvicorn("uvicorn, asyncio", "--http httptools --loop asyncio"),
    uvicorn("uvicorn, two workers", "--workers 2"),
    uvicorn("uvicorn, limited", "--limit-concurrency 50"),
    uvicorn("uvicorn, Unix socket", at="unix"),
    uvicorn("uvicorn, IPv6", at="ipv6"),
    uvicorn("uvicorn, TLS", TLS, at="tls"),
    uvicorn("uvicorn 0.17.4", where=LAST, truth=AFFECTED),
    uvicorn("uvicorn 0.17.4 h11", "--http h11", where=LAST),
    uvicorn("uvicorn 0.12.1", where=OLD, truth=AFFECTED),
    uvicorn("uvicorn 0.12.1, Unix socket", where=OLD, truth=AFFECTED, at="unix"),
    uvicorn("uvicorn 0.12.1, IPv6", where=OLD, truth=AFFECTED, at="ipv6"),
    uvicorn("uvicorn 0.12.1, TLS", TLS, where=OLD, truth=AFFECTED, at="tls"),
    uvicorn("uvicorn 0.12.1, two workers", "--workers 2", where=OLD, truth=AFFECTED),
    *map(listed, load_servers(PROJECT, load_cases(PROJECT))),
    Real("gunicorn, two workers", "{bin}/gunicorn -w 2 -b 127.0.0.1:{port} served:wsgi"),
    Real("gunicorn, restarting", "{bin}/gunicorn --max-requests 40 -b 127.0.0.1:{port} served:wsgi"),
    *map(served, ["http_server", "http_server_threaded", "wsgiref", "socketserver_forking"]),
    Real("node", "node {folder}/node.js", environment=None, files=(("node.js", NODE),)),
    nginx("nginx", 'return 200 "$request_uri";'),
    nginx("nginx, HTTP proxy", "proxy_pass http://127.0.0.1:{behind};", word=UNTOLD, behind="uvicorn 0.12.1"),
    nginx("nginx, Unix proxy", "proxy_pass http://unix:{behind};", word=UNTOLD, behind="uvicorn 0.12.1, Unix socket"),
    proxy(
        "nginx, TCP proxy", "nginx -p {folder} -c conf -e error.log", STREAM_CONF, truth=AFFECTED, needs=STREAM_MODULE
    ),
    proxy("haproxy, HTTP", "haproxy -f {folder}/conf", HAPROXY_CONF % "http"),
    # By a name that says nothing: what it does tells.
    proxy("a passer, HTTP", "{folder}/passer -f {folder}/conf", HAPROXY_CONF % "http", passer="haproxy"),
    proxy("haproxy, TCP", "haproxy -f {folder}/conf", HAPROXY_CONF % "tcp", truth=AFFECTED),
    proxy("socat", "socat TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr TCP:127.0.0.1:{behind}", "", truth=AFFECTED),
    proxy("haproxy in front of a good one", "haproxy -f {folder}/conf", HAPROXY_CONF % "tcp", behind="uvicorn"),
]

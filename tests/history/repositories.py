"""Small git repositories, made by the tests, whose commits follow each other by a day."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

IDENTITY = ("-c", "user.name=Keeper", "-c", "user.email=keeper@example.invalid", "-c", "commit.gpgsign=false")

DAY = "2022-02-{:02}T12:00:00+00:00"


def git(folder: Path, *args: str, **variables: str) -> str:
    """Run git in a repository and return what it printed."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **variables}
    done = subprocess.run(["git", *IDENTITY, *args], cwd=folder, env=env, capture_output=True, check=True)
    return done.stdout.decode().strip()


class Repository:
    """A repository."""

    def __init__(self, folder: Path) -> None:
        """Begin one without a commit."""
        self.folder = folder
        self._day = 0
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--initial-branch=main")

    def commit(self, subject: str, files: Mapping[str, str], tag: str = "") -> str:
        """Commit files with this content beside those that are there, and return the commit's id."""
        for path, content in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(content, "utf-8")
        self._day += 1
        day = DAY.format(self._day)
        git(self.folder, "add", "--all")
        git(
            self.folder,
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            subject,
            GIT_AUTHOR_DATE=day,
            GIT_COMMITTER_DATE=day,
        )
        if tag:
            git(self.folder, "tag", tag)
        return git(self.folder, "rev-parse", "HEAD")


PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "uvicorn"
version = "0.0.0"
dependencies = ["h11", "click"]

[tool.setuptools]
packages = ["uvicorn"]
"""

SERVER = '''\
"""A server as small as it can be: GET alone, no body, ASGI 2."""

import asyncio
import importlib

import click
import h11

JOINS = False


class Protocol(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.parser = transport, h11.Connection(h11.SERVER)

    def data_received(self, data):
        if not JOINS:
            self.parser = h11.Connection(h11.SERVER)
        try:
            self.parser.receive_data(data)
            event = self.parser.next_event()
        except h11.RemoteProtocolError:
            event = h11.NEED_DATA
        if isinstance(event, h11.Request):
            asyncio.ensure_future(self.answer(event.target.decode()))
        elif not JOINS:
            self.transport.close()

    async def answer(self, target):
        path, _, query = target.partition("?")
        scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode()}
        await self.app(scope)(self.receive, self.send)

    async def receive(self):
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message):
        if message["type"] == "http.response.start":
            fields = b"".join(b"%s: %s\\r\\n" % tuple(field) for field in message["headers"])
            self.transport.write(b"HTTP/1.1 200 OK\\r\\n" + fields + b"\\r\\n")
        else:
            self.transport.write(message["body"])
            self.parser = h11.Connection(h11.SERVER)


async def serve(app, host, port):
    module, _, name = app.partition(":")
    Protocol.app = staticmethod(getattr(importlib.import_module(module), name))
    server = await asyncio.get_event_loop().create_server(Protocol, host, port)
    await server.serve_forever()


@click.command()
@click.argument("app")
@click.option("--host")
@click.option("--port", type=int)
@click.option("--log-level")
@click.option("--http", type=click.Choice(["auto", "h11"]))
def main(app, host, port, log_level, http):
    asyncio.run(serve(app, host, port))
'''


def small_uvicorn(folder: Path) -> tuple[Repository, str]:
    """Make the repository of a uvicorn that closes on a piece of a request, until a commit whose id is returned too."""
    made = Repository(folder)
    whole = {"uvicorn/__init__.py": "", "uvicorn/main.py": SERVER, "pyproject.toml": PROJECT}
    made.commit("Begin (#1)", whole, tag="0.1.0")
    made.commit("Write of it (#2)", {"README.md": "small"})
    made.commit("Break the build (#3)", {"pyproject.toml": PROJECT.replace("build_meta", "no_such")})
    made.commit("Mend the build (#4)", {"pyproject.toml": PROJECT})
    joins = made.commit("Join what is split (#5)", {"uvicorn/main.py": SERVER.replace("JOINS = False", "JOINS = True")})
    made.commit("Write more of it (#6)", {"README.md": "still small"}, tag="0.2.0")
    return made, joins

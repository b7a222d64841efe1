"""The answers of Heroku's Platform API that its command-line interface asks for, after the published schema."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.heroku.remote import GitRemote
from tests.heroku.site import Site

KEY = "HRKU-" + "dummy-key-of-the-tests"  # in two pieces: no file of the project has it whole

TIME = "2026-11-22T15:04:06Z"


@dataclass
class HostedApp:
    """An app of the account that the key is of."""

    name: str
    stack: str
    site: Site
    versions: list[dict[str, Any]] = field(default_factory=list)
    commits: dict[int, str] = field(default_factory=dict)
    """What each version runs."""
    quantity: int = 1
    state: str = "up"
    web_url: str = ""

    def with_stack(self, stack: str) -> "HostedApp":
        """Set the stack."""
        self.stack = stack
        return self

    def release(self, description: str, commit: str) -> None:
        """Run a commit as the next version."""
        number = len(self.versions) + 1
        self.versions.append(
            {"version": number, "status": "succeeded", "description": description, "eligible_for_rollback": True}
            | {"id": f"id-{number}", "created_at": TIME, "user": {"email": "it@example.invalid"}, "current": True}
        )
        self.commits[number] = self.site.commit = commit
        if self.state == "crashed":
            self.state = "up"


class PlatformApi:
    """A Heroku on loopback."""

    def __init__(self, folder: Path, pem: Path) -> None:
        """Keep the apps' repositories below `folder`."""
        self.apps: dict[str, HostedApp] = {}
        self.taken: set[str] = set()
        """Names of somebody else's apps."""
        self.requests: list[str] = []
        self.crashing = False
        """Whether what is pushed crashes."""
        self.remote = GitRemote(folder, pem, KEY, self.pushed)
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                api.answer(self)

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - as the base class looks for them

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def create(self, name: str, stack: str = "container") -> HostedApp:
        """Make an app."""
        repository = self.remote.create(name)
        app = self.apps[name] = HostedApp(name, stack, Site(repository))
        app.web_url = app.site.address
        return app

    def pushed(self, name: str, commit: str) -> None:
        """Run what was pushed and built."""
        app = self.apps[name]
        app.release(f"Deploy {commit[:8]}", commit)
        if self.crashing:
            app.state, app.site.commit = "crashed", ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        path = urlsplit(request.path).path
        body = json.loads(request.rfile.read(int(request.headers.get("Content-Length", "0"))) or "{}")
        self.requests.append(f"{request.command} {path}")
        if path.startswith("/logs/"):
            self.stream(request, self.apps[path.removeprefix("/logs/")].site.log)
            return
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            status, said = 401, {"id": "unauthorized", "message": "Invalid credentials provided."}
        else:
            status, said = self.said(request.command, path, body)
        text = json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def stream(self, request: BaseHTTPRequestHandler, lines: list[str]) -> None:
        """Send a log as server-sent events, and end."""
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Connection", "close")
        request.end_headers()
        for line in lines:
            request.wfile.write(f"data: {line}\n\n".encode())
        request.close_connection = True

    def said(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Return status and answer."""
        if path == "/account":
            return 200, {"id": "me", "email": "it@example.invalid"}
        if (method, path) == ("POST", "/apps"):
            if body["name"] in self.taken or body["name"] in self.apps:
                return 422, {"id": "invalid_params", "message": f"Name {body['name']} is already taken"}
            return 201, self.of_app(self.create(body["name"], body["stack"]))
        match = re.fullmatch(r"/apps/([^/]+)(/.*)?", path)
        if not match or match[1] not in self.apps:
            if match and match[1] in self.taken:
                return 403, {"id": "forbidden", "message": f"You do not have access to the app {match[1]}."}
            return 404, {"id": "not_found", "message": "Couldn't find that app."}
        return self.below(self.apps[match[1]], method, match[2] or "", body)

    def below(self, app: HostedApp, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Answer for what is below an app."""
        answers: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", ""): lambda: self.of_app(app),
            ("PATCH", ""): lambda: self.of_app(app.with_stack(body["build_stack"])),
            ("DELETE", ""): lambda: self.of_app(self.apps.pop(app.name)),
            ("GET", "/dynos"): lambda: self.dynos(app),
            ("DELETE", "/dynos"): lambda: self.restart(app),
            ("PATCH", "/formation"): lambda: self.scale(app, int(body["updates"][0]["quantity"])),
            ("GET", "/releases"): lambda: app.versions[::-1],
            ("POST", "/releases"): lambda: self.roll_back(app, body["release"]),
            ("POST", "/log-sessions"): lambda: {"logplex_url": f"{self.address}/logs/{app.name}"},
        }
        if match := re.fullmatch(r"/releases/(\d+)", path):
            return 200, app.versions[int(match[1]) - 1]
        return 200, answers.get((method, path), list)()

    def of_app(self, app: HostedApp) -> dict[str, Any]:
        """Return an app as the API has it."""
        return {
            "id": f"id-of-{app.name}",
            "name": app.name,
            "git_url": f"https://{self.remote.host}/{app.name}.git",
            "web_url": app.web_url,
            "stack": {"id": "s", "name": app.stack},
            "build_stack": {"id": "s", "name": app.stack},
            "owner": {"id": "me", "email": "it@example.invalid"},
            "region": {"id": "r", "name": "us"},
            "generation": {"id": "g", "name": "cedar"},
            "create_status": "complete",
        }

    def dynos(self, app: HostedApp) -> list[dict[str, Any]]:
        """Return an app's web processes; there is none before the first push."""
        number = len(app.versions)
        shared = {"type": "web", "state": app.state, "size": "Basic", "command": "uvicorn", "updated_at": TIME}
        release = {"id": f"id-{number}", "version": number}
        return [shared | {"name": f"web.{n + 1}", "release": release} for n in range(app.quantity if number else 0)]

    def restart(self, app: HostedApp) -> list[Any]:
        """Start the web processes again."""
        app.state, app.site.commit = "up", app.commits[len(app.versions)]
        return []

    def scale(self, app: HostedApp, quantity: int) -> list[dict[str, Any]]:
        """Set how many web processes there are."""
        app.quantity = quantity
        app.site.commit = app.commits[len(app.versions)] if quantity else ""
        return [{"type": "web", "quantity": quantity, "size": "Basic"}]

    def roll_back(self, app: HostedApp, to: str) -> dict[str, Any]:
        """Run an earlier version as the next one."""
        number = int(to.removeprefix("id-"))
        app.release(f"Rollback to v{number}", app.commits[number])
        return app.versions[-1]

    def close(self) -> None:
        """End."""
        for app in self.apps.values():
            app.site.close()
        self.remote.close()
        self.server.shutdown()
        self.server.server_close()

"""A fake Heroku on a loopback port: the Platform API, uploads, logs, and the deployed apps.

It is written from Heroku's documentation, and holds every request against it (`tests.heroku.rules`): a request that
breaks a rule is refused and kept in `complaints`. Faults are put before it in the order in which they shall happen.
"""

import hashlib
import re
import sys
import threading
import uuid
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.heroku.handler import Handler, Problem
from tests.heroku.rules import tree_is_wrong
from tests.heroku.site import Site
from tests.heroku.state import KEY, App, Fault

NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]\Z")


class Fake(ThreadingHTTPServer):
    """The fake."""

    daemon_threads = True

    def __init__(self, repository: Path) -> None:
        """Serve on a free port; the commits that are deployed are those of `repository`."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.repository = repository
        self.key = KEY
        self.lock = threading.RLock()
        self.apps: dict[str, App] = {}
        self.foreign: set[str] = set()
        """Names of apps that are somebody else's; to GET they are forbidden unless `hidden`."""
        self.hidden = False
        self.uploads: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.faults: list[Fault] = []
        self.warning = ""
        self.build_log = "-----> Building\n       größer ☃ than before\n-----> Done\n"
        self.cuts: list[int] = []
        """Bytes of the build's log at which its connection is cut, once each."""
        self.reached = threading.Event()
        """Set when a build's log is asked for."""
        self.held: threading.Event | None = None
        """What a build's log waits for before it says anything."""
        self.builds_alone = False
        """Whether a build ends though nobody has read its log to the end."""
        self.broken_builds: set[str] = set()
        """Apps whose builds fail."""
        self.release_status = "succeeded"
        self.release_log = ""
        self.dyno_state = "up"
        self.names_releases = True
        """Whether a build says which release it became."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def address(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        """Stop, with all apps."""
        for app in self.apps.values():
            app.site.close()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the library's own
        """Complain of what went wrong here; a client may go away when it likes."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.complaints.append(repr(error))

    def made(self, request: str) -> int:
        """Return how often a request was made."""
        return self.requests.count(request)

    def app(self, name: str) -> App:
        """Return an app, as its owner may see it."""
        if name in self.foreign and not self.hidden:
            raise Problem(403, "forbidden", "You do not have access to the app.")
        if name not in self.apps:
            raise Problem(404, "not_found", "Couldn't find that app.")
        return self.apps[name]

    def create_app(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create an app, with its first release, which runs nothing."""
        name = body["name"]
        if not NAME.match(name):
            raise Problem(422, "invalid_params", "Name must start with a letter.")
        if name in self.apps or name in self.foreign:
            raise Problem(422, "invalid_params", f"Name {name} is already taken")
        app = App(name, body["stack"], Site(self.complaints.append, lambda line: self._log(name, line)))
        self.apps[name] = app
        self.release(app, "Initial release", None)
        return app.shown()

    def set_stack(self, name: str, stack: str) -> dict[str, Any]:
        """Set the stack of an app."""
        self.app(name).stack = stack
        return self.app(name).shown()

    def scale(self, name: str, updates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Set how many web dynos an app has."""
        self.app(name).web_dynos = updates[0]["quantity"]
        return updates

    def log_session(self, name: str, lines: int) -> dict[str, str]:
        """Name the address of an app's log."""
        return {"logplex_url": f"{self.address}/logs/{self.app(name).name}/{lines}"}

    def destroy_app(self, name: str) -> dict[str, Any]:
        """Destroy an app."""
        app = self.app(name)
        app.site.close()
        del self.apps[name]
        return app.shown()

    def create_source(self) -> dict[str, Any]:
        """Name a place to upload to; both addresses are signed."""
        place = str(uuid.uuid4())
        there = {verb: f"{self.address}/uploads/{place}?signature={verb}" for verb in ("get", "put")}
        return {"source_blob": {"get_url": there["get"], "put_url": there["put"]}}

    def create_build(self, name: str, blob: dict[str, str]) -> dict[str, Any]:
        """Begin a build of what was uploaded, which must be the branch's tree."""
        app = self.app(name)
        url = urlsplit(blob["url"])
        content = self.uploads.get(url.path.rpartition("/")[2])
        if content is None or url.query != "signature=get":
            raise Problem(422, "invalid_params", "There is nothing at the source's address.")
        if blob["checksum"] != f"SHA256:{hashlib.sha256(content).hexdigest()}":
            self.complaints.append(f"the checksum {blob['checksum']} is not that of what arrived")
            raise Problem(422, "invalid_params", "The checksum is wrong.")
        wrong = tree_is_wrong(content, blob["version"], self.repository)
        if wrong:
            self.complaints.append(wrong)
            raise Problem(422, "invalid_params", wrong)
        build: dict[str, Any] = {"id": str(uuid.uuid4()), "status": "pending", "source_blob": blob, "release": None}
        build["output_stream_url"] = f"{self.address}/streams/{name}/{build['id']}"
        app.builds.append(build)
        return build

    def build(self, name: str, build_id: str) -> dict[str, Any]:
        """Return a build."""
        if self.builds_alone:
            self.finish_build(name, build_id)
        return next(each for each in self.app(name).builds if each["id"] == build_id)

    def finish_build(self, name: str, build_id: str) -> None:
        """End a build: its log was read to the end."""
        app = self.apps[name]
        build = next(each for each in app.builds if each["id"] == build_id)
        if build["status"] != "pending":
            return
        if name in self.broken_builds:
            build["status"] = "failed"
            return
        build["status"] = "succeeded"
        place = urlsplit(build["source_blob"]["url"]).path.rpartition("/")[2]
        release = self.release(app, f"Deploy {build['source_blob']['version'][:8]}", self.uploads[place])
        if self.names_releases:
            build["release"] = {"id": release["id"]}

    def release(self, app: App, description: str, slug: bytes | None) -> dict[str, Any]:
        """Release a slug; one that fails does not run."""
        status = self.release_status if slug else "succeeded"
        release: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "version": len(app.releases) + 1,
            "status": status,
            "description": description,
            "output_stream_url": f"{self.address}/release-log" if self.release_log else None,
        }
        app.releases.append(release)
        if slug and status == "succeeded":
            app.slugs[release["id"]] = slug
            app.site.slug = slug
        return release

    def roll_back(self, name: str, release_id: str) -> dict[str, Any]:
        """Release again what an earlier release ran."""
        app = self.app(name)
        earlier = next((each for each in app.releases if each["id"] == release_id), None)
        if earlier is None or release_id not in app.slugs:
            raise Problem(422, "invalid_params", "Cannot roll back to that release.")
        return self.release(app, f"Rollback to v{earlier['version']}", app.slugs[release_id])

    def dynos(self, name: str) -> list[dict[str, Any]]:
        """Return the web dynos, on the latest release that succeeded, and a one-off dyno on an old one."""
        app = self.app(name)
        running = next(each for each in reversed(app.releases) if each["status"] != "failed")
        found = [
            {
                "name": f"web.{number}",
                "type": "web",
                "state": self.dyno_state,
                "release": {"id": running["id"], "version": running["version"]},
            }
            for number in range(1, app.web_dynos + 1)
        ]
        old = {"id": app.releases[0]["id"], "version": 1}
        return [*found, {"name": "run.1", "type": "run", "state": "up", "release": old}]

    def take_fault(self, method: str, path: str) -> Fault | None:
        """Return what shall go wrong with this request, and forget it."""
        for fault in self.faults:
            if fault.method == method and re.fullmatch(fault.path, path):
                self.faults.remove(fault)
                return fault
        return None

    def _log(self, name: str, line: str) -> None:
        """Add a line of the router's to an app's log."""
        self.apps[name].log.append(f"2026-11-22T15:04:06.000123+00:00 heroku[router]: {line}")

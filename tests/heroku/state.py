"""What the fake Heroku keeps of an app, and what may go wrong with a request."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.heroku.site import Site

KEY = "-".join(["HRKU", "recognisable", "0123456789abcdef"])
"""The key that the far side knows; whole it stands in no file, for tests that look for it."""


@dataclass
class App:
    """An app."""

    name: str
    stack: str
    site: Site
    releases: list[dict[str, Any]] = field(default_factory=list)
    builds: list[dict[str, Any]] = field(default_factory=list)
    slugs: dict[str, bytes] = field(default_factory=dict)
    """Release id → the archive that it runs."""
    log: list[str] = field(default_factory=list)
    web_dynos: int = 1

    def shown(self) -> dict[str, Any]:
        """Return the app as the API shows it."""
        stack = {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, self.stack)), "name": self.stack}
        return {"name": self.name, "web_url": self.site.address, "stack": stack, "build_stack": stack}


@dataclass
class Fault:
    """What goes wrong with a request, once."""

    method: str
    path: str
    """A regular expression for the whole path."""
    status: int = 0
    """The answer's status; 0: the connection is cut and there is no answer."""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    carried_out: bool = False
    """Whether the request is carried out nevertheless."""
    half: bool = False
    """Cut in the middle of the answer."""

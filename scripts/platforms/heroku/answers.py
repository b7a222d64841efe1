"""What Heroku answers, as records: of its fields those that are used here. And text of the far side, made harmless."""

import re
from typing import Literal

import msgspec

ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
"""What a terminal takes for a command (ECMA-48): control sequences, and the titles that OSC sets."""

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but the tab, and marks that turn the direction of what is shown."""


class Named(msgspec.Struct, frozen=True):
    """A reference by name."""

    name: str


class Identified(msgspec.Struct, frozen=True):
    """A reference by id."""

    id: str


class App(msgspec.Struct, frozen=True):
    """An app."""

    name: str
    web_url: str | None = None
    stack: Named | None = None
    """What its present release runs on."""
    build_stack: Named | None = None
    """What its next build is for."""

    @property
    def wanted_stack(self) -> str:
        """The name of the stack that the next release has."""
        stack = self.build_stack or self.stack
        return stack.name if stack else ""


class Blob(msgspec.Struct, frozen=True):
    """Where a source archive is brought, and where it is had then."""

    get_url: str
    put_url: str


class Source(msgspec.Struct, frozen=True):
    """A place for a source archive."""

    source_blob: Blob


class SourceOfBuild(msgspec.Struct, frozen=True):
    """What a build was made of."""

    url: str = ""
    version: str | None = None


class Build(msgspec.Struct, frozen=True):
    """A build."""

    id: str
    status: Literal["pending", "succeeded", "failed"]
    output_stream_url: str | None = None
    release: Identified | None = None
    """The release that it became; None before, and where Heroku does not say."""
    source_blob: SourceOfBuild = SourceOfBuild()


class Release(msgspec.Struct, frozen=True):
    """A release."""

    id: str
    version: int
    status: Literal["pending", "succeeded", "failed", "expired"]
    output_stream_url: str | None = None
    """The log of its release phase."""
    description: str | None = None
    """What it came from, in Heroku's words: `Rollback to v3`."""

    @property
    def label(self) -> str:
        """The release as Heroku's own tools write it."""
        return f"v{self.version}"


class ReleaseOfDyno(msgspec.Struct, frozen=True):
    """The release that a dyno runs."""

    id: str
    version: int


class Dyno(msgspec.Struct, frozen=True):
    """A dyno."""

    name: str
    type: str
    state: str
    release: ReleaseOfDyno


class Formation(msgspec.Struct, frozen=True):
    """How many dynos of a type there shall be."""

    type: str
    quantity: int


class LogSession(msgspec.Struct, frozen=True):
    """Where a log is to be read."""

    logplex_url: str


class Complaint(msgspec.Struct, frozen=True):
    """The body of an error; it may be missing, or no JSON at all."""

    id: str = ""
    message: str = ""
    url: str | None = None


def plain(text: str) -> str:
    """Return a line of the far side without what a terminal would act on."""
    return CONTROL.sub("", ESCAPE_SEQUENCE.sub("", text))

"""How long others support what a runtime stands on: the rules, and the records of common/support.toml. No I/O.

Dates are data, each with its source. What has ended is not always a fault: a container brings its own Python, so that
Python's end is a fact to know (`note`), not a thing to mend.
"""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

import msgspec

from scripts.runtimes import Runtime

SOON = timedelta(days=365)
"""How long before its end a support counts as ending soon: a new runtime needs new pins, verdicts and branches."""

COMPARED = timedelta(days=365)
"""How long the dates may stand without being compared with their sources: Python and Debian set new ones each year."""

CONTAINER = "container"

Source = Annotated[str, msgspec.Meta(pattern=r"^https://[^\s]+$")]
Minor = Annotated[str, msgspec.Meta(pattern=r"^3\.\d+$")]
Glibc = Annotated[str, msgspec.Meta(pattern=r"^2\.\d+$")]


class Level(enum.StrEnum):
    """How much a finding matters, from least to most."""

    OK = "ok"
    """As it should be."""
    NOTE = "note"
    """Not as one would wish, known, and nothing to do."""
    SOON = "soon"
    """Will need something done by a date."""
    UNKNOWN = "unknown"
    """It could not be found out."""
    GONE = "gone"
    """Needs something done now."""

    @property
    def pressing(self) -> bool:
        """Whether something needs doing now."""
        return self in (Level.UNKNOWN, Level.GONE)


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor found."""

    level: Level
    subject: str
    """What it is about: a runtime, or a compiled file."""
    text: str
    """What was found."""
    do: str = ""
    """What mends it."""
    until: date | None = None
    """The date that it is about."""
    source: str = ""
    """The address where the date is from."""
    lines: tuple[str, ...] = ()
    """What a tool said of it."""


class Pythons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ends of the Pythons' support by their own project."""

    source: Source
    until: dict[Minor, date]


class Buildpack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Pythons of Heroku's buildpack."""

    source: Source
    as_of: date
    """The date of the buildpack's release that this is true of."""
    supported: tuple[Minor, ...]
    deprecated: tuple[Minor, ...]


class System(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operating system: a Heroku stack, or the Debian of an image."""

    source: Source
    until: date | None = None
    """The last day of its support; None where no source names one."""
    glibc: Glibc = ""
    """Empty where nobody looked."""


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds of the platform as a whole, and ends on no day."""

    subject: str
    text: str
    source: Source


class Support(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """common/support.toml."""

    compared: date
    """When the dates were last compared with their sources."""
    pythons: Pythons
    buildpack: Buildpack
    stacks: dict[str, System]
    debians: dict[str, System]
    facts: tuple[Fact, ...] = ()


def debian_of(image: str) -> str:
    """Return the Debian that an image's tag ends with (`bookworm` of `python:3.8-slim-bookworm`), or nothing."""
    match = re.search(r":[^/]*-([a-z]+)(?:@|\Z)", image)
    return match[1] if match else ""


def system_of(runtime: Runtime, support: Support) -> System | None:
    """Return the operating system that a runtime's dynos have, or None where it is not known."""
    if runtime.stack == CONTAINER:
        return support.debians.get(debian_of(runtime.image))
    return support.stacks.get(runtime.stack)


def runtime_findings(runtime: Runtime, support: Support, today: date) -> Iterator[Finding]:
    """Yield what is to be said of a runtime's Python, and of its stack, on a day."""
    yield _upstream(runtime, support, today)
    if runtime.stack != CONTAINER:
        yield _buildpack(runtime, support)
    yield _system(runtime, support, today)


def staleness(support: Support, today: date) -> Iterator[Finding]:
    """Yield a finding when the dates themselves have not been looked at for long."""
    if today - support.compared > COMPARED:
        yield Finding(
            Level.SOON,
            "common/support.toml",
            f"its dates were last compared with their sources on {support.compared}",
            "Compare them again, and set `compared`",
        )


def _upstream(runtime: Runtime, support: Support, today: date) -> Finding:
    """Say how long the runtime's Python gets fixes from its own project."""
    until = support.pythons.until.get(runtime.python)
    if until is None:
        return _unlisted(runtime, f"Python {runtime.python}", "pythons")
    level = _level(until, today)
    text = f"Python {runtime.python} gets no fixes since {until}"
    do = ""
    if level is Level.GONE and runtime.stack == CONTAINER:
        level = Level.NOTE
        text += "; these releases need it, and the container brings it"
    elif level is Level.GONE:
        # The buildpack goes on with it for a while, and what it says counts.
        level, do = Level.SOON, _move(runtime)
    else:
        text = f"Python {runtime.python} gets fixes until {until}"
        do = _move(runtime) if level is Level.SOON and runtime.stack != CONTAINER else ""
    return Finding(level, runtime.name, text, do, until, support.pythons.source)


def _buildpack(runtime: Runtime, support: Support) -> Finding:
    """Say whether Heroku's buildpack has the runtime's Python."""
    known, python = support.buildpack, runtime.python
    as_of = f"(as of {known.as_of})"
    if python in known.supported:
        return Finding(Level.OK, runtime.name, f"Heroku's buildpack has Python {python} {as_of}", source=known.source)
    if python in known.deprecated:
        text = f"Heroku's buildpack has deprecated Python {python} {as_of}"
        return Finding(Level.SOON, runtime.name, text, _move(runtime), source=known.source)
    text = f"Heroku's buildpack has no Python {python} {as_of}"
    return Finding(Level.GONE, runtime.name, text, _move(runtime), source=known.source)


def _system(runtime: Runtime, support: Support, today: date) -> Finding:
    """Say how long the operating system of the runtime's dynos is supported."""
    container = runtime.stack == CONTAINER
    shown = f"Debian {debian_of(runtime.image)}" if container else f"Heroku's stack {runtime.stack}"
    system = system_of(runtime, support)
    if system is None:
        if container and not debian_of(runtime.image):
            text = f"the Debian in the image {runtime.image} is not known: its tag does not end with it"
            return Finding(Level.UNKNOWN, runtime.name, text, f"Name it in common/runtimes/{runtime.name}.toml")
        return _unlisted(runtime, shown, "debians" if container else "stacks")
    if system.until is None:
        text = f"{shown} is supported; no source names its end yet"
        return Finding(Level.NOTE, runtime.name, text, source=system.source)
    level = _level(system.until, today)
    if container:
        shown = f"container stack, which Heroku sets no end to; {shown} in its image"
    verb = "has had no support since" if level is Level.GONE else "is supported until"
    do = ""
    if level is not Level.OK:
        key = "image" if container else "stack"
        do = f"Take a newer {key} in common/runtimes/{runtime.name}.toml, then: make branches && make verify"
    return Finding(level, runtime.name, f"{shown} {verb} {system.until}", do, system.until, system.source)


def _level(until: date, today: date) -> Level:
    """Return how much the end of a support matters on a day; on its last day it still holds."""
    if today > until:
        return Level.GONE
    return Level.SOON if until - today <= SOON else Level.OK


def _unlisted(runtime: Runtime, what: str, table: str) -> Finding:
    """Return the finding about what common/support.toml does not have."""
    return Finding(
        Level.UNKNOWN,
        runtime.name,
        f"common/support.toml does not know {what}",
        f"Add it to [{table}], with its date from the source there",
    )


def _move(runtime: Runtime) -> str:
    """Return what to do about a Python whose support ends."""
    return f"Raise python in common/runtimes/{runtime.name}.toml, then: make pin && make branches && make verify"

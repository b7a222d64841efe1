"""How the verbs talk to the supervisor: the messages.

A client connects to the supervisor's UNIX socket, sends one request as one line of JSON, and reads one answer as one
line of JSON. A client that shuts its side down before the answer takes its request back: a boot under way is
cancelled, its dyno ended, and then the answer comes. `Request` and `Reply` below are all that there are.

.local/supervisor.json says where the socket is; it is there, whole, as long as the supervisor serves. The socket is
in a private folder of the system's temporary folder, because its path may have 108 bytes at most (unix(7)).
.local/running.json says what the supervisor runs. It outlives one that was not ended by `make down`, so that the next
command can tell what is missing, and the next deploy brings it back.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from scripts.errors import Failure
from scripts.platforms.local.places import Places
from scripts.platforms.platform import Deployment

CODE = Path(__file__).parents[2]
"""The tooling itself: the package `scripts`."""

SOCKET_FOLDER = "local-platform-"
"""How the name of the private folder of a socket begins."""

SOCKET_BYTES = 104
"""How long the path of a socket may be on every system, with the zero that ends it (unix(7); macOS: 104)."""

DEFAULT_PORT = 8344


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """What requests and answers share: the name of the class is in the field `type`."""


class Deploy(Message, frozen=True):
    """Boot a slug and route its app's host to it."""

    variant: str
    app: str
    host: str
    slug: str
    branch: str
    commit: str
    tree: str
    segment_bytes: int
    """The router's segment size from now on."""
    router: str
    """Which of Heroku's routers it is from now on."""

    @property
    def missing(self) -> Deployment:
        """What `make ps` shows of it where a supervisor that died ran it."""
        return Deployment(
            variant=self.variant,
            app=self.app,
            state="missing",
            address="",
            branch=self.branch,
            commit=self.commit,
            tree=self.tree,
            since=None,
        )


class Ps(Message, frozen=True):
    """List the deployments."""


class SetSegment(Message, frozen=True):
    """Send heads on in segments of another size from now on."""

    segment_bytes: Annotated[int, msgspec.Meta(ge=0)]


class Down(Message, frozen=True):
    """End the router and all dynos."""


class Booted(Message, frozen=True):
    """Answer to Deploy."""

    deployment: Deployment
    fresh: bool
    """False: this tree was up already, and nothing was done."""
    segment_before: int
    """The router's segment size until now."""
    router_before: str
    """Which of Heroku's routers it was until now."""
    log_trouble: str = ""
    """Why the app's log cannot be written."""


class FailedHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request that failed last, as its dyno got it."""

    variant: str
    tree: str
    """The tree that runs there now."""
    when: datetime
    request_id: str
    code: str
    desc: str
    broke: str
    """Which of its segments broke it, in words, as far as that is seen."""
    broke_at: int
    """The number of that segment; 0: it is not seen."""
    head: str
    """Its bytes, as Latin-1 has them."""
    segment_bytes: int
    """The size of the segments that it left in; 0: whole. Where each began, for a head of a megabyte, is too much."""


class Listed(Message, frozen=True):
    """Answer to Ps and SetSegment."""

    deployments: tuple[Deployment, ...]
    missing: tuple[Deploy, ...] = ()
    """What a supervisor that died ran, and nobody has deployed since."""
    trees: tuple[str, ...] = ()
    """The trees whose slugs are in use."""
    segment_bytes: int = 0
    """The router's segment size."""
    router: str = ""
    """Which of Heroku's routers it is."""
    failed: FailedHead | None = None
    router_lines: tuple[str, ...] = ()
    """The last lines that the router wrote to the logs of apps."""


class Ending(Message, frozen=True):
    """Answer to Down; the supervisor ends now, and frees its lock as the last thing."""


class Refused(Message, frozen=True):
    """Answer to any request that failed."""

    message: str
    lines: tuple[str, ...] = ()
    """The last lines of the log of the dyno that failed."""


class State(Message, frozen=True):
    """supervisor.json."""

    pid: int
    socket: str
    port: int
    code: str
    """Fingerprint of the code that it runs."""


class Running(Message, frozen=True):
    """running.json."""

    port: int
    segment_bytes: int
    deployments: tuple[Deploy, ...]
    ended: str = ""
    """Why the supervisor ended; empty as long as it runs, and where it could not say."""
    router: str = ""
    """Which of Heroku's routers it was, over all deployments; empty where an older supervisor did not say."""


Request = Deploy | Ps | SetSegment | Down
Reply = Booted | Listed | Ending | Refused

_REQUEST: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_REPLY: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)

M = TypeVar("M")

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)
"""What msgspec raises where bytes are no message: the second where they are no text inside a text."""


def encode(message: Message) -> bytes:
    """Return a message as its line."""
    return msgspec.json.encode(message) + b"\n"


def read_request(line: bytes) -> Request:
    """Return the request on a line; Failure when it is none."""
    return _read(_REQUEST, line)


def read_reply(line: bytes) -> Reply:
    """Return the reply on a line; Failure when it is none."""
    return _read(_REPLY, line)


def trouble(error: OSError) -> str:
    """Return what the system refused, and where, in a few words."""
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)


def fingerprint() -> str:
    """Return a digest of the tooling's code, which differs when a supervisor runs an older one.

    What is no file does not count, nor does what is taken away meanwhile: an editor's lock is a link to nowhere.
    """
    digest = hashlib.sha256()
    found = (Path(below, name) for below, _, names in os.walk(CODE) for name in names if name.endswith(".py"))
    for path in sorted(found):
        try:
            content = path.read_bytes() if path.is_file() else None  # a pipe would be waited for
        except FileNotFoundError:
            continue
        if content is not None:
            digest.update(b"%s\0%d\0" % (bytes(path.relative_to(CODE)), len(content)))
            digest.update(content)
    return digest.hexdigest()[:16]


def read_state(places: Places) -> State | None:
    """Return what supervisor.json says, which may be out of date; None where there is none, or a wrong one."""
    return _kept(places.state, State)


def read_running(places: Places) -> Running | None:
    """Return what running.json says; None where there is none, or a wrong one."""
    return _kept(places.running, Running)


def how_it_ended(places: Places, running: Running) -> str:
    """Return the line that says when and why the supervisor ended that ran `running`."""
    try:
        last = datetime.fromtimestamp(places.lock.stat().st_mtime, UTC)
    except FileNotFoundError:
        last = datetime.fromtimestamp(places.running.stat().st_mtime, UTC)
    why = running.ended or "it was killed, or the machine was restarted"
    return f"the local platform ended at {last:%Y-%m-%d %H:%M:%S} UTC, because {why}"


def clear_stale(places: Places) -> None:
    """Remove what a supervisor that was killed has left. None may be running."""
    stale = read_state(places)
    if stale and (folder := Path(stale.socket).parent).name.startswith(SOCKET_FOLDER):
        with suppress(OSError):
            Path(stale.socket).unlink(missing_ok=True)
            folder.rmdir()
    places.state.unlink(missing_ok=True)


def folder_for_socket() -> str:
    """Return the system's temporary folder, or /tmp where the path of a socket would be too long below it."""
    given = tempfile.gettempdir()
    longest = Path(given, f"{SOCKET_FOLDER}12345678", "socket")
    return given if len(os.fsencode(longest)) < SOCKET_BYTES else "/tmp"  # noqa: S108 - the folder in it is private


def forget(places: Places, state: State) -> None:
    """Remove supervisor.json, unless it is another supervisor's: .local/ may have been removed and made anew."""
    with suppress(OSError):
        if read_state(places) == state:
            places.state.unlink()


def _kept(path: Path, kind: type[M]) -> M | None:
    """Return the message that a file holds; None where there is no file, or a wrong one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError, *UNREADABLE):
        return None


def _read(decoder: "msgspec.json.Decoder[M]", line: bytes) -> M:
    """Decode a line that another process wrote, which may be of other code than this one."""
    try:
        return decoder.decode(line)
    except UNREADABLE as error:
        found = str(error)
    raise Failure("the local platform and this command do not understand each other", found=found, do="Run: make down")

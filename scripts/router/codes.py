"""The H-codes that the router gives to failed requests, and its log line, as Heroku's router writes them. Pure.

H13 and H18 differ in what the dyno had answered when it closed: nothing, or a part.
"""

import re
from dataclasses import dataclass, replace

LINE_UNSAFE = re.compile(r"[^\x21-\x7e]|[\"\\]")
QUOTED_UNSAFE = re.compile(r"[^\x20-\x7e]|[\"\\]")

FIELD_CHARACTERS = 4096
"""How much of a field a line shows; the form's redirect fits. What is left out is told, as `...[+904]`."""


@dataclass(frozen=True)
class Code:
    """One way in which a request fails."""

    name: str
    desc: str
    """Heroku's exact words."""
    sentence: str
    """What the error page says of it."""
    status: int = 503
    severity: str = "error"
    sock: str = ""
    """Which side's connection broke: `backend` is the dyno's, `client` the client's."""


CODES = {
    code.name: code
    for code in (
        Code("H10", "App crashed", "The app's process has exited, so there is nothing to answer requests."),
        Code("H12", "Request timeout", "The app took the request but did not begin to answer in time."),
        Code("H13", "Connection closed without response", "The app closed the connection without sending an answer."),
        Code("H14", "No web processes running", "This app has no web process running."),
        Code("H15", "Idle connection", "The app fell silent in the middle of a request and did not go on in time."),
        Code("H17", "Poorly formatted HTTP response", "What the app answered is not HTTP."),
        Code(
            "H18",
            "Server Request Interrupted",
            "The app closed the connection before its answer was complete.",
            sock="backend",
        ),
        Code("H19", "Backend connection timeout", "The app did not accept the connection in time."),
        Code("H20", "App boot timeout", "The app is still starting, and the request has waited as long as it may."),
        Code("H21", "Backend connection refused", "The app should be running, but it refuses connections."),
        Code("H25", "HTTP restriction", "The app's answer has something that the router does not pass on.", status=502),
        Code("H26", "Request Error", "The router cannot pass this request on.", status=400),
        Code(
            "H27",
            "Client Request Interrupted",
            "The client closed the connection before it had the whole answer.",
            status=499,
            severity="warning",
            sock="client",
        ),
        Code(
            "H28",
            "Client Connection Idle",
            "The client fell silent in the middle of a request and did not go on in time.",
            status=499,
            severity="warning",
        ),
        Code("H99", "Platform error", "The router itself failed. Its own log says where."),
    )
}


class RequestFailed(Exception):
    """A request that ends with an H-code: `cause` says more, `status` is the answer's."""

    def __init__(self, name: str, *, cause: str = "", restriction: str = "", status: int | None = None) -> None:
        """Fail with the code called `name`; its own status unless another is given. H25 names its `restriction`."""
        self.code = CODES[name]
        if restriction:
            self.code = replace(self.code, desc=f"{self.code.desc}: {restriction}")
        self.cause = cause
        self.status = status or self.code.status
        super().__init__(f"{name} {self.code.desc}")


@dataclass
class RequestLog:
    """What the log line says of one request; it is filled in as the request goes on.

    Times are whole milliseconds; None and "" are what was never known, as without a dyno.
    """

    method: str = ""
    path: str = ""
    host: str = ""
    request_id: str = ""
    fwd: str = ""
    """The X-Forwarded-For that the dyno gets."""
    dyno: str = ""
    connect: int | None = None
    service: int | None = None
    status: int | None = None
    received: int | None = None
    """Bytes that the dyno answered, its head included."""
    code: Code | None = None
    cause: str = ""
    head: bytes = b""
    """The head as the dyno got it, which the line does not show."""
    offsets: tuple[int, ...] = ()
    """Where it was split."""

    def fail(self, failure: RequestFailed) -> None:
        """Note how the request failed."""
        self.code, self.cause, self.status = failure.code, failure.cause, failure.status

    def line(self) -> str:
        """Return the log line: one line, whatever the request held."""
        fields = []
        if self.code and self.code.sock:
            fields.append(f"sock={self.code.sock}")
        fields.append(f"at={self.code.severity if self.code else 'info'}")
        if self.code:
            fields += [f"code={self.code.name}", f'desc="{self.code.desc}"']
            if self.cause:
                fields.append(f'cause="{quoted(self.cause)}"')
        return " ".join(
            (
                *fields,
                f"method={plain(self.method)}",
                f'path="{quoted(self.path)}"',
                f"host={plain(self.host)}",
                f"request_id={plain(self.request_id)}",
                f'fwd="{quoted(self.fwd)}"',
                f"dyno={plain(self.dyno)}",
                f"connect={_milliseconds(self.connect)}",
                f"service={_milliseconds(self.service)}",
                f"status={_number(self.status)}",
                f"bytes={_number(self.received)}",
                "protocol=http",
            )
        )


def plain(text: str) -> str:
    """Return `text` as it may stand in a field without quotes: no space, quote, backslash or control character."""
    return _bounded(LINE_UNSAFE, text)


def quoted(text: str) -> str:
    """Return `text` as it may stand between a field's quotes: no quote, backslash or control character."""
    return _bounded(QUOTED_UNSAFE, text)


def _bounded(unsafe: re.Pattern[str], text: str) -> str:
    """Return the beginning of `text`, escaped, and how many characters of it are left out."""
    safe = unsafe.sub(_escape, text[:FIELD_CHARACTERS])
    if len(text) <= FIELD_CHARACTERS and len(safe) <= FIELD_CHARACTERS:
        return safe
    whole, shown = [], 0
    for character in text[:FIELD_CHARACTERS]:
        escaped = unsafe.sub(_escape, character)
        if shown + len(escaped) > FIELD_CHARACTERS:
            break
        whole.append(escaped)
        shown += len(escaped)
    return f"{''.join(whole)}...[+{len(text) - len(whole)}]"


def _escape(match: re.Match[str]) -> str:
    """Write a character as an address would: the percent-coded bytes of its UTF-8."""
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogatepass"))


def _milliseconds(time: int | None) -> str:
    return "" if time is None else f"{time}ms"


def _number(number: int | None) -> str:
    return "" if number is None else str(number)

"""The Platform API: requests with the key, repeated where that is safe; and what lies outside it, without the key.

What reads or sets something to a value (GET, PUT, PATCH, DELETE) is repeated after a 429, a 5xx or a broken connection.
A POST is repeated after a 429, which refused it, and where it never left. Otherwise it may have been carried out:
`post` then looks first.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from scripts.errors import Failure
from scripts.platforms.heroku.answers import plain
from scripts.platforms.heroku.key import Account
from scripts.platforms.heroku.limits import Deadline, Limits
from scripts.platforms.heroku.refusals import REPEATABLE, refusal

log = logging.getLogger(__name__)

T = TypeVar("T")

ACCEPT = "application/vnd.heroku+json; version=3"

MOST_BYTES = 8_000_000
"""Size of an answer beyond which it is none of the API's."""

MOST_PAGES = 50
"""How many pages of a list are read; a page has up to 1,000 entries (Platform API, "Ranges")."""

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Errors before the first byte of a request."""

HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)
"""Errors that come again."""


class Unclear(Failure):
    """A POST that failed, and may have been carried out nevertheless."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: httpx.Headers
    body: bytes


class Api:
    """A connection to Heroku."""

    def __init__(self, account: Account, limits: Limits, inside: httpx.Client, outside: httpx.Client) -> None:
        """Use `connected` instead."""
        self._account = account
        self._inside = inside
        self._warned: set[str] = set()
        self.limits = limits
        self.outside = outside
        """The client for addresses that are not the API's: it does not have the key."""

    def get(self, path: str, kind: type[T]) -> T:
        """Return what is at a path; Refusal or Failure otherwise, as all of these methods do."""
        return _decoded(self._send("GET", path), kind, f"GET {path}")

    def all_of(
        self, path: str, kind: type[list[T]], order: Mapping[str, str] | None = None, *, pages: int = MOST_PAGES
    ) -> list[T]:
        """Return a list, page by page; `order` is the header that asks for it in an order."""
        found: list[T] = []
        headers = dict(order or {})
        for _ in range(pages):
            answer = self._send("GET", path, headers=headers)
            found += _decoded(answer, kind, f"GET {path}")
            if answer.status != httpx.codes.PARTIAL_CONTENT or "Next-Range" not in answer.headers:
                break
            headers["Range"] = answer.headers["Next-Range"]
        return found

    def patch(self, path: str, body: object, kind: type[T]) -> T:
        """Set values."""
        return _decoded(self._send("PATCH", path, body=body), kind, f"PATCH {path}")

    def delete(self, path: str) -> None:
        """Delete what is at a path."""
        self._send("DELETE", path)

    def post(self, path: str, body: object, kind: type[T], look: Callable[[], T | None]) -> T:
        """Make something; where it is unclear whether that was done, `look` for it, and repeat only where it is not."""
        deadline = Deadline(self.limits, self.limits.weather)
        for attempt in range(1, self.limits.tries + 1):
            try:
                return _decoded(self._send("POST", path, body=body), kind, f"POST {path}")
            except Unclear as failure:
                unclear = failure
            if not deadline.pause(self.limits.backoff * 2 ** (attempt - 1)):
                break
            log.info("POST %s: looking whether it was carried out", path)
            found = look()
            if found is not None:
                return found
        raise unclear

    def upload(self, address: str, content: bytes) -> None:
        """Bring a file to an address outside the API, whose signature allows no content type."""
        self._send("PUT", address, content=content, headers={"Content-Type": ""}, outside=True)

    def hide(self, text: str) -> str:
        """Return a line of the far side as it may be shown: without the key, and harmless to a terminal."""
        return plain(self._account.hide(text))

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        outside: bool = False,
    ) -> Answer:
        """Send a request until it is answered; Refusal for an error, Failure where there is no answer at all."""
        shown = f"{method} {urlsplit(path).hostname if outside else path}"
        sent = dict(headers or {})
        if body is not None:
            content = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"
        deadline = Deadline(self.limits, self.limits.weather)
        for attempt in range(1, self.limits.tries + 1):
            wait = self.limits.backoff * 2 ** (attempt - 1)
            failure: Failure
            try:
                answer = self._once(self.outside if outside else self._inside, method, path, content, sent)
            except (httpx.RequestError, httpx.InvalidURL) as error:
                found = self.hide(f"{type(error).__name__}: {error}".rstrip(": ."))
                failure = Failure("Heroku cannot be reached", found=f"{shown}: {found}", do="Is there a network?")
                unclear = not isinstance(error, NOT_SENT)
                again = not isinstance(error, (*HOPELESS, httpx.InvalidURL))
            else:
                self._tell(shown, answer)
                if httpx.codes.is_success(answer.status):
                    return answer
                said = self._account.hide(answer.body.decode("utf-8", "replace"))
                failure = refusal(answer.status, httpx.codes.get_reason_phrase(answer.status), said.encode(), shown)
                unclear = answer.status >= 500
                again = answer.status in REPEATABLE
                wait = max(wait, _retry_after(answer.headers))
            if unclear and method == "POST":
                raise Unclear(failure.message)
            if not again or attempt == self.limits.tries:
                break
            log.info("%s; again in %.0f s", failure.message, wait)
            if not deadline.pause(wait):
                break
        raise failure

    def _once(
        self, client: httpx.Client, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request once and return its whole answer, which has to come within its time and size."""
        end = time.monotonic() + self.limits.request
        body = bytearray()
        with client.stream(method, path, content=content, headers=headers) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if time.monotonic() > end:
                    raise httpx.ReadTimeout(f"the answer took longer than {self.limits.request:.0f} s")
                if len(body) > MOST_BYTES:
                    raise Failure(f"{method} {urlsplit(path).path} answers without end", do="Is HEROKU_HOST right?")
        return Answer(response.status_code, response.headers, bytes(body))

    def _tell(self, shown: str, answer: Answer) -> None:
        """Log an answer; what Heroku warns of is said once."""
        left = answer.headers.get("RateLimit-Remaining", "unknown")
        log.debug("%s: %d, requests left: %s", shown, answer.status, self.hide(left))
        warning = self.hide(answer.headers.get("X-Heroku-Warning", ""))
        if warning and warning not in self._warned:
            self._warned.add(warning)
            log.warning("Heroku warns: %s", warning)


@contextmanager
def connected(account: Account, limits: Limits | None = None) -> Iterator[Api]:
    """Yield a connection to Heroku; nothing is sent yet."""
    limits = limits or Limits()
    timeout = httpx.Timeout(limits.answer, connect=limits.connect)
    headers = {"Accept": ACCEPT, "Authorization": f"Bearer {account.key}"}
    context = httpx.create_ssl_context()
    with (
        httpx.Client(base_url=account.base, headers=headers, timeout=timeout, verify=context) as inside,
        httpx.Client(timeout=timeout, verify=context) as outside,
    ):
        yield Api(account, limits, inside, outside)


def _decoded(answer: Answer, kind: type[T], where: str) -> T:
    """Return an answer as a record."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{where}: the answer is not Heroku's", found=str(error), do="Is HEROKU_HOST right?") from None


def _retry_after(headers: httpx.Headers) -> float:
    """Return how many seconds the far side asks to wait: Retry-After has seconds or a date (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())

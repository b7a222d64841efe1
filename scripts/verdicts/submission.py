"""The original's own story, as a browser lives it: open the page, submit the form, follow the redirect."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

from scripts.errors import Failure
from scripts.platforms.about import LIMIT_SECONDS

SUBMISSIONS = 5
"""How often the form is submitted; the original asks for 3 to 5 times."""


@dataclass
class Form:
    """An HTML form with a textarea."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _FormReader(HTMLParser):
    """Collects the forms of a page with what a browser would submit of them unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", "")))
        elif tag == "textarea" and self.forms:
            self._textarea = values.get("name", "")
            self.forms[-1].fields[self._textarea] = ""
        elif tag == "input" and self.forms and values.get("name"):
            self.forms[-1].fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self.forms[-1].fields[self._textarea] += data


@contextmanager
def browser(address: str, host: str) -> Iterator[httpx.Client]:
    """Yield a client for the app at `address` (`http://127.0.0.1:8344`) that asks for `host`, past any proxy."""
    with httpx.Client(
        base_url=address,
        headers={"Host": host},
        timeout=LIMIT_SECONDS,
        trust_env=False,
        # A connection for each request: uvicorn 0.12.0 was seen to lose the body of a POST on a connection used before.
        limits=httpx.Limits(max_keepalive_connections=0),
    ) as client:
        yield client


def redirect_target(client: httpx.Client) -> str:
    """Open the page, submit its first form as it stands, and return where the answer redirects to: path and query.

    Failure where there is no such form or no redirect.
    """
    page = client.get("/")
    reader = _FormReader()
    reader.feed(page.text)
    if not reader.forms:
        raise Failure("the page has no form to submit", found=f"status {page.status_code} at {page.url}")
    form = reader.forms[0]
    answer = client.post(urljoin("/", form.action), data=form.fields)
    if not answer.is_redirect:
        raise Failure("the form does not redirect", found=f"status {answer.status_code} at {answer.url}")
    target = urlsplit(urljoin(str(answer.request.url), answer.headers["Location"]))
    return f"{target.path}?{target.query}" if target.query else target.path


def submit(client: httpx.Client) -> httpx.Response:
    """Submit the form and return the answer that the browser would show at the end."""
    return client.get(redirect_target(client))

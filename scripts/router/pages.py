"""The pages that the router itself answers with, rendered from error_page.html: they load nothing and escape all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path

import jinja2

from scripts.router.codes import RequestFailed
from scripts.router.segments import form_of
from scripts.wire.splitting import SEGMENT_BYTES

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Page:
    """An answer of the router's own."""

    status: int
    title: str
    sentence: str
    code: str = ""
    desc: str = ""
    cause: str = ""
    request_id: str = ""
    variant: str = ""
    """The app as the platform's commands know it."""
    back: str = "/"
    """Where the app begins."""
    home: str = ""
    """The address of the platform's own page, where there is one."""
    links: Sequence[str] = ()
    """Addresses that the router does know."""

    @property
    def reason(self) -> str:
        """The status's reason phrase."""
        return HTTPStatus(self.status).phrase

    def html(self) -> bytes:
        """Render the page."""
        return _template().render(page=self).encode()

    def headers(self, body: bytes) -> list[Header]:
        """Return the headers that go with the rendered `body`; nothing may store it, and it can load nothing."""
        return [
            (b"Content-Type", b"text/html; charset=utf-8"),
            (b"Content-Length", b"%d" % len(body)),
            (b"Cache-Control", b"no-cache, no-store"),
            (b"Content-Security-Policy", b"default-src 'none'; style-src 'unsafe-inline'"),
        ]


def failure(
    failed: RequestFailed,
    request_id: str,
    *,
    variant: str = "",
    broke: str = "",
    segment_bytes: int = SEGMENT_BYTES,
    home: str = "",
) -> Page:
    """Return the page of a failed request: the router's own refusals say so, the rest is an application error.

    `broke` says more of what happened, in the same sentence. The way back to a variant's form has the segment size that
    holds, `segment_bytes`, where the form takes it.
    """
    return Page(
        status=failed.status,
        title="Bad request" if failed.code.name == "H26" else "Application error",
        sentence=f"{failed.code.sentence.rstrip('.')}: {broke}." if broke else failed.code.sentence,
        code=failed.code.name,
        desc=failed.code.desc,
        cause=failed.cause,
        request_id=request_id,
        variant=variant,
        back=form_of(segment_bytes),
        home=home,
    )


def no_such_app(hosts: Iterable[str], port: int, *, home: str = "") -> Page:
    """Return the page for a host name that no app has, with the addresses of those that there are."""
    return Page(
        status=404,
        title="No such app",
        sentence="No app answers to this host name.",
        links=[f"http://{host}:{port}/" for host in sorted(hosts)],
        home=home,
    )


@cache
def _template() -> jinja2.Template:
    """Load the template once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("error_page.html")

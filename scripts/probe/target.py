"""What a probe is asked to measure: a URL as endpoint, Host field and target; and where its request is split."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from scripts.errors import WrongUse
from scripts.probe.cases import Case, of_request
from scripts.probe.endpoint import Endpoint
from scripts.wire.splitting import segment_offsets

PORTS = {"http": 80, "https": 443}

USERINFO = re.compile(r"//[^/?#]*@")


@dataclass(frozen=True)
class Target:
    """What is asked for, and of whom."""

    url: str
    """The URL as it may be shown."""
    endpoint: Endpoint
    authority: str
    """The value of the Host field (RFC 9112, section 3.2)."""
    path: str
    """The request's target in origin-form, byte for byte as it was given."""

    @property
    def given(self) -> str:
        """The target where the URL has one of its own: a case has another one else."""
        return "" if self.path == "/" else self.path


def parse_url(url: str) -> Target:
    """Return what a URL names: http, https, or `unix:/path/of/socket:/any?path`.

    WrongUse for what is none, and for what a request could only carry changed.
    """
    if not url:
        raise WrongUse("no URL to probe", do="Name one: URL=http://127.0.0.1:8000/any?path")
    shown = USERINFO.sub("//…@", url)
    if not url.isascii() or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        raise WrongUse(f"{shown!r} cannot be probed", found="it holds what no URL may", do="Percent-encode it")
    if "#" in url:
        raise WrongUse(f"{shown} cannot be probed", found="a fragment is never sent", do="Leave out #…")
    if url.startswith("unix:"):
        path, colon, target = url.removeprefix("unix:").partition(":")
        if not path or (colon and not target.startswith("/")):
            raise WrongUse(f"{shown} is no URL", do="Write unix:/path/of/socket:/any?path")
        return Target(shown, Endpoint(path=path), "localhost", target or "/")
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise WrongUse(f"{shown} is no URL", found=str(error)) from None
    wrong = ""
    if parts.scheme not in PORTS or not name:
        wrong = "the probe speaks HTTP/1.1, plain or by TLS, over TCP or a Unix socket"
    elif parts.username is not None:
        wrong = "it has a user, who would not be sent"
    elif "%" in parts.netloc:
        wrong = "a zone or an escape in the host is not sent"
    elif port == 0:
        wrong = "nothing listens on port 0"
    if wrong:
        do = "Use http://HOST:PORT/PATH, https://HOST:PORT/PATH or unix:/SOCKET:/PATH"
        raise WrongUse(f"{shown} cannot be probed", found=wrong, do=do)
    rest = url[url.index(parts.netloc) + len(parts.netloc) :]
    # The names below localhost are loopback's own (RFC 6761, section 6.3), though not every resolver knows them.
    host = "127.0.0.1" if name.endswith(".localhost") else name
    endpoint = Endpoint(host, port or PORTS[parts.scheme], tls=name if parts.scheme == "https" else "")
    return Target(shown, endpoint, parts.netloc, rest if rest.startswith("/") else f"/{rest}")


def requested(target: Target, *, host: str, method: str, headers: Sequence[str], body: str) -> Case:
    """Return the request that a user asks for, as a case: without more than the URL, the shortest GET.

    A body has its length. WrongUse where it is no request.
    """
    lines = [f"{method or ('POST' if body else 'GET')} {target.path} HTTP/1.1", f"Host: {host or target.authority}"]
    lines += headers
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    try:
        request = "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body.encode()
        return of_request(request)
    except ValueError as error:
        raise WrongUse("this request cannot be made", found=str(error)) from None


def plans(case: Case, offsets: str, segment: int | None) -> list[tuple[int, ...]]:
    """Return the offsets of each trial: the case's own, or those of one as asked for. WrongUse for none."""
    if offsets and segment is not None:
        raise WrongUse("OFFSETS and SEGMENT exclude each other")
    length = len(case.data)
    if segment is not None:
        if segment < 0:
            raise WrongUse(f"a segment cannot have {segment} bytes")
        plan = segment_offsets(length, segment)
        if not plan:
            raise WrongUse(f"SEGMENT={segment} leaves the request whole", found=f"it has {length} bytes")
        return [plan]
    if not offsets:
        return case.plans
    try:
        plan = tuple(sorted({int(word) for word in offsets.split(",")}))
    except ValueError:
        raise WrongUse(f"OFFSETS={offsets} is no list of offsets", do="Write numbers: OFFSETS=10,200") from None
    if not 1 <= plan[0] <= plan[-1] < length:
        raise WrongUse(f"OFFSETS={offsets} cannot be", found=f"this request has offsets from 1 to {length - 1}")
    return [plan]

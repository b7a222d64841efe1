"""Which releases a package has, as the index that the user's pip asks says it: the Simple API in JSON (PEP 691).

How the index is reached is pip's configuration (`scripts.pins.pip_settings`): address, with what it holds of
credentials, proxy and certificates. Of several indexes each is asked, and their files are taken together, as pip does.
"""

import asyncio
import logging
import os
import ssl
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import msgspec
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version
from pip._internal.models.index import PyPI

from scripts.errors import Failure
from scripts.pins import pip_settings

log = logging.getLogger(__name__)

LIMIT_SECONDS = 60.0
"""How long the whole answer may take: an index that sends a byte now and then is never silent."""

TIMEOUT_SECONDS = 15.0
"""How long the index may be silent, unless pip is told to wait less; pip's own default."""

TRIES = 3
"""How often a connection is tried."""

JSON = "application/vnd.pypi.simple.v1+json"
HTML = frozenset({"text/html", "application/vnd.pypi.simple.v1+html"})


@dataclass(frozen=True)
class Release:
    """What the package index says of a release."""

    version: Version
    uploaded: datetime | None
    """When the last of its files was uploaded; None where the index does not say so."""
    yanked: bool
    """Whether its makers took all of it back (PEP 592)."""
    requires_python: str
    """Its Requires-Python, empty for any."""
    wheel: bool
    """Whether it has a wheel that was not taken back."""

    @property
    def name(self) -> str:
        """The release as people write it."""
        return f"v{self.version}"


class Meta(msgspec.Struct, frozen=True):
    """What a page says of itself; another major version may mean anything."""

    version: Annotated[str, msgspec.Meta(pattern=r"^1\.[0-9]+$")] = msgspec.field(name="api-version")


class IndexFile(msgspec.Struct, frozen=True):
    """One file of a release (PEP 691, PEP 700)."""

    filename: str
    requires_python: str | None = msgspec.field(default=None, name="requires-python")
    yanked: bool | str = False
    """Whether it was taken back; its makers' words, where they gave some (PEP 592)."""
    uploaded: datetime | None = msgspec.field(default=None, name="upload-time")


class PackagePage(msgspec.Struct, frozen=True):
    """A package's page."""

    meta: Meta
    files: tuple[IndexFile, ...]


def releases(package: str, *, limit: float = LIMIT_SECONDS) -> list[Release]:
    """Return the releases of a package by its canonical name, the oldest first.

    `limit` is in seconds. Failure when the index is down or slow, or when what it answers is no list of releases.
    """
    try:
        files = asyncio.run(_files(package, pip_settings.read(), limit))
    except TimeoutError:
        found = f"no whole answer within {limit:g} s"
        raise Failure("the package index is too slow", found=found, do="Try again later") from None
    except httpx.TransportError as error:
        log.debug("%s: %s", package, error)
        found = f"{type(error).__name__} for {package}"
        raise Failure("the package index does not answer", found=found, do="Try again with a network") from None
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.debug("%s: %s", package, error)
        raise _unknown(package, f"the package index's answer makes no sense ({type(error).__name__})") from None
    listed = list(grouped(files))
    if not listed:
        do = "Is that an index? Look at what pip is told: pip config list"
        raise Failure(f"the package index lists no release of {package}", do=do)
    return listed


def grouped(files: Iterable[IndexFile]) -> Iterator[Release]:
    """Yield the releases that files belong to, the oldest first; a file whose name tells no version is left out."""
    by_version: dict[Version, list[IndexFile]] = defaultdict(list)
    for file in files:
        version = _version(file.filename)
        if version:
            by_version[version].append(file)
    for version, all_files in sorted(by_version.items()):
        valid = [file for file in all_files if not file.yanked] or all_files
        wheels = [file for file in valid if file.filename.endswith(".whl")]
        times = [file.uploaded for file in valid if file.uploaded]
        yield Release(
            version=version,
            uploaded=max(times) if len(times) == len(valid) else None,
            yanked=all(file.yanked for file in all_files),
            requires_python=(wheels or valid)[0].requires_python or "",
            wheel=bool(wheels),
        )


def _version(name: str) -> Version | None:
    """Return the version in a file's name (PyPA's file name formats), or None where there is none."""
    try:
        return parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


async def _files(package: str, settings: Mapping[str, str], limit: float) -> Iterable[IndexFile]:
    """Return a package's files on all indexes that pip asks; those of this machine alone are left out."""
    files: dict[str, IndexFile] = {}
    async with asyncio.timeout(limit):
        extra = pip_settings.public(settings.get("extra-index-url", ""))
        for address in [settings.get("index-url", PyPI.simple_url), *extra]:
            async with _client(settings, address) as client:
                answer = await _get(client, f"{address.rstrip('/')}/{package}/")
            for file in _page(package, answer).files if answer.status_code != httpx.codes.NOT_FOUND else ():
                files.setdefault(file.filename, file)
    return files.values()


async def _get(client: httpx.AsyncClient, address: str) -> httpx.Response:
    """Ask once, or again where nobody takes the connection."""
    for _ in range(TRIES - 1):
        try:
            return await client.get(address)
        except httpx.ConnectError as error:
            log.debug("%s", error)
    return await client.get(address)


def _page(package: str, answer: httpx.Response) -> PackagePage:
    """Return what an answer says; Failure where the index gave something else than JSON."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not answer.is_success:
        raise _unknown(package, f"the package index answered {answer.status_code} {answer.reason_phrase}")
    if kind in HTML:
        found = "the package index answers in HTML alone, not in JSON (PEP 691)"
        raise _unknown(package, found, "Name an index that does: PIP_INDEX_URL=…")
    if kind not in {JSON, "application/json"}:
        raise _unknown(package, f"the package index's answer makes no sense ({kind or 'of no kind'})")
    return msgspec.json.decode(answer.content, type=PackagePage)


def _unknown(package: str, found: str, do: str = "Try again later, or name another index: PIP_INDEX_URL=…") -> Failure:
    """Return the error about an index that did not say which releases there are."""
    return Failure(f"which releases {package} has is unknown", found=found, do=do)


def _client(settings: Mapping[str, str], address: str) -> httpx.AsyncClient:
    """Return a client that reaches an index as the user's pip does; Failure where a setting is no good."""
    try:
        return httpx.AsyncClient(
            headers={"Accept": f"{JSON}, text/html;q=0.01"},  # so that an index without JSON says what it is
            follow_redirects=True,
            timeout=_timeout(settings),
            verify=_trust(settings, address),
            proxy=pip_settings.proxy(settings) or None,
        )
    except (OSError, ValueError, ImportError) as error:  # ssl's errors are OSErrors, a proxy over SOCKS needs a package
        what = "the package index cannot be asked"
        raise Failure(what, found=str(error), do="Look at what pip is told: pip config list") from None


def _trust(settings: Mapping[str, str], address: str) -> ssl.SSLContext:
    """Return whose certificates count for an index."""
    parts = urlsplit(address)
    bundle = settings.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if {parts.hostname, parts.netloc.rpartition("@")[2]} & set(settings.get("trusted-host", "").split()):
        context = httpx.create_ssl_context(verify=False)
    elif bundle:
        is_folder = Path(bundle).is_dir()
        context = ssl.create_default_context(cafile=None if is_folder else bundle, capath=bundle if is_folder else None)
    else:
        context = httpx.create_ssl_context()
    if "client-cert" in settings:
        context.load_cert_chain(settings["client-cert"])
    return context


def _timeout(settings: Mapping[str, str]) -> float:
    """Return for how many seconds the index may be silent."""
    try:
        return min(TIMEOUT_SECONDS, max(0.1, float(settings.get("timeout", TIMEOUT_SECONDS))))
    except ValueError:
        return TIMEOUT_SECONDS

"""What the package index lists: every file of the packages that are asked for, over the Simple API (PEP 503, PEP 691).

The index is the one that the user's pip asks (`scripts.pins.pip_settings`); of several, each is asked and their files
are taken together, as pip does. Each package is asked for once, several at a time.
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pypi_simple
import requests
from requests.adapters import HTTPAdapter

from scripts.errors import Failure
from scripts.pins import pip_settings
from scripts.releases.pinned_files import IndexFile

log = logging.getLogger(__name__)

AT_ONCE = 8
"""How many packages are asked for at a time."""

TIMEOUT_SECONDS = 15.0
"""How long the index may be silent, unless pip is told to wait less; pip's own default."""

RETRIES = 2
"""How often a connection that cannot be made is tried again."""


class NoIndex(Failure):
    """The index does not answer at all."""


@dataclass
class Listing:
    """What the index said."""

    files: dict[str, tuple[IndexFile, ...]] = field(default_factory=dict)
    """The files of each package; none for a package that the index does not have."""
    unclear: dict[str, str] = field(default_factory=dict)
    """The packages of which the index gave no proper answer, and what it gave."""


def listing(packages: Iterable[str]) -> Listing:
    """Ask the index for packages by their canonical names.

    NoIndex as soon as one request finds nobody to answer: then the others would not either.
    """
    names = list(dict.fromkeys(packages))
    found = Listing()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client) for client in _clients(pip_settings.read())]
        # The first alone, so that a network that is not there is waited for once.
        for name in names[:1]:
            _note(found, name, _answer(clients, name))
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        try:
            for name, answer in zip(names[1:], pool.map(lambda name: _answer(clients, name), names[1:]), strict=True):
                _note(found, name, answer)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def _note(found: Listing, name: str, answer: tuple[IndexFile, ...] | str) -> None:
    """Put down what the index said of one package."""
    if isinstance(answer, str):
        found.unclear[name] = answer
    else:
        found.files[name] = answer


def _answer(clients: Iterable[pypi_simple.PyPISimple], name: str) -> tuple[IndexFile, ...] | str:
    """Return a package's files on all indexes, or what an index gave instead of a proper answer."""
    files: dict[str, IndexFile] = {}
    for client in clients:
        try:
            page = client.get_project_page(name, timeout=_timeout(pip_settings.read()))
        except pypi_simple.NoSuchProjectError:
            continue
        except (requests.ConnectionError, requests.Timeout) as error:
            log.debug("%s: %s", name, error)
            kind = type(error).__name__
            raise NoIndex(
                "the package index does not answer", found=f"{kind} for {name}", do="Try again with a network"
            ) from None
        except requests.HTTPError as error:
            return f"the package index answered: {error}".partition(" for url")[0]
        except (requests.RequestException, pypi_simple.UnsupportedRepoVersionError, ValueError) as error:
            # pydantic's and json's errors are ValueErrors; so is that about an unknown content type
            log.debug("%s: %s", name, error)
            return f"the package index's answer makes no sense ({type(error).__name__})"
        for package in page.packages:
            files.setdefault(package.filename, _file(package))
    return tuple(files.values())


def _timeout(settings: Mapping[str, str]) -> float:
    """Return for how many seconds the index may be silent."""
    try:
        return min(TIMEOUT_SECONDS, max(0.1, float(settings.get("timeout", TIMEOUT_SECONDS))))
    except ValueError:
        return TIMEOUT_SECONDS


def _file(package: pypi_simple.DistributionPackage) -> IndexFile:
    """Return one file as the rules take it."""
    return IndexFile(
        name=package.filename,
        sha256=package.digests.get("sha256", ""),
        requires_python=package.requires_python or "",
        yanked=bool(package.is_yanked),
        reason=package.yanked_reason or "",
        uploaded=package.upload_time,
    )


def _clients(settings: Mapping[str, str]) -> Iterator[pypi_simple.PyPISimple]:
    """Yield a client for each index that the user's pip asks; those of this machine alone are left out."""
    extra = settings.get("extra-index-url", "").split()
    public = [address for address in extra if address.startswith(("https://", "http://"))]
    for address in [settings.get("index-url", pypi_simple.PYPI_SIMPLE_ENDPOINT), *public]:
        yield pypi_simple.PyPISimple(address, session=_session(settings, address))


def _session(settings: Mapping[str, str], address: str) -> requests.Session:
    """Return a session that reaches an index as the user's pip does; threads may share it, as it gets no cookies."""
    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_maxsize=AT_ONCE, max_retries=RETRIES))
    session.mount("http://", HTTPAdapter(pool_maxsize=AT_ONCE, max_retries=RETRIES))
    parts = urlsplit(address)
    if {parts.hostname, parts.netloc.rpartition("@")[2]} & set(settings.get("trusted-host", "").split()):
        session.verify = False
    elif "cert" in settings:
        session.verify = settings["cert"]
    if "client-cert" in settings:
        session.cert = settings["client-cert"]
    if "proxy" in settings:
        session.proxies = dict.fromkeys(("http", "https"), settings["proxy"])
    return session

"""The user's pip configuration, said to pip itself and to uv.

Whoever needs a mirror, a proxy or a certificate of their own has told pip so, in PIP_* variables or pip.conf. uv reads
neither, and pip-compile writes more of them into its output than a published file should hold. Here both get what they
need to reach the package index. What is on this machine alone (a `file:` index) is left out: pins must not depend on
it, and uv, which takes a version from the first index that has it, would stop at another build of a pinned release.
Folders of wheels are given to uv, which takes from them only what has the right hash.
"""

import ast
import functools
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from scripts.process import run

SECTIONS = ("global", "install", ":env:")
"""The sections of pip's configuration that an installation reads; the later one wins (pip's documentation)."""

REACHING = ("index-url", "extra-index-url", "cert", "client-cert", "proxy", "trusted-host", "timeout", "retries")
"""The settings that say how an index is reached; all others are the user's own and change what is installed."""

RETRIES = "2"
"""How often pip asks again an index that does not answer: its own 5 take long to say that there is no network."""

FEWEST_RETRIES = "1"
"""pip says that the connection failed only when it asks again; otherwise a release merely seems to be missing."""

NO_SAY = (
    *("UV_VENV_SEED", "UV_SYSTEM_PYTHON", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE"),
    *("UV_CONFIG_FILE", "UV_RESOLUTION", "UV_PRERELEASE"),
)
"""The user's settings of uv under which an environment would not hold exactly what is pinned.

For the same reason uv reads no configuration file: how an index is reached is pip's configuration and UV_* variables.
"""

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def parse(listing: str) -> dict[str, str]:
    """Return the settings of an installation from the lines `section.key='value'` of `pip config list`."""
    values: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        name, equals, quoted = line.partition("=")
        section, _, key = name.rpartition(".")
        if equals and section in values:
            values[section][key.removeprefix("default-")] = str(ast.literal_eval(quoted))
    return {key: value for section in SECTIONS for key, value in values[section].items() if value}


def for_pip(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return the changes of `environ` after which a pip reaches the index as `settings` say, and knows nothing else."""
    changes: dict[str, str | None] = {name: None for name in environ if name.startswith("PIP_")}
    for key in REACHING:
        value = " ".join(public(settings[key])) if key == "extra-index-url" and key in settings else settings.get(key)
        if value:
            changes[f"PIP_{key.replace('-', '_').upper()}"] = value
    changes |= patience(settings)
    changes["PIP_CONFIG_FILE"] = os.devnull  # pip then reads no configuration file at all
    changes["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return changes


def patience(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the change of the environment after which pip gives up soon, but not without saying why."""
    retries = settings.get("retries", RETRIES)
    return {"PIP_RETRIES": FEWEST_RETRIES if retries == "0" else retries}


def for_uv(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make uv do as `settings` say, where `environ` does not tell uv so itself."""
    wanted: dict[str, str] = {}
    if not environ.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}:
        wanted["UV_DEFAULT_INDEX"] = settings.get("index-url", "")
    if not environ.keys() & {"UV_INDEX", "UV_EXTRA_INDEX_URL"}:
        extra = public(settings.get("extra-index-url", ""))
        wanted["UV_INDEX"] = " ".join(extra)
        # As pip does: any index may have the pinned release. Without hashes that lets one index shadow another's
        # packages: pins have theirs, and what the history installs by name is as pip would have it.
        wanted["UV_INDEX_STRATEGY"] = "unsafe-best-match" if extra else ""
    wanted["UV_FIND_LINKS"] = ",".join(_places(settings.get("find-links", "")))
    wanted["UV_INSECURE_HOST"] = " ".join(settings.get("trusted-host", "").split())
    wanted["UV_HTTP_TIMEOUT"] = settings.get("timeout", "").partition(".")[0]
    wanted["UV_HTTP_RETRIES"] = settings.get("retries", "")
    # What pip reads by its own library, and uv does not.
    certificates = settings.get("cert") or environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or ""
    wanted["SSL_CERT_DIR" if certificates and Path(certificates).is_dir() else "SSL_CERT_FILE"] = certificates
    wanted["SSL_CLIENT_CERT"] = settings.get("client-cert", "")
    if "proxy" in settings and not any(environ.get(form) for name in PROXIES for form in (name, name.lower())):
        wanted |= dict.fromkeys(PROXIES, proxy(settings))
    return {name: value for name, value in wanted.items() if value and not environ.get(name)}


def uv_environment(find_links: Path | None = None, *, python: str = sys.executable) -> dict[str, str | None]:
    """Return the changes of this process's environment under which uv is run, as the pip of `python` is configured.

    `find_links` is a folder of wheels that no index has.
    """
    env: dict[str, str | None] = {**for_uv(read(python), os.environ), **dict.fromkeys(NO_SAY)}
    if find_links:
        others = env.get("UV_FIND_LINKS") or os.environ.get("UV_FIND_LINKS")
        env["UV_FIND_LINKS"] = ",".join(filter(None, [as_place(find_links), others]))
    return env


@functools.cache
def read(python: str = sys.executable) -> Mapping[str, str]:
    """Return the settings of the pip of an interpreter; Failure when there is none."""
    listed = run(
        [python, "-I", "-m", "pip", "config", "list"],
        what="pip does not tell its configuration",
        do="Look at it: python -m pip config debug",
    )
    return parse(listed.text)


def public(addresses: str) -> list[str]:
    """Return those of several index addresses that other machines can ask too."""
    return [address for address in addresses.split() if address.startswith(("https://", "http://"))]


def proxy(settings: Mapping[str, str]) -> str:
    """Return the proxy as an address; empty where pip is told of none."""
    said = settings.get("proxy", "")
    return said if "://" in said or not said else f"http://{said}"


def _places(places: str) -> list[str]:
    """Return find-links as uv takes them: a folder that is not there is an error to uv, though not to pip."""
    found = []
    for place in places.split():
        if place.startswith(("https://", "http://")):
            found.append(place)
            continue
        path = Path(unquote(place.removeprefix("file://"))) if place.startswith("file:") else Path(place)
        if path.expanduser().is_dir():
            found.append(as_place(path.expanduser()))
    return found


def as_place(folder: Path) -> str:
    """Return a folder of wheels as an address in which no space and no comma separates."""
    return folder.resolve().as_uri()

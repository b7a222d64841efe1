"""Run by its path in a user's Python, 3.6 or later: prints which uvicorn that has, and what it would read HTTP with.

    python -E which_uvicorn.py PARSER …   (as `installed.BY_PATH` does it)

It imports nothing of this project's. Which parser is taken is asked of uvicorn itself, where it has a module for that
(since 0.3); else it is httptools where that can be imported.
"""

import json
import sys
from importlib import import_module
from importlib.util import find_spec


def distribution(name: str) -> "tuple[str, str, str]":
    """Return the version of a package, and two of the files that tell how it came there; empty where it is missing."""
    try:
        metadata = import_module("importlib.metadata")
    except ImportError:  # Python 3.7 and older
        module = import_module(name) if find_spec(name) else None
        return getattr(module, "__version__", ""), "", ""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return "", "", ""
    return found.version, (found.read_text("INSTALLER") or "").strip(), found.read_text("direct_url.json") or ""


def parser() -> str:
    """Return the parser that uvicorn takes unless it is told which."""
    try:
        protocol = import_module("uvicorn.protocols.http.auto").AutoHTTPProtocol
        return str(protocol.__module__).rpartition(".")[2].replace("_impl", "")
    except Exception:  # noqa: BLE001 - an old uvicorn may fail in any way in a new Python
        return "httptools" if find_spec("httptools") else "h11"


def main() -> None:
    """Print what is there, as one line of JSON."""
    spec = find_spec("uvicorn")
    version, installer, direct = distribution("uvicorn") if spec else ("", "", "")
    told = {
        "uvicorn": version,
        "parser": parser() if spec else "",
        "versions": {name: distribution(name)[0] for name in sys.argv[1:] if find_spec(name)},
        "place": (spec.origin or "") if spec else "",
        "installer": installer,
        "direct": bool(direct),
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()

"""What pip's messages mean. Pure: text in, plain words out."""

import re

NETWORK = re.compile(
    r"connection broken by|Max retries exceeded|NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out"
    r"|ProxyError|SSLError|Name or service not known|Temporary failure in name resolution"
)
NO_TRY_LEFT = re.compile(r"Retrying \(Retry\(total=0\b")
RELEASES = re.compile(r"Could not find a version that satisfies the requirement (\S+)[^\n]*?\(from versions: ([^)]*)\)")
IMPOSSIBLE = re.compile(r"ResolutionImpossible: \[([^\n]+)\]")
WISH = re.compile(r"requirement=\w+\('([^']+)'\), parent=(?:None|\w+\('(\S+?)[ '])")
CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED")


def no_network(said: str) -> str:
    """Return in plain words why pip could not reach the index, or nothing when it could."""
    releases = RELEASES.search(said)
    # Some index listed releases: then a broken connection counts only where no try was left.
    listed = releases is not None and releases[2] != "none"
    if not (NO_TRY_LEFT if listed else NETWORK).search(said):
        return ""
    if CERTIFICATE.search(said):
        return "the package index's certificate is not trusted (pip's setting `cert`)"
    return "no network, or the package index does not answer"


def no_release(said: str) -> str:
    """Return the requirement that no release satisfies, or nothing when that is not what pip said."""
    releases = RELEASES.search(said)
    return releases[1] if releases and not no_network(said) else ""


def conflict(said: str) -> str:
    """Return in plain words which requirements nothing satisfies at once, or nothing when that is not what pip said."""
    impossible = IMPOSSIBLE.search(said)
    if not impossible:
        return ""
    wishes = {
        f"{wish} (of {parent.rpartition('/')[2].partition('-py')[0]})" if parent else wish
        for wish, parent in WISH.findall(impossible[1])
    }
    return f"no releases fit together for {' and '.join(sorted(wishes))}"

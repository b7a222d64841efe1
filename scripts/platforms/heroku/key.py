"""Who the user is to Heroku: the API's address and the key. It is looked for before anything slow is even imported.

The key goes into the header of the API's requests and nowhere else: its record does not print it, and what the far
side says is shown with the key taken out (`hide`).
"""

import netrc
import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from scripts.errors import WrongUse

KEY_VARIABLE = "HEROKU_API_KEY"
HOST_VARIABLE = "HEROKU_HOST"
MACHINE = "api.heroku.com"
"""The entry of ~/.netrc that `heroku login` writes."""

KEY = re.compile(r"[\x21-\x7e]+\Z")
"""What may stand behind `Bearer` in a header (RFC 6750, section 2.1, allows less)."""

HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]{1,5})?\Z")

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

SHORTEST_HIDDEN = 8
"""A shorter key than this is none of Heroku's, and stands in too many words to be taken out of them."""


@dataclass(frozen=True, repr=False)
class Account:
    """The API's address, without a slash at its end, and the key."""

    base: str
    key: str

    def __repr__(self) -> str:
        """Leave out the key."""
        return f"Account({self.base!r})"

    def hide(self, text: str) -> str:
        """Return `text` without the key, should the far side repeat it."""
        return text.replace(self.key, "[key]") if len(self.key) >= SHORTEST_HIDDEN else text


def find_account() -> Account:
    """Return the account: the key of HEROKU_API_KEY, else of ~/.netrc; the address as HEROKU_HOST says.

    WrongUse where there is no key, or where one of the two could not be used; the key is not in the message.
    """
    base = _base()
    key = os.environ.get(KEY_VARIABLE) or _key_of_netrc()
    if not key:
        raise WrongUse(
            "there is no key for Heroku",
            found=f"neither {KEY_VARIABLE} nor ~/.netrc has one",
            do=f"Set {KEY_VARIABLE} or run: heroku login. Without an account, on this machine: make deploy VARIANT=…",
        )
    if not KEY.match(key):
        raise WrongUse(
            "the key for Heroku is no key",
            found="it has a space, a control character or one beyond ASCII",
            do=f"Set {KEY_VARIABLE} anew",
        )
    return Account(base, key)


def _base() -> str:
    """Return the API's address."""
    host = os.environ.get(HOST_VARIABLE) or "heroku.com"
    if not host.startswith("http"):
        if not HOST.match(host):
            raise WrongUse(f"{HOST_VARIABLE}={host!r} is no host name", do="Unset it, or give an address: https://…")
        return f"https://api.{host}"
    try:
        parts = urlsplit(host)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.query or parts.fragment or not KEY.match(host):
        raise WrongUse(f"{HOST_VARIABLE} is no address", do=f"Unset it, or give it as {HOST_VARIABLE}=https://…")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise WrongUse(f"{HOST_VARIABLE} would send the key unencrypted", do="Give an address with https://")
    return host.rstrip("/")


def _key_of_netrc() -> str:
    """Return the password of Heroku's machine in ~/.netrc, or nothing.

    The error of the library may quote what it could not read, so it is not passed on.
    """
    try:
        entry = netrc.netrc().hosts.get(MACHINE)
    except FileNotFoundError:
        return ""
    except netrc.NetrcParseError as error:
        found = (
            f"line {error.lineno} cannot be read" if error.lineno else "it cannot be read, or others can read it too"
        )
        raise WrongUse("~/.netrc is wrong", found=found, do=f"Mend it (chmod 600), or set {KEY_VARIABLE}") from None
    except (OSError, UnicodeDecodeError):
        raise WrongUse("~/.netrc cannot be read", do=f"Mend it, or set {KEY_VARIABLE}") from None
    return (entry[2] or "") if entry else ""

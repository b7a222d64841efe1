"""The names of the variants' apps: Heroku has one namespace for all its users, and 30 characters for a name."""

import hashlib
import re

from scripts.errors import WrongUse
from scripts.matrix import APP_NAME, Variant

LONGEST = 30
"""Characters of an app's name (Platform API, app.name)."""

DIGEST = 6
"""Characters of the digest that stands for what was left out: of eleven or of a hundred variants, no two share it."""

PREFIX = re.compile(r"[a-z](?:-?[a-z0-9]+)*\Z")


def checked(name: str, where: str) -> str:
    """Return a name that Heroku accepts; WrongUse says `where` another one stands."""
    if not APP_NAME.match(name):
        raise WrongUse(f"{where}={name!r} is no name of an app", found="it has 3 to 30 of a-z, 0-9, -")
    return name


def prefixed(prefix: str, variant: Variant) -> str:
    """Return PREFIX-VARIANT as an app's name, shortened where it is too long; WrongUse for a prefix that is none.

    The variant's own part stays whole as long as it can, with as much of the prefix as there is room for; a digest of
    the whole name then tells it from others that are shortened alike.
    """
    if not PREFIX.match(prefix):
        raise WrongUse(f"PREFIX={prefix!r} cannot begin an app's name", found="it has a-z, 0-9 and single dashes")
    own = variant.name.replace(".", "-")
    whole = f"{prefix}-{own}"
    if len(whole) <= LONGEST:
        return checked(whole, "PREFIX")
    digest = hashlib.sha256(whole.encode()).hexdigest()[:DIGEST]
    room = LONGEST - DIGEST - 1
    own = own[: room - 2].rstrip("-")  # a letter of the prefix, and its dash, begin the name in any case
    start = prefix[: room - 1 - len(own)].rstrip("-")
    return f"{start}-{own}-{digest}"

"""Where a variant was last deployed at Heroku: variants/<name>/deployment.json, from Heroku's own answers."""

from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from scripts.errors import Failure
from scripts.matrix import Variant
from scripts.records import read_if_there, write_record

DEPLOYMENT_FILE = "deployment.json"


class DeploymentRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept of a deployment."""

    app: str
    web_url: str
    """The app's own address, as Heroku gave it."""
    version: str
    """Heroku's number of what the push became (`v5`)."""
    commit: str
    tree: str
    """Commit and tree that were pushed."""
    time: str
    """When it was live (UTC, ISO 8601)."""

    def __post_init__(self) -> None:
        """Refuse an address that no link may lead to, and a time that is none."""
        try:
            web_address(self.web_url)
        except Failure as failure:
            raise ValueError(failure.message) from None
        try:
            is_time = self.since.tzinfo is not None
        except ValueError:
            is_time = False
        if not is_time:
            raise ValueError(f"the time is none with a zone: {self.time!r}")

    @property
    def since(self) -> datetime:
        """The time; the file keeps it as it was written, which no other form of it is."""
        return datetime.fromisoformat(self.time)


def web_address(given: str) -> str:
    """Return an app's address when it is one that a link may lead to, http or https; else Failure."""
    try:
        parts = urlsplit(given)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and given.isprintable()
    except ValueError:
        is_address = False
    if not is_address or " " in given:
        raise Failure("the app's address is none", found=repr(given))
    return given


def read_deployment(variant: Variant) -> DeploymentRecord | None:
    """Return where a variant was last deployed, or None where it never was; WrongUse for a broken file."""
    return read_if_there(variant.folder / DEPLOYMENT_FILE, DeploymentRecord, do="Deploy again, or remove it")


def write_deployment(variant: Variant, record: DeploymentRecord) -> None:
    """Write where a variant is deployed now, in one step."""
    write_record(variant.folder / DEPLOYMENT_FILE, record)


def forget_deployment(variant: Variant) -> None:
    """Remove what is written about a deployment that is no more."""
    (variant.folder / DEPLOYMENT_FILE).unlink(missing_ok=True)

"""Where a variant was last deployed: variants/<name>/deployment.json, written from the platform's own answer."""

import msgspec

from scripts.errors import WrongUse
from scripts.files import write_whole
from scripts.matrix import Variant

DEPLOYMENT_FILE = "deployment.json"


class Deployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One deployment."""

    app: str
    web_url: str
    """The app's own address, as the platform gave it."""
    release: str
    commit: str
    tree: str
    """Commit and tree that were deployed; empty after a rollback to what this clone does not have."""
    time: str
    """When it was live (UTC, ISO 8601)."""


def read_deployment(variant: Variant) -> Deployment | None:
    """Return where a variant was last deployed, or None where it never was; WrongUse for a broken file."""
    try:
        return msgspec.json.decode((variant.folder / DEPLOYMENT_FILE).read_bytes(), type=Deployment)
    except FileNotFoundError:
        return None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise WrongUse(
            f"variants/{variant.name}/{DEPLOYMENT_FILE} is wrong", found=str(error), do="Deploy again, or remove it"
        ) from None


def write_deployment(variant: Variant, deployment: Deployment) -> None:
    """Write where a variant is deployed now, in one step."""
    text = msgspec.json.format(msgspec.json.encode(deployment), indent=2)
    write_whole(variant.folder / DEPLOYMENT_FILE, text + b"\n")


def forget_deployment(variant: Variant) -> None:
    """Remove what is written about a deployment that is no more."""
    (variant.folder / DEPLOYMENT_FILE).unlink(missing_ok=True)

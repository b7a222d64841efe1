"""Where a variant was last deployed: variants/<name>/deployment.json, written from the platform's own answer."""

import msgspec

from scripts.errors import WrongUse
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

"""What a running app says of itself, at its /about.json (common/app/app.py)."""

import httpx
import msgspec

from scripts.errors import Failure
from scripts.matrix import Variant

PATH = "/about.json"

LIMIT_SECONDS = 35.0
"""Longer than the 30 s after which Heroku's router gives up (H12), so that its answer is seen."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What really answers, in its own words."""

    uvicorn: str
    http: str
    http_version: str
    python: str
    event_loop: str
    quart: str


class About(Server, frozen=True, forbid_unknown_fields=True):
    """The whole of /about.json."""

    variant: str

    @property
    def server(self) -> Server:
        """The part that does not come from the branch's own files."""
        return msgspec.convert(self, Server, from_attributes=True)


def read_about(answer: httpx.Response) -> About:
    """Return what an answer to /about.json says; Failure where it is none of such an app."""
    if not answer.is_success:
        raise Failure(f"{PATH} names no variant", found=f"status {answer.status_code}")
    try:
        return msgspec.json.decode(answer.content, type=About)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{PATH} names no variant", found=str(error)) from None


def ask(client: httpx.Client, web_url: str = "") -> About:
    """Return what the app at `web_url` (the client's base, else) says; raises what `read_about` and httpx raise."""
    return read_about(client.get(httpx.URL(web_url).join(PATH)))


def how_differs(web_url: str, variant: Variant) -> str:
    """Return how what answers at an address differs from a variant, in words, or nothing.

    /about.json names no tree. What it names is found out at run time: the variant, its uvicorn, and what reads HTTP.
    """
    try:
        with httpx.Client(timeout=LIMIT_SECONDS) as client:
            return differences(ask(client, web_url), variant)
    except (httpx.RequestError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: {error}"
    except Failure as failure:
        return failure.message


def differences(about: About, variant: Variant) -> str:
    """Return how an app is another than its variant, or nothing."""
    expected = {"variant": variant.name, "uvicorn": str(variant.requirement), "http": variant.http}
    found = {key: getattr(about, key) for key in expected}
    return ", ".join(f"{key} is {found[key]}, not {expected[key]}" for key in expected if found[key] != expected[key])

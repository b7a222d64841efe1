"""What a deployed app says of itself at its own address."""

from typing import Any

import httpx
import msgspec

from scripts.errors import Failure
from scripts.matrix import Variant


def facts(client: httpx.Client, web_url: str) -> dict[str, Any]:
    """Return the app's /about.json; Failure or httpx's own errors where there is none."""
    answer = client.get(httpx.URL(web_url).join("/about.json"))
    if not answer.is_success:
        raise Failure(f"status {answer.status_code}")
    return msgspec.json.decode(answer.content, type=dict[str, Any])


def differs(said: dict[str, Any], variant: Variant, *, whole: bool = True) -> str:
    """Return how an app's facts differ from its variant, or nothing; not `whole`: its name alone counts."""
    expected = {"variant": variant.name}
    if whole:
        expected |= {"uvicorn": str(variant.requirement), "http": variant.http}
    return ", ".join(f"{key} is {said.get(key)!r}" for key in expected if said.get(key) != expected[key])

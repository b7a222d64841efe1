"""The app on four servers: two environments, each with both HTTP parsers and, by the way, both event loops."""

from collections.abc import Iterator

import pytest

from tests.app.server import ENVIRONMENTS, Environment, Server, copy_app, uvicorn

VARIANT = "v9.8.7"
LOOPS = {"httptools": "uvloop", "h11": "asyncio"}


@pytest.fixture(scope="session", params=ENVIRONMENTS.values(), ids=list(ENVIRONMENTS))
def place(request: pytest.FixtureRequest) -> Environment:
    """Return each environment in turn."""
    environment: Environment = request.param
    return environment


@pytest.fixture(scope="session", params=list(LOOPS))
def server(
    place: Environment, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Run the app as the branch of a variant has it, on each environment with each HTTP parser."""
    folder = copy_app(tmp_path_factory.mktemp("a branch") / "its tree", variant=VARIANT)
    with uvicorn(place, folder, http=request.param, loop=LOOPS[request.param]) as running:
        yield running

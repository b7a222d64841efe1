"""The app on five servers: two environments, each with its HTTP parsers and, by the way, both event loops."""

from collections.abc import Iterator

import pytest

from tests.app.server import ENVIRONMENTS, Environment, Server, copy_app, uvicorn

VARIANT = "v9.8.7"
LOOPS = {"httptools": "uvloop", "h11": "asyncio", "zttp": "uvloop"}
PARSERS = {"of its time": ("httptools", "h11"), "current": ("httptools", "h11", "zttp")}
SERVERS = [(ENVIRONMENTS[name], parser) for name, parsers in PARSERS.items() for parser in parsers]


@pytest.fixture(scope="session", params=ENVIRONMENTS.values(), ids=list(ENVIRONMENTS))
def place(request: pytest.FixtureRequest) -> Environment:
    """Return each environment in turn."""
    environment: Environment = request.param
    return environment


@pytest.fixture(scope="session", params=SERVERS, ids=[f"{place.python} {parser}" for place, parser in SERVERS])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the app as the branch of a variant has it, on each environment with each of its HTTP parsers."""
    place, parser = request.param
    folder = copy_app(tmp_path_factory.mktemp("a branch") / "its tree", variant=VARIANT)
    with uvicorn(place, folder, http=parser, loop=LOOPS[parser]) as running:
        yield running

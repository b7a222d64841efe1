"""What the tests of the pins share: a copy of the checkout's inputs, and a place for what is costly to make."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.matrix import Matrix, load
from scripts.pins import pip_settings
from scripts.pins.environments import ready_environment
from scripts.pins.patched_wheel import patched_wheel

REPOSITORY = Path(__file__).parents[2]

INPUTS = (
    "common/project.toml",
    "common/runtimes/*",
    "scripts/requirements.*",
    "tests/requirements.*",
    "tests/app/current.*",
    "common/servers/*/requirements.*",
    "variants/*/variant.toml",
    "variants/*/requirements.*",
    "variants/*/patches/*.patch",
)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run share, for environments and fetched wheels."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared pins"
    for name in ("environments", "wheels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, shared: Path) -> Path:
    """Return a copy of what the pins are made from, in a folder with a space in its name."""
    root = tmp_path / "check out"
    for pattern in INPUTS:
        for path in REPOSITORY.glob(pattern):
            place = root / path.relative_to(REPOSITORY)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    (root / ".local").mkdir()
    for name in ("environments", "wheels"):
        (root / ".local" / name).symlink_to(shared / name)
    return root


@pytest.fixture
def matrix(checkout: Path) -> Matrix:
    """Return the matrix of the copy, as it stands before the test changes it."""
    return load(checkout)


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Let each test have pip's configuration read anew."""
    pip_settings.read.cache_clear()
    yield
    pip_settings.read.cache_clear()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Send pip and uv to a proxy that is not there: its port is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for name in ("PIP_PROXY", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        yield


@pytest.fixture(scope="session")
def released_environment(shared: Path) -> Path:
    """Return an environment with the pins of the released uvicorn 0.11.8."""
    return ready_environment(shared / "environments", "3.8", REPOSITORY / "variants/v0.11.8/requirements.txt")


@pytest.fixture(scope="session")
def patched_environment(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the pins of the patched variant, its wheel built here."""
    variant = load(REPOSITORY).one("patched")
    root = tmp_path_factory.mktemp("patched")
    (root / ".local").mkdir()
    (root / ".local/wheels").symlink_to(shared / "wheels")
    wheel = patched_wheel(root, variant)
    vendor = root / "vendor"
    vendor.mkdir()
    (vendor / wheel.name).write_bytes(wheel.content)
    lock = variant.folder / "requirements.txt"
    return ready_environment(shared / "environments", "3.8", lock, find_links=vendor)

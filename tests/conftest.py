"""What tests of several rooms share."""

import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

# No test asserts a time: on a busy machine an example, and making one, takes as long as it takes.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of whole clones: one of them at the end would keep the other processes waiting."""
    items.sort(key=lambda item: "tests/whole/" not in item.nodeid)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the chromium that the system has.

    It ends with the module: playwright's event loop would be in the way of other modules' own.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "there is no chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()

"""The site of the sample history, built once for a module's tests."""

from pathlib import Path

import pytest

from scripts.matrix import load
from scripts.report.site.material import Material, material
from scripts.report.site.parts import site_files
from tests.report.site.sample import PROJECT, sample


@pytest.fixture(scope="session")
def made_of() -> Material:
    """Return what the site is made of."""
    return material(load(PROJECT), sample())


@pytest.fixture(scope="session")
def files(made_of: Material) -> dict[str, str]:
    """Return all files of the site."""
    return site_files(made_of)


@pytest.fixture(scope="session")
def folder(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the site into a folder whose name has a space and a sign that addresses escape."""
    place = tmp_path_factory.mktemp("a site") / "50% done"
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, "utf-8")
    return place

"""The images of the container branches: each branch's own tree, built as it is and run as Heroku runs it."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from scripts.branches.git import export
from scripts.branches.tree import start_command
from scripts.matrix import Variant, load
from tests.branches.checkouts import PROJECT, new_checkout
from tests.containers.buildah import Buildah, WebProcess, buildah_in, web_process
from tests.containers.stand_in import write_context

GRACE_SECONDS = 30.0
"""How long Heroku waits between SIGTERM and SIGKILL."""

MOST_BYTES = 200e6
"""What an image may add to its base."""


@dataclass(frozen=True)
class Image:
    """The image of a variant's branch."""

    buildah: Buildah
    variant: Variant
    base: str
    """The name of its base image."""

    @property
    def name(self) -> str:
        """The image's name in the store."""
        return f"localhost/{self.variant.app}:latest"


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    """Provide a store of images."""
    with buildah_in(tmp_path_factory.mktemp("buildah")) as store:
        yield store


@pytest.fixture(scope="module")
def base(buildah: Buildah, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build the stand-in under the name that the Dockerfiles ask for, and return that."""
    runtime = load(PROJECT).one("v0.12.1").runtime
    context = tmp_path_factory.mktemp("stand-in")
    write_context(context, runtime.python)
    name = f"docker.io/library/{runtime.image}"
    buildah.build(context, "Containerfile", name)
    shutil.rmtree(context)
    return name


@pytest.fixture(scope="module", params=["v0.12.1", "patched"])
def image(
    buildah: Buildah, base: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Image:
    """Build the image of a variant's branch from the tree that git has of it."""
    checkout = new_checkout(tmp_path_factory.mktemp("checkout") / "it", drop=())
    if (PROJECT / ".local/wheels").is_dir():
        shutil.copytree(PROJECT / ".local/wheels", checkout.root / ".local/wheels")
    change = checkout.regenerate(request.param)[0]
    context = checkout.root.parent / "context"
    export(checkout.root, change.tree, context)
    image = Image(buildah, change.variant, base)
    buildah.build(context, "Dockerfile", image.name)
    return image


@pytest.fixture(scope="module")
def running(image: Image) -> Iterator[WebProcess]:
    """Run the image's web process."""
    with web_process(image.buildah, image.name) as process:
        yield process


def test_the_image_answers_on_httptools(image: Image, running: WebProcess) -> None:
    """The web process listens on $PORT and says that it is the variant, on the pinned uvicorn and httptools."""
    with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", trust_env=False) as client:
        page, about = client.get("/"), client.get("/about.json").json()
    assert page.status_code == 200
    assert "<form" in page.text
    assert about["variant"] == image.variant.name
    assert about["http"] == image.variant.http == "httptools"
    assert about["uvicorn"] == str(image.variant.requirement)
    assert about["python"].startswith(f"{image.variant.runtime.python}.")


def test_the_web_process_is_not_root(running: WebProcess) -> None:
    """No user id of the process is root's, on a machine where the test itself may be root."""
    assert 0 not in running.user_ids


def test_sigterm_stops_the_web_process(image: Image) -> None:
    """What Heroku sends before a restart reaches uvicorn, which shuts down and ends with code 0 in time."""
    with web_process(image.buildah, image.name) as process:
        os.kill(process.pid, signal.SIGTERM)
        said, _ = process.buildah.communicate(timeout=GRACE_SECONDS)
        assert process.buildah.returncode == 0, said
    assert "Application shutdown complete" in said


def test_the_image_is_small(image: Image) -> None:
    """The layer that the Dockerfile adds holds the pins and the app, no cache and no compiler."""
    base = image.buildah.size(image.base)
    assert 0 < image.buildah.size(image.name) - base < MOST_BYTES


def test_nothing_of_the_machine_is_in_the_images_environment(image: Image) -> None:
    """The image's variables are the base's and those of the Dockerfile."""
    base = image.buildah.config(image.base)["Env"]
    env = image.buildah.config(image.name)["Env"]
    assert sorted(env) == sorted([*base, "PORT=8000", "PYTHONUNBUFFERED=1"])


@pytest.mark.parametrize("image", ["v0.12.1"], indirect=True)
def test_heroku_yml_is_yaml(image: Image) -> None:
    """A YAML parser, which this variant's pins have, reads from the branch's file what was meant."""
    program = "import json, yaml; print(json.dumps(yaml.safe_load(open('heroku.yml'))))"
    container = image.buildah.container(image.name)
    said = image.buildah.run("run", "--isolation", "chroot", container, "--", "python", "-c", program)
    assert json.loads(said) == {
        "build": {"docker": {"web": "Dockerfile"}},
        "run": {"web": start_command(image.variant)},
    }

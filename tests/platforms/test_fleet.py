"""What becomes of a dyno that crashes, with a clock that waits for the test."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scripts.platforms.local.fleet import RESTART_SECONDS, Fleet
from scripts.platforms.local.messages import Deploy
from scripts.platforms.platform import Deployment
from scripts.router.router import Router
from tests.platforms.stage import plant_slug


class Clock:
    """Pauses that end when the test says so."""

    def __init__(self) -> None:
        """Begin without any."""
        self.asked: asyncio.Queue[float] = asyncio.Queue()
        self.over = asyncio.Semaphore(0)

    async def pause(self, seconds: float) -> None:
        """Wait for the test."""
        self.asked.put_nowait(seconds)
        await self.over.acquire()


class Scene:
    """A fleet with one deployment of the fake app."""

    def __init__(self, folder: Path) -> None:
        """Plant the slug."""
        self.slug = plant_slug(folder, "a" * 40, variant="v0.12.1")
        self.said: list[str] = []
        self.clock = Clock()
        router = Router(log=lambda *_: None)
        self.fleet = Fleet(router, lambda *words: self.said.append(words[2]), pause=self.clock.pause)

    def order(self, tree: str = "a" * 40) -> Deploy:
        """Return what is deployed."""
        return Deploy(
            variant="v0.12.1",
            app="app",
            host="app.localhost",
            slug=str(self.slug.folder),
            branch="b",
            commit="f" * 40,
            tree=tree,
            segment_bytes=1460,
            router="legacy",
        )

    @property
    def row(self) -> Deployment:
        """The one deployment."""
        (row,) = self.fleet.listed().deployments
        return row

    async def crash(self) -> float:
        """Kill the dyno, and return how long the fleet wants to wait."""
        assert self.row.pid
        os.kill(self.row.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            return await self.clock.asked.get()

    async def is_up_again(self) -> None:
        """End the pause, and wait until the dyno is up."""
        self.clock.over.release()
        async with asyncio.timeout(20):
            while self.row.state != "up":
                await asyncio.sleep(0.005)


def play(folder: Path, act: Callable[[Scene], Awaitable[None]]) -> None:
    """Deploy, do what a test does, and end all."""

    async def scene() -> None:
        played = Scene(folder)
        await played.fleet.deploy(played.order())
        try:
            await act(played)
        finally:
            await played.fleet.close()

    asyncio.run(scene())


def test_a_crashed_dyno_is_started_again_after_pauses_that_grow(tmp_path: Path) -> None:
    """At once the first time; the longest pause stays. The listing says how often."""

    async def act(scene: Scene) -> None:
        pauses = []
        for number in range(1, len(RESTART_SECONDS) + 2):
            pauses.append(await scene.crash())
            assert (scene.row.state, scene.row.pid) == ("crashed", None)
            await scene.is_up_again()
            assert scene.row.restarts == number
        assert pauses == [*RESTART_SECONDS, RESTART_SECONDS[-1]]
        assert pauses[:3] == [0, 20, 40]

    play(tmp_path, act)


def test_a_restart_that_fails_is_a_crash_too(tmp_path: Path) -> None:
    """The next pause is longer, and the next try may come up."""

    async def act(scene: Scene) -> None:
        procfile = scene.slug.folder / "Procfile"
        good = procfile.read_text()
        assert await scene.crash() == 0
        procfile.write_text("web: exec python app.py broken\n")
        scene.clock.over.release()
        async with asyncio.timeout(20):
            assert await scene.clock.asked.get() == 20
        assert scene.row.state == "crashed"
        procfile.write_text(good)
        await scene.is_up_again()
        assert scene.row.restarts == 2

    play(tmp_path, act)


@pytest.mark.parametrize("tree", ["a" * 40, "b" * 40])
def test_a_deploy_ends_the_wait_of_a_crashed_dyno(tmp_path: Path, tree: str) -> None:
    """What was crashed is not started beside it, and the count begins anew."""

    async def act(scene: Scene) -> None:
        await scene.crash()
        booted = await scene.fleet.deploy(scene.order(tree))
        assert booted.fresh
        before = scene.row
        scene.clock.over.release()
        await scene.crash()
        assert before.restarts == scene.row.restarts == 0
        assert sum("Starting process" in line for line in scene.said) == 2

    play(tmp_path, act)

"""Deploy several variants, as many at a time as their platform takes; one that fails does not stop the others."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial

from scripts import process
from scripts.branches.generate import BranchChange
from scripts.errors import Failure
from scripts.platforms.platform import Deployed, Platform, Say

Done = tuple[BranchChange, Deployed | Failure]


def deploy_all(platform: Platform, changes: Sequence[BranchChange], tell: Callable[[str, str], None]) -> Iterator[Done]:
    """Yield each change with what its deploy came to, as they end; `tell` gets a variant's name and what it does now.

    When this is interrupted, what the deploys run is ended first.
    """
    if platform.at_once == 1:
        for change in changes:
            yield _deployed(platform, change, partial(tell, change.variant.name))
        return
    pool = ThreadPoolExecutor(platform.at_once)
    try:
        work = [pool.submit(_deployed, platform, change, partial(tell, change.variant.name)) for change in changes]
        for future in as_completed(work):
            yield future.result()
    except BaseException:
        process.interrupt()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _deployed(platform: Platform, change: BranchChange, say: Say) -> Done:
    """Deploy one, and return what it came to."""
    try:
        return change, platform.deploy(change, say)
    except Failure as failure:
        return change, failure

"""How long things may take, and how often they are tried: every wait of this platform ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Time limits and paces, in seconds."""

    connect: float = 10.0
    answer: float = 30.0
    """Between two pieces of an answer."""
    request: float = 120.0
    """One request and its whole answer."""
    tries: int = 5
    """How often a request is sent that may be repeated, and how often a log is taken up again that brings nothing."""
    backoff: float = 1.0
    """The pause before the second try; it doubles each time."""
    weather: float = 300.0
    """All tries of one request together."""
    poll: float = 10.0
    """Between two looks at the state of something; Heroku asks for no less."""
    quiet: float = 60.0
    """How long a log may say nothing, heartbeats included, until it is taken up again."""
    build: float = 1800.0
    """A build; Heroku's own limit is 15 minutes, and builds may have to queue."""
    release: float = 900.0
    boot: float = 300.0
    """From the release to the last dyno that is up; a dyno that does not bind its port crashes after 60 s."""
    page: float = 120.0
    """From there to the app's own answer."""
    log: float = 30.0
    """How long the router's lines may take to reach the log."""
    sleep: Callable[[float], None] = time.sleep


class Deadline:
    """The end of a wait."""

    def __init__(self, limits: Limits, seconds: float) -> None:
        """Begin to wait for at most so many seconds."""
        self._sleep = limits.sleep
        self._end = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end

    def pause(self, seconds: float) -> bool:
        """Pause, and return True; return False at once where the time would be up then."""
        if time.monotonic() + seconds >= self._end:
            return False
        self._sleep(seconds)
        return True

"""How many exchanges may go on at once, and how long each may take. Pure."""

from dataclasses import dataclass

QUICK_SECONDS = 0.25
"""How long a whole request may take, its wait for its turn included, while ever more are asked at once."""


@dataclass(frozen=True)
class Times:
    """Time limits of an exchange, in seconds."""

    connect: float = 5.0
    read: float = 10.0
    """How long the server may take to read a segment."""
    answer: float = 5.0
    """How long the server may be silent once it has read the request: what has no answer by then hung."""
    quiet: float = 0.0
    """How long one that has read it may be silent while it answers a whole request that came later; 0: that proves
    nothing of this server. One event loop goes on with what it has read before it reads anew."""
    whole: float = 60.0
    """How long an exchange may take in all."""


ONE_LOOP = Times(quiet=0.15)
"""For a server of one event loop: what that has passed over for so long, it will not answer."""


@dataclass
class Window:
    """How many exchanges may go on at once. It grows while whole requests stay quick."""

    size: int = 4
    most: int = 128
    fixed: bool = False
    borne: int = 128
    """Up to here it grows by half, so that few are one too many at once; from here on it feels its way, by one."""

    def whole(self, seconds: float) -> None:
        """Take in how long a whole request took, the wait for its turn included."""
        if self.fixed:
            return
        if seconds < QUICK_SECONDS:
            step = self.size // 2 if self.size < self.borne else 1
            self.size = min(self.size + max(1, step), self.most)
        elif seconds > 2 * QUICK_SECONDS:
            self.size = max(1, self.size // 2)

    def shrink(self) -> None:
        """Go back: the server does not bear so many."""
        self.size = self.borne = max(1, self.size // 2)

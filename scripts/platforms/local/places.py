"""Where the local platform keeps its state: the files and folders below .local/.

Nothing but the standard library is imported here: where nothing runs, a look at these files is all that is needed.
"""

from pathlib import Path

LIVE_HOST = "localhost"
"""The host of the platform's own page."""

LIVE_APP = Path("common/live/app.py")

LIVE_NAME = "live"
"""What the log of the platform's own page is called, and what its app says that it is."""


class Places:
    """Where the local platform of a checkout keeps its state."""

    def __init__(self, root: Path) -> None:
        """`root` is the checkout; nothing needs to be there yet."""
        self.root = root.resolve()
        self.local = self.root / ".local"
        self.slugs = self.local / "slugs"
        self.logs = self.local / "logs"
        self.state = self.local / "supervisor.json"
        self.running = self.local / "running.json"
        self.output = self.local / "supervisor.log"
        self.lock = self.local / "supervisor.lock"
        """Held by the supervisor for its life; it holds its process id, and its time is the last sign of that life."""
        self.live = self.local / "live"
        """What the platform's own page starts from."""
        self.environments = self.local / "environments"
        self.turn = self.local / "supervisor.turn"
        """Held by a client while it starts or ends the supervisor."""

    @property
    def has_live_page(self) -> bool:
        """Whether this checkout has the platform's own page."""
        return (self.root / LIVE_APP).is_file()

    @property
    def are_idle(self) -> bool:
        """Whether no supervisor runs, and none that died has left anything."""
        return not self.state.exists() and not self.running.exists()

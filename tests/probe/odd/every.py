"""All odd servers by name."""

from tests.probe.odd import affected, asking, framing, moving, weather

SERVERS = {
    odd.name: odd for odd in (*moving.SERVERS, *framing.SERVERS, *asking.SERVERS, *weather.SERVERS, *affected.SERVERS)
}

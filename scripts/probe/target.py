"""What a probe is asked to measure: a URL as address, Host field and target, and where its head is split."""

from urllib.parse import urlsplit

from scripts.errors import WrongUse
from scripts.wire.receive_queue import Address
from scripts.wire.splitting import every_offset, segment_offsets


def parse_url(url: str) -> tuple[Address, str, str]:
    """Return the server's address, the Host field's value and the request's target; WrongUse for what is none."""
    if not url:
        raise WrongUse("no URL to probe", do="Name one: URL=http://127.0.0.1:8000/any?path")
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        # The names below localhost are loopback's own (RFC 6761, section 6.3), though not every resolver knows them.
        address = ("127.0.0.1" if name.endswith(".localhost") else name, parts.port or 80)
    except ValueError as error:
        raise WrongUse(f"{url} is no URL", found=str(error)) from None
    if parts.scheme != "http" or not parts.hostname or parts.username is not None:
        raise WrongUse(
            f"{url} cannot be probed",
            found="the probe speaks plain HTTP",
            do="Use http://HOST:PORT/PATH, without a user",
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return address, parts.netloc, target


def plans(head: bytes, offsets: str, segment: int | None) -> list[tuple[int, ...]]:
    """Return the offsets of each request: every offset, or one request as asked for."""
    if offsets and segment is not None:
        raise WrongUse("OFFSETS and SEGMENT exclude each other")
    if offsets:
        try:
            return [tuple(sorted({int(word) for word in offsets.split(",")}))]
        except ValueError:
            raise WrongUse(f"OFFSETS={offsets} is no list of offsets", do="Write numbers: OFFSETS=10,200") from None
    if segment is not None:
        plan = segment_offsets(len(head), segment)
        if not plan:
            raise WrongUse(f"SEGMENT={segment} leaves the request whole", found=f"its head has {len(head)} bytes")
        return [plan]
    return [(offset,) for offset in every_offset(head)]

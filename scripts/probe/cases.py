"""The requests that are split: the form's redirect, which is the original story, and one that can be misrouted."""

from scripts.wire.splitting import request_head

HOST = "x"
"""Host of the measured heads: the shortest one, so that their length does not depend on variant or port."""

MISROUTE_TARGET = "/view?next=/admin&story=0+1+2+3%20+http://evil/x"
"""A URL whose pieces can pass for URLs of their own: other paths, and one with another authority."""

FORM_TARGET = "/view?story=" + "+".join(str(number) for number in range(1000))
"""Where the form redirects to when it is submitted unchanged. A branch whose form does otherwise gets no verdict."""


def heads() -> dict[str, bytes]:
    """Return the two request heads that a verdict is measured on."""
    return {"form": request_head(FORM_TARGET, HOST), "misroute": request_head(MISROUTE_TARGET, HOST)}

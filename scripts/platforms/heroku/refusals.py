"""Heroku's refusals as errors of one line, by the API's own statuses and ids. Pure."""

import msgspec

from scripts.errors import Failure
from scripts.platforms.heroku.answers import Complaint, plain

LONGEST_MESSAGE = 300

MEANINGS = {
    401: ("Heroku does not accept the key", "Make a new one: heroku login, or set HEROKU_API_KEY"),
    402: ("Heroku wants a payment first", "Settle it on Heroku's dashboard, below Billing"),
    403: ("Heroku forbids this", "Is the key of the right account?"),
    404: ("Heroku does not know this", ""),
    422: ("Heroku refuses the values", ""),
    429: ("Heroku's rate limit is used up", "Wait a few minutes, then again"),
}
"""Status → what it means, and what to do."""

TWO_FACTOR = ("Heroku wants a second factor", "Make a key that needs none: heroku authorizations:create")

OUT_OF_ORDER = ("Heroku is out of order", "See https://status.heroku.com, then again")

REPEATABLE = frozenset({429, 500, 502, 503, 504})
"""Statuses that may be gone a moment later."""


class Refusal(Failure):
    """An answer that is an error: `status` of HTTP, `id` of Heroku's."""

    def __init__(self, status: int, complaint: Complaint, what: str, *, found: str, do: str) -> None:
        """Keep what callers tell refusals apart by."""
        super().__init__(what, found=found, do=do)
        self.status = status
        self.id = complaint.id
        self.said = complaint.message


def refusal(status: int, reason: str, body: bytes, where: str) -> Refusal:
    """Return the error for an answer to the request `where` (method and path)."""
    try:
        complaint = msgspec.json.decode(body, type=Complaint)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
        complaint = Complaint()
    if status == 403 and complaint.id == "two_factor":
        what, do = TWO_FACTOR
    elif status >= 500:
        what, do = OUT_OF_ORDER
    else:
        what, do = MEANINGS.get(status, ("Heroku refuses this", ""))
    said = plain(" ".join(complaint.message.split()))[:LONGEST_MESSAGE].rstrip(".")
    found = f"{status} {plain(complaint.id) or reason}" + (f": {said}" if said else "")
    if complaint.url and complaint.url.startswith("https://"):
        do = f"See {plain(complaint.url)}"
    return Refusal(status, complaint, what, found=f"{found} ({where})", do=do)

"""What Heroku's own network shows of the issue today: the form of a deployed app, submitted a few times.

variants/<name>/heroku.json has the outcome. It is no verdict: Heroku may send a request on whole, and then no server
shows the bug.
"""

import logging
import re
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Literal

import httpx
import msgspec

from scripts.errors import Failure, WrongUse
from scripts.matrix import Variant
from scripts.platforms.about import LIMIT_SECONDS, how_differs
from scripts.platforms.heroku import heroku_cli as cli
from scripts.platforms.heroku.deployment_file import DeploymentRecord, read_deployment
from scripts.platforms.heroku.heroku import newest_label, versions_of
from scripts.process import pause
from scripts.records import read_if_there, write_record
from scripts.verdicts.submission import SUBMISSIONS, submit

log = logging.getLogger(__name__)

HEROKU_FILE = "heroku.json"

LOG_LINES = "1500"
"""As many as Heroku keeps."""

LOG_LOOKS = 10
"""How often the log is looked into, which is a few seconds behind."""

END_OF_STORY = "998 999"
"""What the page of the submitted story holds, and no other page."""

ERROR_STATUSES = frozenset({502, 503})

CODES_OF_ISSUE = frozenset({"H13", "H18"})
"""The connection was closed without an answer, or in the middle of one."""

ROUTER_LINE = re.compile(r"heroku\[router\]: .*\bcode=(H\d\d)\b.*\brequest_id=(\S+)")

LOG_PAUSE = 2.0
"""Seconds between two looks."""


class HerokuRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of the submissions."""

    format: Literal[1] = 1
    shows_issue: bool
    """Whether a submission failed as the issue makes it fail."""
    submissions: int
    failed: int
    codes: dict[str, int] | None
    """How often the router logged each H-code for them; None where the log could not be had."""
    app: str
    web_url: str
    version: str
    """Heroku's number of what ran."""
    tree: str
    measured: str
    """Day of the measurement (UTC, ISO 8601)."""


def read_heroku(variant: Variant) -> HerokuRecord | None:
    """Return what Heroku showed of a variant, or None where it was never measured; WrongUse for a broken file."""
    do = f"Measure again: make verify TO=heroku VARIANT={variant.name}"
    return read_if_there(variant.folder / HEROKU_FILE, HerokuRecord, do=do)


def same_evidence(one: HerokuRecord, other: HerokuRecord) -> bool:
    """Say whether two records differ in the day alone."""
    return msgspec.structs.replace(one, measured="") == msgspec.structs.replace(other, measured="")


def write_heroku(variant: Variant, record: HerokuRecord) -> bool:
    """Write a variant's record where its evidence changed; return whether it did."""
    try:
        committed = read_heroku(variant)
    except WrongUse:
        committed = None
    if committed and same_evidence(committed, record):
        return False
    return write_record(variant.folder / HEROKU_FILE, record)


def in_short(record: HerokuRecord) -> str:
    """Return the outcome as a line: `Yes: 5 of 5 submissions failed (H13)`."""
    answer = "Yes" if record.shows_issue else "No"
    codes = f" ({', '.join(sorted(record.codes))})" if record.codes else ""
    return f"{answer}: {record.failed} of {record.submissions} submissions failed{codes}"


def measure(variant: Variant) -> HerokuRecord:
    """Submit the form of a variant's deployed app and return what became of it.

    WrongUse where the variant is not deployed; Failure where the app does not run what was deployed, or where an
    answer is neither the story nor the error page that the issue makes Heroku show.
    """
    known = read_deployment(variant)
    deploy_it = f"Deploy it: make deploy VARIANT={variant.name} TO=heroku"
    if known is None:
        raise WrongUse(f"{variant.name} is not deployed", do=deploy_it)
    newest = newest_label(versions_of(known.app)) or "nothing"
    if newest != known.version:
        found = f"it runs {newest}, not {known.version}"
        raise Failure(f"{known.app} was changed since it was deployed", found=found, do=deploy_it)
    if found := how_differs(known.web_url, variant):
        raise Failure(f"{known.web_url} does not answer as {variant.name}", found=found, do=deploy_it)
    ids, failed = _submit(variant, known)
    codes = _codes(known.app, ids, failed)
    if failed and codes is not None and not codes.keys() & CODES_OF_ISSUE:
        found = ", ".join(codes) or "the router's log has no line of theirs"
        raise Failure(f"{variant.name}: the submissions failed, but not as the issue makes them", found=found)
    return HerokuRecord(
        shows_issue=failed > 0,
        submissions=SUBMISSIONS,
        failed=failed,
        codes=codes,
        app=known.app,
        web_url=known.web_url,
        version=known.version,
        tree=known.tree,
        measured=datetime.now(UTC).date().isoformat(),
    )


def _submit(variant: Variant, known: DeploymentRecord) -> tuple[list[str], int]:
    """Submit the form SUBMISSIONS times; return the request ids and how many got an error page."""
    ids = []
    failed = 0
    # A connection for each request, as `scripts.verdicts.submission` has it.
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=known.web_url, timeout=LIMIT_SECONDS, limits=limits) as client:
        for _ in range(SUBMISSIONS):
            # Heroku's router logs the id that a client gives.
            ids.append(str(uuid.uuid4()))
            client.headers["X-Request-ID"] = ids[-1]
            try:
                answer = submit(client)
            except httpx.RequestError as error:
                found = f"{type(error).__name__}: {error}"
                raise Failure(f"{variant.name}: {known.web_url} cannot be reached", found=found) from None
            if answer.status_code in ERROR_STATUSES:
                failed += 1
            elif answer.status_code != httpx.codes.OK or END_OF_STORY not in answer.text:
                found = f"status {answer.status_code}"
                raise Failure(f"{variant.name}: the form got neither its story nor an error page", found=found)
    return ids, failed


def _codes(name: str, ids: list[str], failed: int) -> dict[str, int] | None:
    """Return the H-codes that the router logged for requests; wait for as many as failed. None: there is no log."""
    codes: dict[str, int] = {}
    for look in range(LOG_LOOKS):
        if look:
            pause(LOG_PAUSE)
        try:
            lines = cli.ask("logs", "--app", name, "--num", LOG_LINES).splitlines()
        except Failure as failure:
            log.warning("the H-codes are not known: %s", failure.message)
            return None
        logged = [match[1] for line in lines if (match := ROUTER_LINE.search(line)) and match[2] in ids]
        codes = dict(sorted(Counter(logged).items()))
        if len(logged) >= failed:
            break
    return codes

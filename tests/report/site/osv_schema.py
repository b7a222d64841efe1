"""OSV's published JSON schema, out of the wheel of OSV's own library in one version; it is kept below .local/wheels."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from packaging.version import Version

from scripts.pins.released_wheel import released_wheel

PROJECT = Path(__file__).resolve().parents[3]

VERSION = Version("0.0.22")
SHA256 = "95ed761d8f742dcf11ba8cd7e83ed6f945d5a6d45830fc6cf2cb4bf00bcc06ec"

SCHEMA = "osv/osv-schema/validation/schema.json"


def read_schema() -> Any:
    """Return the schema; only the wheel is fetched, none of what the library needs to run."""
    wheel = released_wheel(PROJECT, "osv", VERSION, SHA256)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return json.loads(archive.read(SCHEMA))

"""Pictures of pages, for people to look at: CI keeps them."""

from pathlib import Path

SHOTS = Path(__file__).resolve().parents[1] / ".local" / "screenshots"

WIDTHS = (390, 836, 1280)
"""The widths of a phone, a tablet and a desk's screen, in CSS pixels."""

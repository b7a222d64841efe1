"""Pins: what each variant installs, resolved by pip-tools, every line hashed."""

"""Platforms: where a branch's release runs."""

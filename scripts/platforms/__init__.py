"""Platforms: where a branch's tree runs."""

"""Branches: one Heroku-deployable git branch a variant, a pure function of its inputs."""

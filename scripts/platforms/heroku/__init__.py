"""Heroku: a branch is pushed to its app's git remote; the rest is asked of Heroku's own command-line interface."""

"""The platform Heroku, through its Platform API, version 3."""

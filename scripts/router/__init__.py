"""The router: a reverse proxy after Heroku's, which sends a request on to the dyno in segments."""

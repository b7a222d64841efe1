"""Other servers than uvicorn alone: each started with a bare app, and measured by the probe as releases are."""

"""Which uvicorn releases there are, which are new, and what of all that is pinned will rot."""
